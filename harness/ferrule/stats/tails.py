"""Tails of operations timed one by one: p50, p90, p99, p99.9 and the largest, as service time.

Service time, because the loop is closed: the next operation starts when the last has ended, so that a stall is counted
once and not once for each operation that would have waited (coordinated omission, G. Tene).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ferrule.core import Histogram, bucket_bounds, bucket_of
from ferrule.records.samples import ProcessSamples
from ferrule.stats.interval import CONFIDENCE, Interval, Scope, hierarchical_interval, quantile_ranks, smallest

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True)
class Tails:
    """Quantiles by name; `absent` gives the reason for each missing one. Values in ns or instructions an operation."""

    count: int
    quantiles: dict[str, Interval]
    absent: dict[str, str]
    max: float  # the largest value of all; it has no interval


def merge(histograms: Iterable[Histogram]) -> Histogram:
    """One histogram with the counts of all."""
    merged = Histogram()
    for one in histograms:
        merged.merge(one)
    return merged


def tails(processes: Sequence[ProcessSamples], unit: str) -> Tails | None:
    """Tails over all processes that timed operations one by one; None when none did.

    A quantile with enough operations in each of six or more processes is the centre of the processes' quantiles, with
    the interval that boots and processes allow. With fewer it is the merged histogram's, with order statistics over
    operations, which assumes that operations are independent. With too few operations for a finite interval (368 for
    p99, 3688 for p99.9) it is absent. The resolution is half a bucket of the histogram (up to 1/128 of the value) and,
    for time, one step of the counter. It widens the interval over operations. An interval over processes extends at
    least by the resolution when all processes fall into one bucket; else their rounding is part of their scatter.
    """
    used = [(one.histogram, _scale(one, unit), one.boot) for one in processes if one.histogram and one.histogram.count]
    if not used:
        return None
    single = [Histogram.of(counted) for counted, *_ in used]
    scales, boots = [scale for _, scale, _ in used], [boot for *_, boot in used]
    merged, scale = merge(single), float(np.median(scales))
    scope: Scope = "within one boot" if len(set(boots)) == 1 else "within few boots"
    step = max(one.clock.resolution for one in processes) * scale if unit == "ns" else 0.0
    found: dict[str, Interval] = {}
    absent: dict[str, str] = {}
    for name, q in QUANTILES.items():
        needed = smallest(q)
        if len(single) >= smallest(0.5) and min(one.count for one in single) >= needed:
            values = [one.interpolated(q) * s for one, s in zip(single, scales, strict=True)]
            interval = hierarchical_interval(values, boots)
            resolved = _bucket(interval.estimate / scale) * scale + step
            together = max(values) - min(values) <= 2.0 * resolved
            found[name] = interval.at_least(resolved) if together else interval
        elif merged.count >= needed:
            interval = _pooled(merged, q, scale, scope)
            found[name] = interval.widened(_bucket(interval.estimate / scale) * scale + step)
        else:
            absent[name] = f"{merged.count} operations timed one by one, {needed} needed"
    largest = max(one.max * s for one, s in zip(single, scales, strict=True))
    return Tails(merged.count, found, absent, largest)


def _bucket(ticks: float) -> float:
    """How far a value may be from the middle of its bucket, which represents it; 0 where a bucket is one value."""
    (low,), (high,) = bucket_bounds([bucket_of(int(ticks))])
    return float(high - low + 1) // 2


def _scale(process: ProcessSamples, unit: str) -> float:
    """Factor from ticks to `unit`."""
    return 1e9 / process.clock.hz if unit == "ns" else 1.0


def _pooled(merged: Histogram, q: float, scale: float, scope: Scope) -> Interval:
    """Order statistics over operations."""
    ranks = quantile_ranks(merged.count, q)
    assert ranks is not None  # count >= smallest(q)
    low, high = (merged.at_rank(rank) * scale for rank in ranks)
    method = "order statistics, operations taken as independent"
    return Interval(merged.quantile(q) * scale, low, high, CONFIDENCE, method, scope, merged.count)
