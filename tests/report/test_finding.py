"""The line with a run's finding: believed, comparable results only, with an interval or exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, RunResult
from ferrule.report import finding, plausible
from ferrule.report.columns import Column, columns

from tests.support import synthetic as make

SPREAD = [1.0 + i / 1000 for i in range(7)]
COUNTED = {"accel": "icount", "unit": "instructions"}


def trip(cost: float) -> RunResult:
    return make.run("pipe_latency", [cost * one for one in SPREAD], make.TRIP)


def call(cost: float) -> RunResult:
    return make.run("null_call", [cost * one for one in SPREAD], make.CALL)


def fault(cost: float) -> RunResult:
    return make.run("page_fault", [cost * one for one in SPREAD], make.CALL)


def guest(name: str, *runs: RunResult, os: str | None = None, **more: Any) -> GuestResult:
    return make.guest(runs, name, os=os or name, **more)


def made(*results: GuestResult) -> Sequence[Column]:
    return columns(results, make.DECLARED)


def test_the_round_trip_is_reported_first_and_from_the_cheaper_side() -> None:
    for linux, redox in ((134.0, 100.0), (100.0, 134.0)):
        line = finding.measured(made(guest("linux", trip(linux), call(1)), guest("redox", trip(redox), call(9))))
        assert line is not None
        cheap, dear = ("Redox", "Linux") if redox < linux else ("Linux", "Redox")
        assert line.startswith(f"{cheap}'s pipe_latency round trip is 1.34")
        assert "times cheaper [1.33" in line
        assert f"than {dear}'s; of 2 rows that both have" in line
        assert "linux is cheaper in " in line


def test_other_operations_are_reported_by_their_size() -> None:
    base = guest("linux", fault(100), make.run("process_create", [300.0 * one for one in SPREAD], make.CALL))
    other = guest("redox", fault(110), make.run("process_create", [100.0 * one for one in SPREAD], make.CALL))
    line = finding.measured(made(base, other))
    assert line is not None
    assert line.startswith("Linux's page_fault is 1.10"), "the one that readers look for comes before larger ones"


def test_counts_are_exact() -> None:
    one = make.run("null_call", [100.0] * 7, make.CALL)
    two = make.run("null_call", [300.0] * 7, make.CALL)
    line = finding.measured(made(guest("linux", one, **COUNTED), guest("aero", two, **COUNTED)))
    assert line is not None
    assert "times cheaper (exact) than Aero's" in line


def test_a_pair_of_kernels_goes_before_the_floor() -> None:
    line = finding.measured(made(guest("floor", trip(5)), guest("redox", trip(10)), guest("linux", trip(11))))
    assert line is not None
    assert line.startswith("Redox's pipe_latency")
    assert "than Linux's" in line
    line = finding.measured(made(guest("floor", trip(5)), guest("linux", trip(11))))
    assert line is not None
    assert line.startswith("The floor's pipe_latency round trip is 2.2")


def test_what_cannot_be_compared_is_reported_separately() -> None:
    line = finding.measured(made(guest("local", call(83), os="linux"), guest("linux", call(300), **COUNTED)))
    assert line is not None
    assert "cheaper" not in line
    first, second = line.split("; ")
    assert first.startswith("This host's null_call costs 83.")
    assert " ns [" in first
    assert second.startswith("Linux's null_call costs ")
    assert "instr" in second


def test_emulated_time_finds_nothing() -> None:
    line = finding.measured(made(guest("linux", trip(134), accel="tcg"), guest("redox", trip(100), accel="tcg")))
    assert line == "Emulated time is not time: nothing here says what an operation costs"


def test_doubted_results_and_noise_are_no_finding() -> None:
    doubted = guest("redox", trip(100), call(50))
    doubted.doubts = {RunKey("pipe_latency"): "it halved"}
    line = finding.measured(made(guest("linux", trip(200), call(50)), doubted))
    assert line == "Linux's and Redox's costs: no difference seen in 1 row" or "no difference seen in 1 row" in str(
        line
    )


def test_nothing_measured_is_no_finding() -> None:
    assert finding.measured(made(make.guest([RunResult(RunKey("null_call"), "unsupported", "os")]))) is None
    assert finding.measured([]) is None


@pytest.mark.parametrize("status", ["crashed", "hung", "wrong", "failed", "lost", "missing"])
def test_the_count_names_what_failed(status: str) -> None:
    runs = [call(5), RunResult(RunKey("page_fault"), status, "why")]  # type: ignore[arg-type]
    runs += [RunResult(RunKey("scheme_call"), "absent", ""), RunResult(RunKey("process_create"), "unsupported", "38")]
    line = finding.counted(made(guest("redox", *runs)))
    assert line == f"1 result on 1 guest, 2 rows that a guest does not have, 1 failed: redox: page_fault {status}"
    assert finding.verified(made(guest("redox", *runs))) == f"redox: page_fault {status}"


def test_a_verification_counts_what_works() -> None:
    runs = [call(5), RunResult(RunKey("scheme_call"), "absent", "")]
    assert finding.verified(made(guest("redox", *runs))) == "redox: 1 of 2 workloads work, none is wrong"


def test_an_implausible_result_is_named() -> None:
    doubted = guest("redox", trip(100))
    doubted.doubts = {RunKey("pipe_latency"): "it halved"}
    assert finding.counted(made(doubted)).endswith("1 implausible: redox: pipe_latency")
    doubted.accepted = True
    assert "implausible" not in finding.counted(made(doubted))


def test_controls_count_where_nothing_else_was_asked_for() -> None:
    control = make.run("empty_loop", [3.0 * one for one in SPREAD], make.CALL)
    alone, beside = made(guest("linux", control)), made(guest("linux", call(5), control))
    assert finding.counted(alone) == "1 result on 1 guest"
    assert (finding.measured(alone) or "").startswith("Linux's empty_loop costs 3.0")
    assert finding.counted(beside) == "1 result on 1 guest"


def test_what_an_interrupted_run_did_not_reach_has_not_failed() -> None:
    runs = [call(5), RunResult(RunKey("page_fault"), "missing", "the run was interrupted before it")]
    ended = guest("redox", *runs, RunResult(RunKey("process_create"), "crashed", "why"))
    ended.doubts, ended.interrupted = {RunKey("null_call"): "2 of 7 processes gave samples"}, True
    line = finding.counted(made(ended))
    assert line == "1 result on 1 guest, 1 row not measured yet, 1 failed: redox: process_create crashed"
    assert plausible.lines(*made(ended))[0].endswith("; the run was interrupted")
