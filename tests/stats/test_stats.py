"""Intervals and per-operation values compared with scipy, closed forms, and synthetic data of known true values."""

from __future__ import annotations

from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
import pytest
from ferrule.records.samples import Meaning, Reference
from ferrule.stats.interval import (
    exact_interval,
    hierarchical_interval,
    median_interval,
    mode,
    quantile_ranks,
    smallest,
    t_interval,
)
from ferrule.stats.per_op import exact_overhead, instructions, nanoseconds, overhead, per_operation
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.support import synthetic as make

CALL = Meaning("call")
finite = st.floats(-1e6, 1e6)


# --- intervals


@given(st.lists(finite, min_size=6, max_size=60), st.data())
def test_median_interval_is_scipys_at_the_levels_that_order_statistics_have(
    values: list[float], data: st.DataObject
) -> None:
    depth = data.draw(st.integers(1, (len(values) - 1) // 2))
    level = 1.0 - 2.0 * stats.binom.cdf(depth - 1, len(values), 0.5)
    ours = median_interval(values, level)
    theirs: Any = stats.quantile_test(values, p=0.5).confidence_interval(level - 1e-9)
    spread = 1e-6 * (max(values) - min(values)) + 1e-12
    assert ours.low == pytest.approx(theirs.low, rel=1e-6, abs=spread)
    assert ours.high == pytest.approx(theirs.high, rel=1e-6, abs=spread)


@given(st.lists(finite, min_size=6, max_size=60))
def test_median_interval_lies_inside_scipys_and_around_the_median(values: list[float]) -> None:
    ours = median_interval(values)
    theirs: Any = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    assert ours.low is not None
    assert ours.high is not None
    assert theirs.low <= ours.low <= ours.estimate <= ours.high <= theirs.high


@pytest.mark.parametrize("n", [6, 7, 8, 11, 15, 20, 33])
@pytest.mark.parametrize("shape", ["laplace", "normal", "exponential", "uniform", "standard_cauchy"])
def test_median_interval_covers_as_often_as_it_says(n: int, shape: str) -> None:
    """At least as often for the Laplace and the uniform distribution, for which its weights are made; else nearly."""
    draw = np.random.default_rng(1986)
    values = np.sort(getattr(draw, shape)(size=(60_000, n)), axis=1)
    truth = {"exponential": np.log(2.0), "uniform": 0.5}.get(shape, 0.0)
    ranks = median_interval(np.arange(n))  # the interval is linear in the ordered values: this gives the weights
    assert ranks.low is not None
    below = int(ranks.low)
    weight = ranks.low - below
    low = (1.0 - weight) * values[:, below] + weight * values[:, below + 1]
    high = (1.0 - weight) * values[:, n - 1 - below] + weight * values[:, n - 2 - below]
    covered = float(np.mean((low <= truth) & (truth <= high)))
    assert (0.9475 if shape in ("laplace", "uniform") else 0.945) < covered < 0.96
    exact = {"uniform": {7, 8, 11}, "laplace": {6, 15, 20, 33}}
    if n in exact.get(shape, ()):
        assert covered == pytest.approx(0.95, abs=0.0025)


@given(st.integers(1, 5000), st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_ranks_have_the_level_they_claim_and_no_narrower_one_has(n: int, q: float) -> None:
    ranks = quantile_ranks(n, q)
    assert (ranks is None) == (n < smallest(q))
    if ranks is not None:
        low, high = ranks
        assert 1 <= low <= high <= n
        assert stats.binom.cdf(low - 1, n, q) <= 0.025 + 1e-12 < stats.binom.cdf(low, n, q) + 2e-12
        assert stats.binom.sf(high - 1, n, q) <= 0.025 + 1e-12 < stats.binom.sf(high - 2, n, q) + 2e-12


def test_the_least_samples_are_those_of_the_literature() -> None:
    assert [smallest(q) for q in (0.5, 0.99, 0.999)] == [6, 368, 3688]


@given(st.lists(st.floats(1.0, 1e6), min_size=3, max_size=5))
def test_t_interval_on_logs_is_scipys(values: list[float]) -> None:
    ours = t_interval(values)
    logs = np.log(values)
    if np.std(logs) < 1e-9:
        return
    low, high = stats.t.interval(0.95, len(values) - 1, logs.mean(), stats.sem(logs))
    assert ours.low is not None
    assert ours.high is not None
    assert isclose(ours.low, np.exp(low), rel_tol=1e-9)
    assert isclose(ours.high, np.exp(high), rel_tol=1e-9)


@pytest.mark.parametrize(
    ("processes", "boots", "scope", "n"),
    [
        (5, 1, "none", 5),
        (7, 1, "within one boot", 7),
        (14, 2, "within few boots", 14),
        (21, 3, "boots", 3),
        (40, 8, "boots", 8),
    ],
)
def test_the_interval_rests_on_what_was_replicated(processes: int, boots: int, scope: str, n: int) -> None:
    values = 100.0 + np.arange(processes)
    found = hierarchical_interval(values, [i % boots for i in range(processes)])
    assert (found.scope, found.n) == (scope, n)
    assert (found.low is None) == (scope == "none")
    if scope == "none":
        assert found.method == "5 of at least 6 replicates"


@pytest.mark.parametrize(("boots", "processes"), [(1, 7), (4, 5), (8, 3)])
def test_intervals_cover_the_truth_on_hierarchies(boots: int, processes: int) -> None:
    """Boot 1 %, process 0.5 %, 5 % of processes slowed by a heavy tail: nominal 95 % must cover at least 93 %."""
    draw = np.random.default_rng(20260101 + boots)
    number = np.repeat(np.arange(boots), processes)
    covered, rounds = 0, 600
    for _ in range(rounds):
        scatter = draw.normal(0, 0.01 if boots > 1 else 0.0, boots)[number] + draw.normal(0, 0.005, number.size)
        slowed = np.where(draw.random(number.size) < 0.05, draw.pareto(2.0, number.size) * 0.01, 0.0)
        found = hierarchical_interval(100.0 * np.exp(scatter + slowed), number.tolist())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 100.0 * np.exp(0.0003) <= found.high  # the tail moves the median by some 0.03 %
    assert covered / rounds >= 0.93


def test_pooling_batches_would_not_cover() -> None:
    """Why batches are never pooled: same data, same method, wrong unit of replication."""
    draw = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        batches = 100.0 * np.exp(np.repeat(draw.normal(0, 0.01, 7), 30) + draw.normal(0, 0.001, 210))
        found = median_interval(batches)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 100.0 <= found.high
    assert covered / 200 < 0.8


@given(st.lists(st.integers(300, 305), min_size=1, max_size=30))
def test_exact_interval_is_the_mode_and_the_whole_range(counts: list[int]) -> None:
    found = exact_interval(counts)
    assert (found.low, found.high) == (min(counts), max(counts))
    assert found.estimate in counts
    value, share = mode(counts)
    assert share == counts.count(int(value)) / len(counts)
    if share >= 0.5:
        assert found.estimate == value


# --- one operation


@given(st.floats(0.0, 1e5), st.integers(1, 10**6))
def test_subtraction_gives_back_what_was_put_in(cost: float, n: int) -> None:
    taken = overhead(Reference(np.full(64, 50), ((1000, np.full(15, 1050)), (2000, np.full(15, 2050)))))
    assert isclose(per_operation([50 + n * (1 + cost)], n, taken)[0], cost, rel_tol=1e-6, abs_tol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_an_empty_operation_is_zero_within_its_uncertainty(seed: int) -> None:
    """Loops that jitter: 0 lies within three expanded uncertainties of the median, and the uncertainty is not huge."""
    draw = np.random.default_rng(seed)

    def region(turns: int, rounds: int) -> Any:
        return np.round(50 + turns * (1 + np.abs(draw.normal(0, 0.002, rounds)))).astype(np.int64)

    taken = overhead(Reference(region(0, 64), ((10**5, region(10**5, 15)), (2 * 10**5, region(2 * 10**5, 15)))), 2)
    found = float(np.median(per_operation(region(10**5, 30), 10**5, taken)))
    assert abs(found) <= 3 * 1.96 * taken.u(10**5)
    assert taken.u(10**5) < 0.01


def test_a_lacking_loop_is_uncertainty_not_zero() -> None:
    taken = overhead(Reference(np.full(8, 50), ((1000, np.full(15, 3050)),)))
    assert (taken.loop, taken.loop_u) == (0.0, 3.0)
    assert overhead(Reference(np.full(8, 50), ())).loop == 0.0


@given(st.integers(0, 10**6), st.integers(1, 5000), st.integers(0, 40))
def test_instruction_counts_come_back_exactly(cost: int, n: int, call: int) -> None:
    """The call into the loop is in the loops' intercept, so that it is not counted in the operation."""
    reference = Reference(np.full(64, 5), tuple((k, np.full(15, 5 + call + 2 * k)) for k in (1000, 2000)))
    taken = exact_overhead(reference)
    assert float(per_operation([5 + call + n * (2 + cost)], n, taken)[0]) == pytest.approx(cost, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "extra", "found"), [(256, 1, 309.0), (4096, 32, 309.0), (1000, 690, 309.69), (4, 1, 309.25)]
)
def test_a_loops_own_entry_is_no_part_of_an_operation(n: int, extra: int, found: float) -> None:
    samples = make.process([154.5] * 15, n=n)
    samples.ticks[:] += extra
    assert instructions(samples)[0] == pytest.approx(found)


def test_timer_interrupts_do_not_move_a_count() -> None:
    samples = make.process([154.5] * 15)  # 309 ticks
    samples.ticks[[2, 9]] += 4321
    value, counts = instructions(samples)
    assert value == 309.0
    assert sum(counts != 309.0) == 2
    samples.ticks[:] += np.arange(15)
    assert instructions(samples)[0] == 309.0  # no mode: the smallest batch


def test_conversion_uses_each_processes_own_rate() -> None:
    samples = make.process([100.0] * 15)
    samples.clock = replace(samples.clock, hz=samples.clock.hz * 2)
    values, u = nanoseconds(samples)
    assert values == pytest.approx([50.0] * 15)
    assert 0 < u < 0.01
