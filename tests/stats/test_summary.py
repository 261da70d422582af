"""Statistics of a run: tails, flags, variance components, summaries, siblings and ratios."""

from __future__ import annotations

from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
import pytest
from ferrule.core import Histogram as Counted
from ferrule.errors import InfrastructureError, UsageError
from ferrule.payload.key import RunKey
from ferrule.records.samples import Histogram, Meaning, RunResult
from ferrule.stats.compare import compare
from ferrule.stats.flags import Flag, contamination, rank_autocorrelation
from ferrule.stats.interval import median_interval
from ferrule.stats.siblings import Disagreement, lint
from ferrule.stats.summary import measured, summarise
from ferrule.stats.tails import merge
from ferrule.stats.throughput import is_bandwidth, rate
from ferrule.stats.variance import components
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.support import synthetic as make

CALL = Meaning("call")


# --- tails, throughput, flags, variance


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 10**9), min_size=1, max_size=99), min_size=1, max_size=4), st.data())
def test_merged_histograms_keep_every_rank_within_a_bucket(parts: list[list[int]], data: st.DataObject) -> None:
    def counted(values: list[int]) -> Counted:
        made = Counted()
        made.add(values)
        return made

    merged = merge(counted(part) for part in parts)
    values = sorted(value for part in parts for value in part)
    rank = data.draw(st.integers(1, len(values)))
    assert (merged.count, merged.min, merged.max) == (len(values), values[0], values[-1])
    assert abs(merged.at_rank(rank) - values[rank - 1]) <= values[rank - 1] / 128


def test_few_processes_give_order_statistics_of_the_merged_histogram() -> None:
    run = make.run("null_call", [100.0] * 2, CALL, each=True)  # 2 x 4000: 7980 operations of 90 ticks, 20 of 288 to 291
    found = summarise(run, make.conditions()).tails
    assert found is not None
    p99, last = found.quantiles["p99"], found.quantiles["p99.9"]
    assert (p99.estimate, p99.low, p99.high, p99.n) == (45.0, 44.0, 46.0, 8000)  # one step of the counter is 1 ns
    assert (last.estimate, last.low, last.high) == (144.5, 142.5, 146.5)  # and half a bucket is two ticks


def test_tails_say_what_is_missing() -> None:
    run = make.run("null_call", [100.0] * 7, CALL, each=True)
    found = summarise(run, make.conditions()).tails
    assert found is not None
    assert set(found.quantiles) == {"p50", "p90", "p99", "p99.9"}
    assert found.quantiles["p99.9"].n == 7
    assert found.max == 4500.0  # 9000 ticks of 0.5 ns
    for samples in run.processes:
        samples.histogram = Histogram(40, 100, 110, {90: 40})
    few = summarise(run, make.conditions()).tails
    assert few is not None
    assert set(few.quantiles) == {"p50", "p90"}
    assert few.absent["p99"] == "280 operations timed one by one, 368 needed"
    assert summarise(make.run("x", [1.0], CALL), make.conditions()).tails is None


@given(st.lists(st.floats(1.0, 1e6), min_size=1), st.integers(1, 10**6))
def test_rate_is_total_over_total(ns: list[float], size: int) -> None:
    assert isclose(rate(ns, size), size * len(ns) / sum(ns) * 1e9, rel_tol=1e-12)
    assert rate(ns, size) <= np.mean(size / np.asarray(ns)) * 1e9 * (1 + 1e-9)  # never above the mean of rates


def test_bandwidth_is_what_moves_bytes_and_waits_for_none() -> None:
    assert is_bandwidth(Meaning("one_way", bytes=65536, ends=2))
    assert not is_bandwidth(Meaning("round_trip", bytes=2, switches=2, ends=2))
    assert not is_bandwidth(Meaning("one_way", bytes=1, switches=1, ends=2))
    assert not is_bandwidth(Meaning("call"))
    assert not is_bandwidth(Meaning("call", bytes=1)), "event_queue is no kB/s"


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=40, unique=True))
def test_rank_correlation_is_bounded_and_of_ranks(values: list[float]) -> None:
    found = rank_autocorrelation(values)
    assert -1.0 <= found <= 1.0
    assert found == pytest.approx(rank_autocorrelation(stats.rankdata(values)))
    assert rank_autocorrelation([5.0] * 8) == 0.0


def test_batches_raise_their_flags() -> None:
    def flags(batches: Any) -> set[Flag]:
        processes = [make.process(batches, number=i) for i in range(7)]
        run = RunResult(RunKey("x"), "ok", meaning=CALL, processes=processes)
        return set(summarise(run, make.conditions()).flags)

    draw = np.random.default_rng(3)
    steady = 100.0 + draw.normal(0, 0.1, 30)
    assert flags(steady) == set()
    spiked = np.where(np.arange(30) % 10 == 5, 400.0, steady)
    assert contamination(spiked) == pytest.approx(0.1)
    assert flags(spiked) == {Flag.CONTAMINATED}
    assert Flag.UNRELIABLE in flags(np.where(np.arange(30) % 5 < 2, 400.0, steady))
    assert Flag.WARMING in flags(np.where(np.arange(30) < 6, 120.0, steady))
    assert Flag.UNSTEADY in flags(np.where(np.arange(30) < 15, 100.0, 110.0) + draw.normal(0, 0.1, 30))
    assert Flag.CORRELATED in flags(100.0 + np.arange(30) * 0.01)


