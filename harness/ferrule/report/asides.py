"""Cells of the tables beside the centres: core cycles, tails, scaling curves. Empty where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor

from ferrule.report import units
from ferrule.stats.interval import Interval
from ferrule.stats.scaling import scaling
from ferrule.stats.summary import Summary
from ferrule.stats.tails import QUANTILES

CYCLES = "Core cycles: 20th percentile batch of a process, independent of the core's clock rate (docs/numbers.md)"
TAILS = "Tails of the operations timed one by one (service time)"
SCALING = "Scaling: operations a second of all at once, and that over so many times the rate of one (docs/numbers.md)"
Cell = Callable[[Summary, Sequence[Summary]], str]  # of a result, among all of the same guest


def in_cycles(summary: Summary, _among: Sequence[Summary]) -> str:
    """Core cycles of an operation."""
    found = summary.cycles
    return "" if found is None else units.cycles(found.estimate, found.low, found.high)


def quantiles(summary: Summary) -> tuple[str, ...]:
    """A cell a quantile, and the largest; nothing where operations were not timed one by one, or only slept."""
    tails = summary.tails
    asleep = summary.unit == "instructions" and summary.meaning.waits and not summary.meaning.asked
    if tails is None or not tails.quantiles or asleep:  # sleep executes no instructions
        return ()
    found = [tails.quantiles.get(name) for name in QUANTILES]
    return (*((one and _value(summary, one)) or "" for one in found), f"{_most(summary, tails.max)} of {tails.count}")


def _value(summary: Summary, found: Interval) -> str:
    if summary.unit != "instructions":
        return units.time(found.estimate, found.low, found.high)
    ends = (None if end is None else float(way(end)) for end, way in ((found.low, floor), (found.high, ceil)))
    counted = units.virtual if summary.meaning.waits else units.count
    return counted(round(found.estimate), *ends)


def _most(summary: Summary, largest: float) -> str:
    if summary.unit != "instructions":
        return units.rough(largest)
    return (units.virtual if summary.meaning.waits else units.count)(round(largest), None, None)


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
