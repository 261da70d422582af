"""What several get done at once: operations a second of all, and how near that is to so many times one alone.

A run with threads=N or procs=N gives the cost of an operation while N do it. All together do N / cost operations a
second; the efficiency is that over N times the rate of one alone, cost(1) / cost(N): 1 where nobody is in another's
way. The one alone is the same run with N = 1, where it was measured, else the run without a team.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ferrule.payload.key import SCALE
from ferrule.stats.compare import Ratio, ratio
from ferrule.stats.interval import Interval
from ferrule.stats.summary import Summary


@dataclass(frozen=True)
class Scaling:
    """One point of the curve. `low` and `high` are None where the cost has no interval."""

    team: int
    rate: float  # operations a second, all together
    low: float | None
    high: float | None
    efficiency: Ratio | None  # None: nobody measured one alone


def scaling(summary: Summary, among: Iterable[Summary]) -> Scaling | None:
    """The point of a run; None of one that is no team's, or has no time.

    Args:
        summary: of the run.
        among: those of the same guest, in which the one alone is looked for.
    """
    team = summary.meaning.team
    if not team or summary.unit != "ns" or summary.estimate <= 0:
        return None
    rate, low, high = (_rate(team, cost) for cost in (summary.estimate, summary.high, summary.low))
    assert rate is not None
    return Scaling(team, rate, low, high, _efficiency(summary.interval, _alone(summary, among)))


def _rate(team: int, cost: float | None) -> float | None:
    return team * 1e9 / cost if cost is not None and cost > 0 else None


def _alone(summary: Summary, among: Iterable[Summary]) -> Summary | None:
    """Of the same operation: a team of one of the same kind, then of the other, then no team."""
    found = [one for one in among if one.meaning.team < 2 and one.estimate > 0 and _point(one) == _point(summary)]
    kind = dict(summary.key.params).keys()
    found.sort(key=lambda one: (one.meaning.team == 0, dict(one.key.params).keys() != kind))
    return found[0] if found else None


def _point(summary: Summary) -> tuple[object, ...]:
    """What two points of one curve have in common."""
    team = SCALE if summary.meaning.team else ()
    params = tuple(pair for pair in summary.params if pair[0] not in team)
    return summary.key.workload, params, summary.key.place, summary.meaning.per, summary.unit


def _efficiency(cost: Interval, alone: Summary | None) -> Ratio | None:
    return None if alone is None else ratio(cost, alone.interval)