def test_places_and_clocks_raise_their_flags() -> None:
    two = Meaning("round_trip", bytes=2, switches=2, ends=2)
    here = make.run("pipe_latency", [3000.0] * 7, two)
    assert summarise(here, make.conditions()).flags == ()
    here.processes[0].cpus[:, 1] = 1
    assert summarise(here, make.conditions()).flags == (Flag.MISPLACED,)
    here.processes[1].cpus[3] = 2
    assert Flag.MIGRATED in summarise(here, make.conditions()).flags
    across = make.run("pipe_latency", [3000.0] * 7, two, place="cross_core")
    assert summarise(across, make.conditions()).flags == ()
    call = make.run("null_call", [100.0] * 7, CALL)
    call.processes[0].involuntary = 30
    clock = call.processes[1].clock
    call.processes[1].clock = replace(clock, drift_ppm=-2000.0, host_ratio=0.5, verdict="unsteady")
    expected = (Flag.PREEMPTED, Flag.CLOCK, Flag.DRIFT, Flag.HOST_CLOCK)
    assert summarise(call, make.conditions()).flags == expected
    emulated = summarise(call, make.conditions(accel="tcg")).flags
    assert emulated == (Flag.PREEMPTED, Flag.CLOCK, Flag.FUNCTIONAL)


def test_an_injected_slowdown_never_passes_for_a_measurement() -> None:
    run = make.run("null_call", [100.0] * 7, CALL)
    run.processes[3].ran = run.processes[3].n + 20
    assert summarise(run, make.conditions()).flags == (Flag.INJECTED,)


def test_variance_components_find_the_level_that_scatters() -> None:
    draw = np.random.default_rng(11)
    number = np.repeat(np.arange(200), 5)
    values = 100.0 * np.exp(draw.normal(0, 0.02, 200)[number] + draw.normal(0, 0.005, 1000))
    batches = [value * np.exp(draw.normal(0, 0.001, 50)) for value in values[:50]]
    found = components(values, number.tolist(), batches)
    assert found.boot == pytest.approx(0.02, rel=0.15)
    assert found.process == pytest.approx(0.005, rel=0.1)
    assert found.batch == pytest.approx(0.001, rel=0.15)
    assert components([1.0, -1.0], [0, 0], [[1.0, -1.0]]).process is None
    assert components([100.0], [0], [[100.0]]).boot is None


# --- summaries, siblings, ratios


def test_a_summary_holds_the_truth_and_its_interval() -> None:
    costs = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0]
    found = summarise(make.run("null_call", costs, CALL), make.conditions())
    assert found.per_process == pytest.approx(costs)
    assert found.estimate == pytest.approx(103.0)
    assert found.low is not None
    assert 100.68 < found.low < 100.6910  # widened by the uncertainty of what was subtracted
    assert found.high == pytest.approx(105.3091, abs=0.01)
    assert (found.n_processes, found.n_boots, found.batches) == (7, 1, 105)


def test_instruction_counts_are_not_given_a_confidence() -> None:
    conditions = make.conditions(accel="icount", unit="instructions")
    found = summarise(make.run("null_call", [154.5] * 7, CALL), conditions)  # 309 ticks
    assert (found.estimate, found.low, found.high, found.confidence) == (309.0, 309.0, 309.0, None)
    assert found.flags == ()
    varying = summarise(make.run("null_call", [154.5] * 6 + [155.0], CALL), conditions)
    assert (varying.estimate, varying.low, varying.high) == (309.0, 309.0, 310.0)
    assert varying.flags == (Flag.VARYING,)


def test_what_was_not_measured_is_not_summarised() -> None:
    failed = RunResult(RunKey("x"), "unsupported", "os_pipe: errno 38")
    assert not measured(failed)
    with pytest.raises(InfrastructureError, match="os_pipe: errno 38"):
        summarise(failed, make.conditions())
    verified = RunResult(RunKey("x"), "ok", meaning=CALL, processes=[make.process([])])
    assert not measured(verified)


def test_two_one_ways_and_a_round_trip_must_agree() -> None:
    def found(one_way: float, moved: int = 1) -> list[str]:
        token = Meaning("one_way", bytes=moved, switches=1, ends=2)
        trip = Meaning("round_trip", bytes=2, switches=2, ends=2)
        runs = [
            make.run("context_switch", [one_way] * 7, token),
            make.run("context_switch", [9 * one_way] * 7, token, params=(("size", 65536),)),
            make.run("pipe_latency", [3000.0] * 7, trip),
            make.run("futex_pingpong", [900.0] * 7, Meaning("round_trip", switches=2, ends=2)),
        ]
        return [one.text for one in lint(summarise(run, make.conditions()) for run in runs)]

    assert found(1500.0) == []
    assert found(800.0) == []
    assert found(3000.0 * 1.01) == ["pipe_latency (round trip) is 0.50 times two of context_switch (one way)"]
    assert found(600.0) == ["pipe_latency (round trip) is 2.50 times two of context_switch (one way)"]
    assert found(600.0, moved=64) == found(600.0)  # both within a cache line
    assert found(600.0, moved=65) == []


