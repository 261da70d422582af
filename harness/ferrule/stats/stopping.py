"""When a result has been measured enough: decided by the width of its interval, never by its value.

Stopping when a test turns significant finds a difference on unchanged systems 24 to 37 % of the time at a nominal 5 %;
stopping when an interval of 95 % is narrow enough leaves a coverage of 93.8 % from ten replicates on, 90.4 % from
three (docs/numbers.md; for the idea: Chow & Robbins, Annals of Mathematical Statistics 36, 1965, 457-462). Measuring
therefore never stops on width before LEAST replicates.
"""

from __future__ import annotations

from ferrule.records.samples import Aim, Ended
from ferrule.stats.flags import Flag
from ferrule.stats.interval import Interval
from ferrule.stats.per_op import Z
from ferrule.stats.summary import Summary

LEAST = 10


def half_width(interval: Interval) -> float | None:
    """Half an interval's width over its centre (0.01 = 1 %); None without an interval or where it reaches zero."""
    if interval.low is None or interval.high is None or interval.low <= 0:
        return None
    return (interval.high - interval.low) / 2.0 / interval.estimate


def width(summary: Summary, aim: Aim = "time") -> float | None:
    """The larger half-width of the values that a table shows of a result: its time and its throughput, if it has one.

    With the aim `cycles` that of its core cycles; a result without core cycles uses its time.
    """
    if aim == "cycles" and summary.cycles is not None:
        return half_width(summary.cycles)
    shown = [summary.interval, *([summary.throughput] if summary.throughput else [])]
    found = [half for one in shown if (half := half_width(one)) is not None]
    return max(found) if len(found) == len(shown) else None


def replicates(summary: Summary, booted: bool) -> int:
    """Number of replicates: boots of a guest that can be booted anew, else processes."""
    return summary.n_boots if booted else summary.n_processes


def ended(summary: Summary, target: float, booted: bool, aim: Aim = "time") -> Ended:
    """Why the measuring of a result ends now; "" when it has to go on.

    Args:
        summary: of everything measured so far.
        target: wanted half-width over the centre.
        booted: whether its guest can be booted anew.
        aim: the value whose half-width counts.
    """
    if summary.interval.scope == "exact" or Flag.FUNCTIONAL in summary.flags:
        return "no width"
    if replicates(summary, booted) < LEAST:
        return ""
    half = width(summary, aim)
    if half is not None and half <= target:
        return "width"
    if Z * summary.subtraction > target * summary.estimate:
        return "subtraction"  # more processes do not reduce this uncertainty
    return ""
