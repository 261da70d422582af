"""Cells of the tables beside the centres: core cycles, tails, scaling curves. Empty where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor

from ferrule.report import units
from ferrule.stats.scaling import scaling
from ferrule.stats.summary import Summary

CYCLES = "Core cycles: 20th percentile batch of a process, independent of the core's clock rate (docs/numbers.md)"
TAILS = "Tails: 99th percentile and largest of the operations timed one by one (service time)"
SCALING = "Scaling: operations a second of all at once, and that over so many times the rate of one (docs/numbers.md)"
Cell = Callable[[Summary, Sequence[Summary]], str]  # of a result, among all of the same guest


def in_cycles(summary: Summary, _among: Sequence[Summary]) -> str:
    """Core cycles of an operation."""
    found = summary.cycles
    return "" if found is None else units.cycles(found.estimate, found.low, found.high)


def tail(summary: Summary, _among: Sequence[Summary]) -> str:
    """p99 and the largest."""
    if summary.tails is None or "p99" not in summary.tails.quantiles:
        return ""
    found, largest = summary.tails.quantiles["p99"], summary.tails.max
    if summary.unit == "instructions":
        ends = (None if end is None else float(way(end)) for end, way in ((found.low, floor), (found.high, ceil)))
        p99, most = units.count(round(found.estimate), *ends), units.count(round(largest), None, None)
    else:
        p99, most = units.time(found.estimate, found.low, found.high), units.rough(largest)
    return f"{p99}, largest of {summary.tails.count}: {most}"


def scaled(summary: Summary, among: Sequence[Summary]) -> str:
    """`25.3 M/s [25.1, 25.4], 98.1 % [97.5, 98.6]`."""
    found = scaling(summary, among)
    if found is None:
        return ""
    text = units.rate(found.rate, found.low, found.high, units.best((found.rate,), units.OPERATIONS))
    share = found.efficiency
    if share is None or found.team == 1:
        return text
    ends = (end and end * 100 for end in (share.low, share.high))
    return f"{text}, {units.percent(share.ratio * 100, *ends)}"
