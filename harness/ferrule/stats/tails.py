"""Tails of operations timed one by one: p50, p99, p99.9 and the largest, as service time.

Service time, because the loop is closed: the next operation starts when the last has ended, so that a stall is counted
once and not once for each operation that would have waited (coordinated omission, G. Tene).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrule.core import bucket_middles
from ferrule.samples import Histogram, ProcessSamples
from ferrule.stats.interval import CONFIDENCE, Interval, Scope, median_interval, quantile_ranks, smallest

QUANTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True)
class Distribution:
    """A histogram as values in rising order with their counts."""

    values: NDArray[np.float64]  # (k,) ticks, each at most 1 % from every member of its bucket
    counts: NDArray[np.int64]  # (k,)
    max: int  # exact

    @property
    def count(self) -> int:
        """Operations in it."""
        return int(self.counts.sum())

    def at_rank(self, rank: int) -> float:
        """The value at a rank, from 1."""
        return float(self.values[np.searchsorted(np.cumsum(self.counts), rank)])

    def quantile(self, q: float) -> float:
        """The value at rank ceil(q * count), as hist_quantile() in the core."""
        return self.at_rank(max(1, int(np.ceil(q * self.count - 1e-9))))


@dataclass(frozen=True)
class Tails:
    """Quantiles by name; `absent` says why one is not there. Values in ns or instructions an operation."""

    count: int
    quantiles: dict[str, Interval]
    absent: dict[str, str]
    max: float  # the largest ever seen: an extreme has no interval


def distribution(histograms: Sequence[Histogram]) -> Distribution:
    """Histograms of several processes merged."""
    merged: dict[int, int] = {}
    for one in histograms:
        for index, count in one.buckets.items():
            merged[index] = merged.get(index, 0) + count
    indices = sorted(merged)
    values = np.asarray(bucket_middles(indices), dtype=np.float64)
    highest = max(one.max for one in histograms)
    counts = np.asarray([merged[index] for index in indices], dtype=np.int64)
    return Distribution(np.minimum(values, float(highest)), counts, highest)


def tails(processes: Sequence[ProcessSamples], unit: str) -> Tails | None:
    """Tails over all processes that timed operations one by one; None when none did.

    A quantile with enough operations in each of six or more processes is the median of the processes' quantiles with
    order statistics over processes. With fewer it is the merged histogram's, with order statistics over operations,
    which takes them as independent. With too few operations for a finite interval (368 for p99, 3688 for p99.9) it is
    not given at all. Every interval is widened by what the histogram and the counter leave open: half a bucket (1/128
    of the value) and, for time, one step of the counter.
    """
    used = [(one.histogram, _scale(one, unit)) for one in processes if one.histogram and one.histogram.count]
    if not used:
        return None
    single = [distribution([histogram]) for histogram, _ in used]
    scales = [scale for _, scale in used]
    merged, scale = distribution([histogram for histogram, _ in used]), float(np.median(scales))
    scope: Scope = "within one boot" if len({one.boot for one in processes}) == 1 else "within few boots"
    step = max(one.clock.resolution for one in processes) * scale if unit == "ns" else 0.0
    found: dict[str, Interval] = {}
    absent: dict[str, str] = {}
    for name, q in QUANTILES.items():
        needed = smallest(q)
        if len(single) >= smallest(0.5) and min(one.count for one in single) >= needed:
            values = [one.quantile(q) * s for one, s in zip(single, scales, strict=True)]
            interval = median_interval(values, scope=scope)
        elif merged.count >= needed:
            interval = _pooled(merged, q, scale, scope)
        else:
            absent[name] = f"{merged.count} operations timed one by one, {needed} needed"
            continue
        found[name] = interval.widened(_bucket(interval.estimate / scale) * scale + step)
    largest = max(one.max * s for one, s in zip(single, scales, strict=True))
    return Tails(merged.count, found, absent, largest)


def _bucket(ticks: float) -> float:
    """Half of a bucket's width: buckets below 128 hold a single value (guest/core/hist.h)."""
    return ticks / 128.0 if ticks >= 128 else 0.0


def _scale(process: ProcessSamples, unit: str) -> float:
    """Ticks to the unit."""
    return 1e9 / process.clock.hz if unit == "ns" else 1.0


def _pooled(merged: Distribution, q: float, scale: float, scope: Scope) -> Interval:
    """Order statistics over operations."""
    ranks = quantile_ranks(merged.count, q)
    assert ranks is not None  # count >= smallest(q)
    low, high = (merged.at_rank(rank) * scale for rank in ranks)
    method = "order statistics, operations taken as independent"
    return Interval(merged.quantile(q) * scale, low, high, CONFIDENCE, method, scope, merged.count)
