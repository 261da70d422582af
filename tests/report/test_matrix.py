"""The compatibility matrix: a verdict a workload and guest, its counts, and its way through storage to a page."""

from __future__ import annotations

import errno
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ferrule.campaign.budget import VERIFY
from ferrule.payload.key import RunKey
from ferrule.records.errnos import NAMES, errno_text
from ferrule.records.samples import WITHOUT, GuestResult, RunResult, Status
from ferrule.report import history, matrix, verified
from ferrule.report.columns import Column, Entry, columns
from ferrule.report.publish import publish
from ferrule.report.verdicts import count_line, tally, verdicts
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.support.places import METRICS

MOMENT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
STATUSES: tuple[Status, ...] = ("ok", *WITHOUT, "wrong", "failed", "crashed", "hung", "lost", "missing")
CROSS = RunResult(RunKey("pipe_latency", place="cross_core"), "unsupported", "cross_core: needs two different CPUs")


def run(workload: str, status: Status = "ok", reason: str = "", size: int | None = None) -> RunResult:
    return RunResult(RunKey(workload, (("size", size),) if size is not None else ()), status, reason)


def guests() -> list[GuestResult]:
    """Every verdict there is, on three guests; one of them sent no record."""
    linux = make.guest(
        [
            *(run(name) for name in ("null_call", "page_fault", "process_create", "pipe_latency", "empty_loop")),
            CROSS,
            run("scheme_call", "unsupported", "os_scheme_call: errno 38"),
            run("semaphore_pingpong", "not_ported", "os_semaphore_make"),
            run("block_wakeup", "absent", "os_main_thread"),
            run("context_switch", size=0),
            run("context_switch", "unsupported", "os_process_start: errno 12", size=16),
        ],
        "linux",
    )
    aero = make.guest(
        [
            run("null_call"),
            run("page_fault", "wrong", "the page was not zero"),
            run("process_create", "crashed", "aero: kernel panic (panicked at) during process_create"),
            run("pipe_latency", "hung", "aero: no record for 12 s during pipe_latency"),
            CROSS,
            run("scheme_call", "unsupported", "os_scheme_call: errno 999"),
            run("context_switch", "failed", "operations that went wrong: 3", size=0),
            run("context_switch", "lost", "records lost or corrupted", size=16),
            run("empty_loop"),
        ],
        "aero",
        os="aero",
    )
    aero.errors.append("aero: kernel panic (panicked at) during process_create\n    | tail")
    silent = GuestResult("redox", None, {key: RunResult(key, "missing", "no boot") for key in linux.runs})
    return [linux, aero, silent]


def test_the_matrix_is_as_it_was_agreed() -> None:
    golden = Path(__file__).parent / "golden" / "matrix.txt"
    assert matrix.render(guests(), seed=5, declared=make.DECLARED) + "\n" == golden.read_text()


def test_the_page_says_the_same(tmp_path: Path) -> None:
    page = matrix.markdown("machine", columns(guests(), make.DECLARED))
    text = matrix.render(guests(), seed=5, declared=make.DECLARED)
    for cell in ("unsupported ENOSYS 38 (", "unsupported errno 999 (", "wrong (", "hung (", "crashed (", "missing ("):
        assert cell in text
        assert cell in page
    assert "- linux: works 5 of 8, unsupported 1, not ported 1, does not exist 1" in page
    assert "- aero: works 1 of 6, unsupported 1, wrong 1, failed 1, crashed 1, hung 1" in page


def test_a_placement_without_cpus_costs_no_verdict() -> None:
    (linux, aero, _) = columns(guests(), make.DECLARED)
    by_name = {one.workload: one for one in verdicts(linux)}
    assert (by_name["pipe_latency"].verdict, by_name["pipe_latency"].reason) == ("works", CROSS.reason)
    assert by_name["context_switch"].reason == "context_switch[size=16]: os_process_start: errno 12"
    assert {one.workload: one.verdict for one in verdicts(aero)}["pipe_latency"] == "hung"


