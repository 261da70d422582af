"""Scaling of a team of N threads or processes: total operations a second, and efficiency relative to one alone.

A run with threads=N or procs=N gives the cost of an operation while N members do it. Together they do N / cost
operations a second; the efficiency is this over N times the rate of one alone, cost(1) / cost(N): 1 where the members
do not slow each other down. "One alone" is the same run with N = 1, where it was measured, else the run without a team.
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
    efficiency: Ratio | None  # None: one alone was not measured


def scaling(summary: Summary, among: Iterable[Summary]) -> Scaling | None:
    """The point of a run; None for a run without a team or without a time.

    Args:
        summary: of the run.
        among: summaries of the same guest, which are searched for the run of one alone.
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
    """The run of one alone: a team of one of the same kind, else of the other kind, else no team."""
    found = [one for one in among if one.meaning.team < 2 and one.estimate > 0 and _point(one) == _point(summary)]
    kind = dict(summary.key.params).keys()
    found.sort(key=lambda one: (one.meaning.team == 0, dict(one.key.params).keys() != kind))
    return found[0] if found else None


def _point(summary: Summary) -> tuple[object, ...]:
    """The attributes that are equal for all points of one curve."""
    team = SCALE if summary.meaning.team else ()
    params = tuple(pair for pair in summary.params if pair[0] not in team)
    return summary.key.workload, params, summary.key.place, summary.meaning.per, summary.unit


def _efficiency(cost: Interval, alone: Summary | None) -> Ratio | None:
    return None if alone is None else ratio(cost, alone.interval)
