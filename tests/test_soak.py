"""A harness that runs for hours: descriptors, processes, memory and temporary files stay flat.

`nox -s soak` lasts as long as FERRULE_SOAK says, in seconds; here it is a few rounds.
"""

from __future__ import annotations

import gc
import io
import os
import resource
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.guests import GuestOptions
from ferrule.machine.guest import Guest
from ferrule.payload.build import Payload, build_payload
from ferrule.payload.key import RunKey
from ferrule.report import history

from tests.support.places import FAULTS

SECONDS = float(os.environ.get("FERRULE_SOAK", "0"))
WARM, ROUNDS = 2, 4  # rounds before the first sample, and at least from there to the last
GROWTH = 24 << 20  # bytes of growth that a short run may show: an allocator keeps freed memory
SHORT = Budget(1, 2, 5, 1, 20, target_ns=20_000, limit_ns=50_000_000, name="soak")
KEYS = [RunKey(name) for name in ("null_call", "pipe_latency", "crash")]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@dataclass(frozen=True)
class Look:
    """The resources that this process holds."""

    descriptors: int
    children: int
    temporary: int
    memory: int

    @classmethod
    def now(cls, temporary: Path) -> Look:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        children = 0
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and f"\nPPid:\t{os.getpid()}\n" in (entry / "status").read_text():
                    children += 1
        descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the names are what matters
        return cls(descriptors, children, len(list(temporary.iterdir())), pages * resource.getpagesize())


def made() -> list[Guest]:
    found = [guests.create("local", GuestOptions())]
    if shutil.which("qemu-system-x86_64"):
        found.append(guests.create("floor", GuestOptions(accel="icount")))
    return found


def payload(guest: Guest) -> Payload:
    return build_payload(guest.os, guest.arch, extra_workloads=(FAULTS,) if guest.name == "local" else ())


def test_nothing_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    every = made()
    wanted = {guest.name: KEYS[:1] if guest.name == "floor" else KEYS for guest in every}
    ends, looks = time.monotonic() + SECONDS, []
    for number in range(1_000_000):
        progress = PlainProgress(io.StringIO())
        results = Campaign(every, wanted, payload, SHORT, number, progress).run()
        history.append(tmp_path / "results", [*results.values()], seed=number, budget="soak")
        assert results["local"].runs[KEYS[2]].status == "crashed"
        looks.append(Look.now(temporary))
        if number + 1 >= ROUNDS and time.monotonic() >= ends:
            break
    first, last = looks[WARM], looks[-1]
    print(f"{len(looks)} rounds: {first} -> {last}")
    assert (last.descriptors, last.children, last.temporary) == (first.descriptors, first.children, first.temporary)
    assert last.temporary == 0
    assert last.memory - first.memory < GROWTH, f"{len(looks)} rounds: {first} -> {last}"
