"""Cost over a parameter: processes, working set, message size, CPUs; whichever a workload was measured with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ferrule.report.asides import scaled
from ferrule.report.columns import Column
from ferrule.report.grouping import BANDWIDTHS
from ferrule.report.layout import title_of
from ferrule.site import chart
from ferrule.site.marks import Cell
from ferrule.site.operations import Operation, operations
from ferrule.site.page import Page
from ferrule.site.shelf import Group, Shelf
from ferrule.stats.scaling import scaling
from ferrule.stats.summary import Summary

LEAST = 2  # values of a parameter for a curve


def pages(shelf: Shelf) -> Iterator[Page]:
    """All curves on one page, a section for each group of conditions."""
    blocks = [(group, found) for group in shelf.groups if (found := curves(group))]
    yield Page("curves.html", "curves.html", "Curves", "curves", {"blocks": blocks})


def curves(group: Group) -> list[dict[str, Any]]:
    """A chart for each workload, place, and parameter that has several values while all others stay the same."""
    families: dict[tuple[Any, ...], list[tuple[int, Operation]]] = {}
    for row in operations(group, full=True):
        params = _params(group, row)
        for name, value in params.items():
            others = tuple(item for item in params.items() if item[0] != name)
            families.setdefault((row.key.workload, row.place, name, others), []).append((value, row))
    made = []
    for (workload, place, name, others), rows in families.items():
        if len({value for value, _ in rows}) >= LEAST and (found := _curve(group, rows)) is not None:
            fixed = " ".join(f"{key}={value}" for key, value in others)
            title = " ".join(filter(None, [workload, fixed, place]))
            made.append(_picture(group, title, name, found, rows))
    return made


def _params(group: Group, row: Operation) -> dict[str, int]:
    """The parameters of a row as measured, defaults included."""
    for column in group.columns:
        if (summary := _summary(column, row)) is not None:
            return dict(summary.params)
    return dict(row.key.params)


def _summary(column: Column, row: Operation) -> Summary | None:
    entry = column.find(row.key)
    return entry.summary if entry is not None else None


def _curve(group: Group, rows: Sequence[tuple[int, Operation]]) -> list[chart.Line] | None:
    series = []
    for column in group.columns:
        points = []
        for value, row in sorted(rows, key=lambda one: one[0]):
            summary = _summary(column, row)
            cell = _cell(group, column, row)
            if summary is None or cell.kind != "number" or value <= 0:
                continue
            y = _y(column, row, summary)
            if y > 0:
                points.append((float(value), y, f"{chart.figure(value)}: {cell.text}"))
        if len(points) >= LEAST:
            series.append(chart.Line(column.guest, group.guests.index(column.guest), points))
    return series or None


def _cell(group: Group, column: Column, row: Operation) -> Cell:
    """A row's cell; for a team, the rate of all members together and its share of N times the rate of one."""
    cell, summary = row.cells[group.columns.index(column)], _summary(column, row)
    rate = scaled(summary, [one.summary for one in column.entries if one.summary]) if summary else ""
    return replace(cell, text=rate) if rate and cell.kind == "number" else cell


def _y(column: Column, row: Operation, summary: Summary) -> float:
    if (team := scaling(summary, ())) is not None:
        return team.rate
    rate = summary.throughput if title_of([column.find(row.key)]) == BANDWIDTHS else None
    return rate.estimate / 1e6 if rate is not None else summary.estimate


def _is_team(group: Group, rows: Sequence[tuple[int, Operation]]) -> bool:
    found = [_summary(column, row) for column in group.columns for _, row in rows]
    return not group.exact and any(one is not None and one.meaning.team for one in found)


def _linear(series: Sequence[chart.Line]) -> list[chart.Line]:
    """N times the rate of one: the curve of members that do not slow each other down."""
    one = max((line.points[0] for line in series if line.points[0][0] == 1), key=lambda point: point[1], default=None)
    if one is None:
        return []
    ends = (1.0, max(x for line in series for x, _, _ in line.points))
    points = [(x, x * one[1], f"{x:g} times one") for x in ends]
    return [chart.Line("linear", 0, points, guide=True)]


def _picture(
    group: Group, title: str, name: str, series: Sequence[chart.Line], rows: Sequence[tuple[int, Operation]]
) -> dict[str, Any]:
    team = _is_team(group, rows)
    fast = not group.exact and rows[0][1].title == BANDWIDTHS
    unit = "operations a second of all" if team else "MB/s" if fast else "instructions" if group.exact else "ns"
    alt = f"{title}: {unit} over {name}, for {', '.join(one.name for one in series)}"
    shown = [one for one in group.columns if one.guest in {line.name for line in series}]
    shown_lines = [*series, *(_linear(series) if team else ())]
    return {
        "title": title,
        "name": name,
        "unit": unit,
        "workload": rows[0][1].key.workload,
        "svg": chart.lines(shown_lines, name, f"{unit}, logarithmic", alt),
        "guests": [one.guest for one in shown],
        "rows": [(value, [_cell(group, one, row) for one in shown]) for value, row in sorted(dict(rows).items())],
    }
