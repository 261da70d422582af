"""A page for each workload: what one operation is, what it costs on each kernel, and what it cost before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from markupsafe import Markup

from ferrule.report import units
from ferrule.report.outlines import Outline
from ferrule.report.verdicts import word_of
from ferrule.site import chart, tails
from ferrule.site.marks import grouped
from ferrule.site.operations import Operation, operations
from ferrule.site.page import Page
from ferrule.site.profiles import Anatomy
from ferrule.site.prose import inline
from ferrule.site.shelf import Group, Shelf
from ferrule.stats.tails import QUANTILES


def pages(shelf: Shelf, described: Mapping[str, Mapping[str, Any]], anatomy: Anatomy) -> Iterator[Page]:
    """A page for each workload that a guest has an answer for.

    Args:
        shelf: what is stored.
        described: what each workload is, by name; without those that this checkout does not have.
        anatomy: stored profiles.
    """
    names = {name for answers in shelf.answers.values() for name in answers}
    for name in sorted(names):
        found = [(group, rows) for group in shelf.groups if (rows := operations(group, full=True, workload=name,
                                                                               controls=True))]  # fmt: skip
        context = {
            "name": name,
            "about": described.get(name),
            "without": _without(shelf, name),
            "blocks": [_block(group, rows) for group, rows in found],
            "answers": [(guest, answers[name]) for guest, answers in shelf.answers.items() if name in answers],
            "quantiles": list(QUANTILES),
            "anatomy": anatomy.of(name),
        }
        yield Page(f"workloads/{name}.html", "workload.html", name, "overview", context)


def _without(shelf: Shelf, name: str) -> dict[str, str]:
    """Ports on which no guest has a workload, with the word for it: its calls there are not shown."""
    found: dict[str, list[str]] = {}
    for group in shelf.groups:
        for column in group.columns:
            answer = shelf.answers.get(column.guest, {}).get(name)
            if column.conditions is not None and answer is not None:
                found.setdefault(column.conditions.os, []).append(answer.verdict.verdict)
    return {os: word_of(answers[0]) for os, answers in found.items() if set(answers) <= {"absent", "not_ported"}}


@cache
def descriptions() -> Mapping[str, Mapping[str, Any]]:
    """What `ferrule list` shows of each workload."""
    from ferrule.payload import operations as sources
    from ferrule.payload import sequences
    from ferrule.payload.registry import workloads

    found = {}
    for one in workloads().values():
        calls = sequences.calls(one.path)
        found[one.name] = {
            "what": one.what,
            "per": one.per.replace("_", " "),
            "family": one.family,
            "ports": list(sequences.answers()),
            "calls": [
                (
                    end,
                    step.name.removeprefix("os_").replace("_", " "),
                    [(os, text) for os, text in step.kernels.items()],
                )
                for end, steps in (("timed", calls.timed), ("other end", calls.others))
                for step in steps
            ],
            "comment": [inline(line) for line in sources.comment(one.path).splitlines()],
        }
    return found


def _block(group: Group, rows: Sequence[Operation]) -> dict[str, Any]:
    return {
        "group": group,
        "rows": rows,
        "charts": [picture for row in rows if (picture := _bars(group, row)) is not None],
        "tails": tails.rows(group, rows),
        "tail_charts": tails.charts(group, rows),
        "history": [shown for row in rows if (shown := _history(group, row)) is not None],
    }


def _bars(group: Group, row: Operation) -> tuple[str, Markup] | None:
    """The costs of one operation, where two kernels or more have one; else None."""
    costs = {
        guest: (one.value, one.text.partition(" [")[0])
        for guest, one in zip(group.guests, row.cells, strict=True)
        if one.kind == "number" and one.value is not None and one.value > 0
    }
    if len(costs) < 2:
        return None
    ordered = dict(sorted(costs.items(), key=lambda item: item[1][0]))
    texts = ", ".join(f"{name} {text}" for name, (_, text) in ordered.items())
    return row.name, chart.bars(ordered, f"{row.name}: {texts}")


def _history(group: Group, row: Operation) -> tuple[str, Markup, list[tuple[str, str, str, str]]] | None:
    """Chart and table of the runs that compare with the newest, where a guest has two; None for time asleep."""
    if any(cell.kind == "sleep" for cell in row.cells):
        return None
    key = str(row.key)
    runs = sorted({(one.ts, one.run_id) for past in group.past.values() for one in past if _counts(one, key)})
    place = {run: number for number, run in enumerate(runs)}
    series, table = [], []
    for guest in group.guests:
        past = [one for one in group.past[guest] if _counts(one, key)]
        if len(past) > 1:
            points = [
                (float(place[one.ts, one.run_id]), one.values[key].estimate,
                 f"{_value(group, one, key)}, run {one.run_id}")
                for one in past
            ]  # fmt: skip
            series.append(chart.Line(guest, group.guests.index(guest), points))
            table += [(guest, one.ts[:10], one.run_id, _value(group, one, key)) for one in past[-12:]]
    if not series:
        return None
    unit = "instructions" if group.exact else "ns"
    picture = chart.lines(series, "runs, oldest first", unit, f"{row.name}: {unit} over runs", numbered=True)
    return row.name, picture, table


def _counts(one: Outline, key: str) -> bool:
    return key in one.values and one.values[key].estimate > 0


def _value(group: Group, one: Outline, key: str) -> str:
    value = one.values[key]
    return grouped((units.count if group.exact else units.time)(value.estimate, value.low, value.high))
