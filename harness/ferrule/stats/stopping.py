"""When a result has been measured enough: on the width of its interval, never on what it says.

Stopping when a test turns significant finds a difference on unchanged systems 24 to 37 % of the time at a nominal 5 %;
stopping when an interval of 95 % is narrow enough leaves it a coverage of 93.8 % from ten replicates on, 90.4 % from
three (docs/numbers.md; for the idea: Chow & Robbins, Annals of Mathematical Statistics 36, 1965, 457-462). So nothing
is narrow enough before LEAST replicates.
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
    """The half-width of what a table shows of a result: of its time and, where it has one, its throughput.

    Or of its core cycles; what has none of those is asked for its time all the same.
    """
    if aim == "cycles" and summary.cycles is not None:
        return half_width(summary.cycles)
    shown = [summary.interval, *([summary.throughput] if summary.throughput else [])]
    found = [half for one in shown if (half := half_width(one)) is not None]
    return max(found) if len(found) == len(shown) else None


def replicates(summary: Summary, booted: bool) -> int:
    """What an interval may be stopped on: boots of a guest that can be booted anew, else processes."""
    return summary.n_boots if booted else summary.n_processes


def ended(summary: Summary, target: float, booted: bool, aim: Aim = "time") -> Ended:
    """What ends the measuring of a result now; "" when it has to go on.

    Args:
        summary: all that was measured so far.
        target: wanted half-width over the centre.
        booted: whether its guest can be booted anew.
        aim: whose half-width.
    """
    if summary.interval.scope == "exact" or Flag.FUNCTIONAL in summary.flags:
        return "no width"
    if replicates(summary, booted) < LEAST:
        return ""
    half = width(summary, aim)
    if half is not None and half <= target:
        return "width"
    if Z * summary.subtraction > target * summary.estimate:
        return "subtraction"  # more processes leave it as it is
    return ""
