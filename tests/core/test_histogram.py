"""The log-linear histogram: every value within one percent of its bucket, nothing lost in merging or in sparse form."""

from __future__ import annotations

import numpy as np
import pytest
from ferrule import core
from ferrule.records import samples
from hypothesis import given
from hypothesis import strategies as st

TICKS = st.one_of(st.integers(0, 300), st.integers(0, 48).flatmap(lambda bits: st.integers(0, 2**bits)))


def test_buckets_adjoin_and_cover_everything() -> None:
    low, high = core.bucket_bounds(range(core.BUCKETS))
    assert low[0] == 0
    assert high[-1] == 2**48 - 1
    assert (low[1:] == high[:-1] + 1).all()


@given(TICKS.filter(lambda ticks: 1 <= ticks < 2**48))
def test_a_bucket_stands_for_its_members_within_one_percent(ticks: int) -> None:
    bucket = core.bucket_of(ticks)
    (low,), (high,) = core.bucket_bounds([bucket])
    (middle,) = core.bucket_middles([bucket])
    assert low <= ticks <= high
    assert abs(int(middle) - ticks) <= ticks / 100


@given(st.lists(TICKS, min_size=1, max_size=300), st.integers(0, 1_000_000))
def test_quantiles_against_numpy(ticks: list[int], q_ppm: int) -> None:
    histogram = core.Histogram()
    histogram.add(np.array(ticks, dtype=np.int64))
    rank = max(1, -(-q_ppm * len(ticks) // 1_000_000))
    exact = int(np.sort(ticks)[rank - 1])
    assert abs(histogram.quantile(q_ppm / 1e6) - exact) <= exact / 100
    assert (histogram.count, histogram.min, histogram.max) == (len(ticks), min(ticks), max(ticks))
    assert histogram.quantile(0) == min(ticks)
    assert histogram.quantile(1) == max(ticks)
    assert histogram.at_rank(rank) == histogram.quantile(q_ppm / 1e6)
    bins = np.bincount([core.bucket_of(value) for value in ticks], minlength=core.BUCKETS)
    assert (histogram.counts == bins).all()


def sparse(histogram: core.Histogram) -> samples.Histogram:
    return samples.Histogram(histogram.count, histogram.min, histogram.max, histogram.buckets())


@given(st.lists(st.lists(TICKS, max_size=50), max_size=5))
def test_merging_is_counting_together(parts: list[list[int]]) -> None:
    merged, together = core.Histogram(), core.Histogram()
    for part in parts:
        one = core.Histogram()
        one.add(np.array(part, dtype=np.uint64))
        merged.merge(one)
        together.add(np.array(part, dtype=np.uint64))
    assert sparse(merged) == sparse(together)


@given(st.lists(TICKS, max_size=100))
def test_the_sparse_form_holds_everything(ticks: list[int]) -> None:
    histogram = core.Histogram()
    histogram.add(np.array(ticks, dtype=np.int64))
    again = core.Histogram.of(sparse(histogram))
    assert sparse(again) == sparse(histogram)
    assert [again.quantile(q / 20) for q in range(21)] == [histogram.quantile(q / 20) for q in range(21)]


def test_values_beyond_the_range_are_clamped_and_counted() -> None:
    histogram = core.Histogram()
    histogram.add(np.array([5, 2**48, 2**64 - 1], dtype=np.uint64))
    assert (histogram.clamped, histogram.max) == (2, 2**64 - 1)
    assert histogram.buckets() == {5: 1, core.BUCKETS - 1: 2}


def test_full_buckets_stay_full() -> None:
    one = core.Histogram.from_buckets({7: 2**32 - 1})
    one.merge(core.Histogram.from_buckets({7: 5}))
    assert one.buckets() == {7: 2**32 - 1}
    assert one.count == 2**32 + 4
    assert one.quantile(0.5) == 7


@pytest.mark.parametrize(
    "bad",
    [
        samples.Histogram(1, 0, 0, {core.BUCKETS: 1}),
        samples.Histogram(1, 0, 0, {-1: 1}),
        samples.Histogram(2**32, 0, 0, {0: 2**32}),
        samples.Histogram(-1, 0, 0, {0: -1}),
        samples.Histogram(3, 0, 0, {0: 2}),
    ],
)
def test_impossible_histograms_are_refused(bad: samples.Histogram) -> None:
    with pytest.raises(ValueError, match="histogram"):
        core.Histogram.of(bad)


def test_there_is_no_rank_beyond_the_count() -> None:
    histogram = core.Histogram.from_buckets({7: 2, 9: 1})
    assert [histogram.at_rank(rank) for rank in (1, 2, 3)] == [7, 7, 9]
    for rank in (0, 4):
        with pytest.raises(ValueError, match=r"not within 1\.\.3"):
            histogram.at_rank(rank)


def test_negative_ticks_are_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        core.Histogram().add([3, -1])
