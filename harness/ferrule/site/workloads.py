"""A page for each workload: what one operation is, what it costs on each kernel, and what it cost before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from markupsafe import Markup

from ferrule.report import units
from ferrule.report.columns import Column
from ferrule.report.outlines import Outline
from ferrule.site import chart
from ferrule.site.operations import Operation, operations
from ferrule.site.page import Page
from ferrule.site.profiles import Anatomy
from ferrule.site.shelf import Group, Shelf
from ferrule.stats.summary import Summary


def pages(shelf: Shelf, described: Mapping[str, Mapping[str, Any]], anatomy: Anatomy) -> Iterator[Page]:
    """One a workload that anybody answered.

    Args:
        shelf: what is stored.
        described: what each workload is, by name; nothing for those that this checkout does not have.
        anatomy: stored profiles.
    """
    names = {name for held in shelf.answers.values() for name in held}
    for name in sorted(names):
        found = [(group, rows) for group in shelf.groups if (rows := operations(group, full=True, workload=name,
                                                                               controls=True))]  # fmt: skip
        context = {
            "name": name,
            "about": described.get(name),
            "blocks": [_block(group, rows) for group, rows in found],
            "answers": [(guest, held[name]) for guest, held in shelf.answers.items() if name in held],
            "anatomy": anatomy.of(name),
        }
        yield Page(f"workloads/{name}.html", "workload.html", name, "overview", context)


@cache
def descriptions() -> Mapping[str, Mapping[str, Any]]:
    """What `ferrule list` knows of each workload."""
    from ferrule.payload import operations as calls
    from ferrule.payload.registry import workloads

    ports = calls.ports()
    found = {}
    for one in workloads().values():
        called = calls.calls(one.path)
        found[one.name] = {
            "what": one.what,
            "per": one.per.replace("_", " "),
            "family": one.family,
            "calls": called,
            "lacks": {os: names for os, missing in ports.items() if (names := [x for x in called if x in missing])},
            "comment": calls.comment(one.path).splitlines(),
        }
    return found


def _block(group: Group, rows: Sequence[Operation]) -> dict[str, Any]:
    return {
        "group": group,
        "rows": rows,
        "charts": [picture for row in rows if (picture := _bars(group, row)) is not None],
        "tails": _tails(group, rows),
        "history": [told for row in rows if (told := _history(group, row)) is not None],
    }


def _bars(group: Group, row: Operation) -> tuple[str, Markup] | None:
    """The costs of one operation, where two kernels or more have one."""
    held = {
        guest: (one.value, one.text.partition(" [")[0])
        for guest, one in zip(group.guests, row.cells, strict=True)
        if one.kind == "number" and one.value is not None and one.value > 0
    }
    if len(held) < 2:
        return None
    ordered = dict(sorted(held.items(), key=lambda item: item[1][0]))
    said = ", ".join(f"{name} {text}" for name, (_, text) in ordered.items())
    return row.name, chart.bars(ordered, f"{row.name}: {said}")


def _tails(group: Group, rows: Sequence[Operation]) -> list[tuple[str, str, str, str, str]]:
    """Quantiles of the operations timed one by one."""
    found = []
    for row in rows:
        for column in group.columns:
            summary = _summary(column, row)
            if summary is not None and summary.tails is not None and not (group.exact and summary.meaning.waits):
                p99, p999 = (
                    "" if one is None else _amount(group, one.estimate, one.low, one.high)
                    for one in map(summary.tails.quantiles.get, ("p99", "p99.9"))
                )
                most = _amount(group, summary.tails.max, None, None)
                found.append((row.name, column.guest, p99, p999, f"{most} of {summary.tails.count}"))
    return found


def _summary(column: Column, row: Operation) -> Summary | None:
    entry = column.find(row.key)
    return entry.summary if entry else None


def _amount(group: Group, estimate: float, low: float | None, high: float | None) -> str:
    if group.exact:
        return units.count(round(estimate), low and float(int(low)), high and float(-int(-high // 1)))
    return units.time(estimate, low, high)


def _history(group: Group, row: Operation) -> tuple[str, Markup, list[tuple[str, str, str, str]]] | None:
    """The values of all runs that compare with the newest, where a guest has two."""
    key = str(row.key)
    runs = sorted({(one.ts, one.run_id) for held in group.past.values() for one in held if _counts(one, key)})
    place = {run: number for number, run in enumerate(runs)}
    series, table = [], []
    for guest in group.guests:
        held = [one for one in group.past[guest] if _counts(one, key)]
        if len(held) > 1:
            points = [
                (float(place[one.ts, one.run_id]), one.values[key].estimate,
                 f"{_told(group, one, key)}, run {one.run_id}")
                for one in held
            ]  # fmt: skip
            series.append(chart.Line(guest, group.guests.index(guest), points))
            table += [(guest, one.ts[:10], one.run_id, _told(group, one, key)) for one in held[-12:]]
    if not series:
        return None
    unit = "instructions" if group.exact else "ns"
    picture = chart.lines(series, "runs, oldest first", unit, f"{row.name}: {unit} over runs", numbered=True)
    return row.name, picture, table


def _counts(one: Outline, key: str) -> bool:
    return key in one.values and one.values[key].estimate > 0


def _told(group: Group, one: Outline, key: str) -> str:
    value = one.values[key]
    return (units.count if group.exact else units.time)(value.estimate, value.low, value.high)
