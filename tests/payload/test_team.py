"""Teams: members run at the same time, each with its own state; refused where a team has no meaning."""

from __future__ import annotations

import os
import re

import pytest
from ferrule import paths
from ferrule.errors import UsageError
from ferrule.payload import registry, selection
from ferrule.payload.key import RunKey

from tests.support.payload_runs import output_of, payload
from tests.support.places import WORKLOADS

MEET = WORKLOADS / "team"
CPUS = sorted(os.sched_getaffinity(0))
PINNED = f"pin=1\ncpus={','.join(map(str, CPUS[:2]))}\nbatches=3\nwarm=1\n"
two_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="needs two CPUs")


@two_cpus
@pytest.mark.parametrize("kind", ["threads", "procs"])
def test_two_do_it_at_once(kind: str) -> None:
    output = output_of(payload("x86_64", MEET), f"{PINNED}w meet n=20 {kind}=2\n")
    assert output.ends()["meet"].fields["status"] == "ok", output.ends()["meet"]
    (ready,) = output.of("meet", "ready")
    assert (ready.fields["team"], ready.fields[f"p.{kind}"]) == ("2", "2")
    assert output.ends()["meet"].fields["hist"] == "0", "no member can time one operation of all"


@pytest.mark.parametrize("asked", ["", " threads=1", " procs=1"])
def test_one_alone_meets_nobody(asked: str) -> None:
    end = output_of(payload("x86_64", MEET), f"batches=1\nw meet n=1{asked}\n").ends()["meet"]
    assert end.fields["status"] == "failed"


@two_cpus
def test_what_starts_processes_of_its_own_can_be_done_by_several() -> None:
    runs = "w context_switch threads=2 n=10\nw pipe_latency procs=2 n=10\nw page_fault threads=2\nw file_read procs=2\n"
    for name, end in output_of(payload(), PINNED + runs).ends().items():
        assert end.fields["status"] == "ok", (name, end)


@pytest.mark.parametrize(
    ("run", "seen"),
    [
        (f"null_call threads={len(CPUS) + 1}", "needs as many CPUs"),
        ("null_call procs=65", "threads= and procs= are 1..64"),
        ("null_call threads=-1", "threads= and procs= are 1..64"),
    ],
)
def test_what_cannot_scale_is_refused_by_name(run: str, seen: str) -> None:
    end = output_of(payload(), f"batches=1\nw {run}\n").ends()["null_call"].fields
    assert (end["status"], end["operation"], end["seen"]) == ("unsupported", "scale", seen)
    assert "error" not in end, "no kernel call failed"


@two_cpus
def test_threads_of_what_keeps_memory_outside_of_its_run_are_refused() -> None:
    end = output_of(payload(), f"{PINNED}w pipe_latency threads=2\n").ends()["pipe_latency"].fields
    assert end["status"] == "unsupported"
    assert "share memory" in end["seen"]
    with pytest.raises(UsageError, match="give procs=N"):
        selection.variants_of(registry.find("pipe_latency"), {"threads": 2}, ["same_core"])
    (key,) = selection.variants_of(registry.find("pipe_latency"), {"threads": 1}, ["same_core"])
    assert key == RunKey("pipe_latency", (("threads", 1),))


def test_a_parameter_of_that_name_means_what_the_workload_says() -> None:
    (key,) = selection.variants_of(registry.find("context_switch"), {"procs": 3, "threads": 2}, ["same_core"])
    assert dict(key.params) == {"procs": 3, "threads": 2}
    with pytest.raises(UsageError, match="threads=0 is not from 1 to 64"):
        selection.variants_of(registry.find("null_call"), {"threads": 0}, ["same_core"])
    with pytest.raises(UsageError, match="give one of threads and procs"):
        selection.variants_of(registry.find("null_call"), {"threads": 1, "procs": 1}, ["same_core"])


def test_whatever_keeps_memory_outside_of_struct_run_says_that_it_is_alone() -> None:
    """Writable static memory is shared by all threads of a team."""
    attribute = r"(?: __attribute__\(\(.*?\)\))?"
    kept = re.compile(rf"^static (?!const\b|inline\b)(?:[\w*]+ )+\**\w+(?:\[\w*\])*{attribute}(?: =|;)", re.MULTILINE)
    headers = {one.name: kept.search(one.read_text()) for one in (paths.guest() / "workloads").glob("*.h")}
    include = re.compile(r'#include "workloads/(\w+\.h)"')
    for name, row in registry.workloads().items():
        seen, left = set[str](), [row.path.read_text()]
        while left:
            for header in set(include.findall(left.pop())) - seen:
                seen.add(header)
                left.append((paths.guest() / "workloads" / header).read_text())
        held = kept.search(row.path.read_text()) or next((headers[one] for one in sorted(seen) if headers[one]), None)
        assert held is None or row.alone, f"{name} keeps {held[0] if held else ''}: set .alone = 1 in its row"
