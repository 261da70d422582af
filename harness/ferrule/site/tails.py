"""Tails of operations timed one by one: quantiles as a table, and as a curve over how rare an operation is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from ferrule.report import units
from ferrule.report.columns import Column
from ferrule.site import chart
from ferrule.site.marks import grouped
from ferrule.site.operations import Operation
from ferrule.site.shelf import Group
from ferrule.stats.tails import QUANTILES, Tails

LEAST = 3  # points of a curve


def rows(group: Group, operations: Sequence[Operation]) -> list[tuple[str, str, list[str], str]]:
    """Operation, kernel, its quantiles (`QUANTILES`), and the largest value with the number of values."""
    return [
        (
            row.name,
            column.guest,
            [_quantile(group, tails, name) for name in QUANTILES],
            f"{_amount(group, tails.max, None, None)} of {tails.count}",
        )
        for row in operations
        for column, tails in _tails(group, row)
    ]


def charts(group: Group, operations: Sequence[Operation]) -> list[tuple[str, Markup]]:
    """A curve for each kernel: x is how many operations there are to one that takes longer than y."""
    found = []
    for row in operations:
        series = [
            chart.Line(column.guest, group.guests.index(column.guest), points)
            for column, tails in _tails(group, row)
            if len(points := _points(group, tails)) >= LEAST
        ]
        if series:
            unit = "instructions" if group.exact else "ns"
            alt = f"{row.name}: {unit} over how rare an operation is, for {', '.join(one.name for one in series)}"
            found.append((row.name, chart.lines(series, "one of so many takes longer", f"{unit}, logarithmic", alt)))
    return found


def _tails(group: Group, row: Operation) -> Iterator[tuple[Column, Tails]]:
    for column in group.columns:
        entry = column.find(row.key)
        summary = entry.summary if entry else None
        if summary is not None and summary.tails is not None and not (group.exact and summary.meaning.waits):
            yield column, summary.tails


def _points(group: Group, tails: Tails) -> list[tuple[float, float, str]]:
    found = [
        (1 / (1 - q), tails.quantiles[name].estimate, f"{name} {_quantile(group, tails, name)}")
        for name, q in QUANTILES.items()
        if name in tails.quantiles
    ]
    if not found or tails.count <= found[-1][0]:
        return []
    found.append(
        (float(tails.count), tails.max, f"the largest of {tails.count} {_amount(group, tails.max, None, None)}")
    )
    return [(round(x), y, label) for x, y, label in found if y > 0]


def _quantile(group: Group, tails: Tails, name: str) -> str:
    one = tails.quantiles.get(name)
    return "" if one is None else _amount(group, one.estimate, one.low, one.high)


def _amount(group: Group, estimate: float, low: float | None, high: float | None) -> str:
    if group.exact:
        return grouped(units.count(round(estimate), low and float(int(low)), high and float(-int(-high // 1))))
    return units.time(estimate, low, high)