def test_siblings_go_through_one_thing() -> None:
    """Compared with a pipe's one-way: a pipe's round trip that costs too much, a socket's, a message in registers."""
    trip = Meaning("round_trip", bytes=16, switches=2, ends=2)
    hop = make.run("context_switch", [800.0] * 7, Meaning("one_way", bytes=8, switches=1, ends=2))

    def found(name: str, meaning: Meaning) -> list[Disagreement]:
        runs = (hop, make.run(name, [6400.0] * 7, meaning))
        return lint(summarise(run, make.conditions()) for run in runs)

    assert [one.ratio for one in found("pipe_latency", trip)] == [pytest.approx(4.0, rel=1e-3)]
    assert found("pipe_latency", replace(trip, bytes=0)) == []
    assert found("socket_latency", trip) == []


def test_processes_that_disagree_twofold_are_named() -> None:
    summary = summarise(make.run("pipe_latency", [3000.0] * 4 + [75000.0] * 3, CALL), make.conditions())
    assert Flag.BIMODAL in summary.flags
    assert [one.ratio for one in lint([summary])] == [pytest.approx(25.0, rel=1e-3)]
    emulated = summarise(make.run("x", [3000.0] * 4 + [75000.0] * 3, CALL), make.conditions(accel="tcg"))
    assert Flag.BIMODAL in emulated.flags
    assert lint([emulated]) == []


def test_a_ratio_has_its_interval() -> None:
    base = summarise(make.run("x", [100.0 + i for i in range(7)], CALL), make.conditions())
    slower = summarise(make.run("x", [110.0 + i for i in range(7)], CALL), make.conditions())
    found = compare(base, make.conditions(), slower, make.conditions(kernel="6.2.0"))
    assert found.ratio == pytest.approx(113 / 103)
    assert found.differs is True
    same = compare(base, make.conditions(), base, make.conditions())
    assert same.differs is False
    few = summarise(make.run("x", [100.0] * 3, CALL), make.conditions())
    assert compare(base, make.conditions(), few, make.conditions()).differs is None


def test_ratio_intervals_cover() -> None:
    """MOVER on two order-statistic intervals, true ratio 1.05: at least 93 % at a nominal 95 %."""
    draw = np.random.default_rng(5)
    template = summarise(make.run("x", [100.0] * 7, CALL), make.conditions())
    covered, rounds = 0, 300
    for _ in range(rounds):
        a, b = (
            replace(template, interval=median_interval(centre * np.exp(draw.normal(0, 0.02, 10))))
            for centre in (100.0, 105.0)
        )
        found = compare(a, make.conditions(), b, make.conditions())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 1.05 <= found.high
    assert covered / rounds >= 0.93


def test_flags_that_an_os_demands_are_part_of_that_os() -> None:
    summary = summarise(make.run("x", [100.0] * 7, CALL), make.conditions())
    fixed, moved = make.conditions(flags="-O2 -fno-pie"), make.conditions(flags="-O2 -fPIE -mgeneral-regs-only")
    assert compare(summary, fixed, summary, replace(moved, os="hermit")).ratio == 1.0
    for other in (moved, replace(moved, os="hermit", flags="-O0 -fPIE")):
        with pytest.raises(UsageError, match="compiler flags differ"):
            compare(summary, fixed, summary, other)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"accel": "kvm"}, "accel differs (metal and kvm)"),
        ({"accel": "tcg"}, "emulated time is not time"),
        ({"accel": "icount", "unit": "instructions"}, "unit differs"),
        ({"cpu_model": "Other CPU"}, "cpu_model differs"),
        ({"cpus": ()}, "cpus differs"),
        ({"flags": "-O0"}, "compiler flags differ"),
        ({"arch": "aarch64"}, "arch differs"),
    ],
)
def test_other_conditions_are_refused(changes: dict[str, Any], message: str) -> None:
    summary = summarise(make.run("x", [100.0] * 7, CALL), make.conditions())
    with pytest.raises(UsageError) as caught:
        compare(summary, make.conditions(), summary, make.conditions(guest="linux", **changes))
    assert message in str(caught.value)


def test_what_means_something_else_is_refused() -> None:
    call = summarise(make.run("x", [100.0] * 7, CALL), make.conditions())
    trip = summarise(make.run("x", [100.0] * 7, Meaning("round_trip")), make.conditions())
    zero = summarise(make.run("x", [0.0] * 7, CALL), make.conditions())
    with pytest.raises(UsageError, match="meaning differs"):
        compare(call, make.conditions(), trip, make.conditions())
    with pytest.raises(UsageError, match="at or below zero"):
        compare(call, make.conditions(), zero, make.conditions())