def test_a_refusal_with_an_errno_stands_for_one_without() -> None:
    none = RunResult(RunKey("pipe_latency"), "unsupported", "os_pipe: errno 38")
    (one,) = verdicts(columns([make.guest([CROSS, none])], make.DECLARED)[0])
    assert str(one) == "unsupported ENOSYS 38"
    assert one.reason == "os_pipe: errno 38"


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.text(max_size=20)), min_size=1, max_size=6))
def test_a_verdict_hides_nothing_that_went_wrong(runs: list[tuple[Status, str]]) -> None:
    entries = [Entry(RunKey("x", (("i", i),)), "f", False, *one, None) for i, one in enumerate(runs)]
    column = Column("g", None, 1, tuple(entries))
    (found,) = verdicts(column)
    came = {status for status, _ in runs}
    grave = came - {"ok", *WITHOUT}
    assert (found.verdict == "works") == ("ok" in came and not grave)
    assert found.verdict in grave or not grave
    assert bool(found.reason) == (came != {"ok"})
    assert sum(tally([found]).values()) == 1
    assert count_line("g", [found]).startswith(f"g: works {int(found.verdict == 'works')} of 1")


def test_controls_are_shown_and_not_counted() -> None:
    (column, *_) = columns(guests(), make.DECLARED)
    found = verdicts(column)
    assert found[-1].control
    assert sum(tally(found).values()) == len(found) - 1


@pytest.mark.skipif(sys.platform != "linux", reason="other hosts number their errors differently")
def test_errors_are_called_what_the_host_calls_them() -> None:
    for number, name in NAMES.items():
        assert getattr(errno, name, number) == number
    assert set(errno.errorcode) - set(NAMES) == set()
    assert (errno_text(38), errno_text(41)) == ("ENOSYS 38", "errno 41")


def test_verifications_are_stored_beside_the_history_and_read_back(tmp_path: Path) -> None:
    assert VERIFY.name == verified.BUDGET
    home = verified.append(tmp_path, guests(), seed=5, declared=make.DECLARED, moment=MOMENT)
    assert home.parent.parent == tmp_path / "2026"
    assert history.load(tmp_path) == []
    stored = {one.column.guest: one.column for one in verified.load(tmp_path)}
    assert [stored[one.guest] for one in guests()] == columns(guests(), make.DECLARED)
    line = json.loads((home / "linux.jsonl").read_text())
    assert line["counts"] == {"works": 5, "unsupported": 1, "not_ported": 1, "absent": 1}
    assert line["verdicts"]["scheme_call"] == {
        "verdict": "unsupported",
        "errno": 38,
        "reason": "os_scheme_call: errno 38",
    }


def test_metrics_explains_every_key(tmp_path: Path) -> None:
    explained = METRICS.read_text()
    home = verified.append(tmp_path, guests(), seed=5, declared=make.DECLARED, moment=MOMENT)
    line = json.loads((home / "linux.jsonl").read_text())
    keys = {*line, *line["verdicts"]["null_call"]}
    assert [key for key in sorted(keys) if f"\n{key}:" not in explained and f"\n  {key}:" not in explained] == []


def test_the_latest_matrix_is_published_and_always_in_the_same_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    verified.append(folder, guests(), seed=5, declared=make.DECLARED, moment=MOMENT)
    verified.append(folder, guests()[:1], seed=6, declared=make.DECLARED, moment=MOMENT.replace(day=2))
    pages = [{path.name: path.read_bytes() for path in publish(folder, tmp_path / name)} for name in ("one", "two")]
    assert pages[0] == pages[1]
    (name,) = {name for name in pages[0] if name != "README.md"}
    assert name.endswith("-what-works.md")
    page = pages[0][name].decode()
    assert "linux: run 20260302-120000" in page  # the latest of linux
    assert "aero: run 20260301-120000" in page  # and of aero
    assert f": what works]({name}): aero, linux, redox; 2026-03-02" in pages[0]["README.md"].decode()
    history.append(folder, make.results(), seed=5, budget="quick", declared=make.DECLARED, moment=MOMENT)
    assert len(publish(folder, tmp_path / "three")) == 4
