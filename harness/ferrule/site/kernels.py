"""A page for each kernel: what works, what it costs, what is wrong, and what changed since the build before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferrule.errors import UsageError
from ferrule.records.conditions import departures
from ferrule.report import units
from ferrule.report.cells import Scales
from ferrule.report.comparison import Side, compare_runs
from ferrule.report.grouping import BANDWIDTHS, CONTROLS
from ferrule.report.history import Stored, slug
from ferrule.report.layout import title_of
from ferrule.report.verdicts import WORKS, count_line
from ferrule.site import builds, findings
from ferrule.site.marks import grouped, record_of
from ferrule.site.operations import operations
from ferrule.site.overview import decision
from ferrule.site.page import Page
from ferrule.site.shelf import Group, Shelf, kernel_of

FAULTS = ("wrong", "failed", "crashed", "hung", "lost")


@dataclass(frozen=True)
class Change:
    """An operation whose cost has changed."""

    key: str
    workload: str
    before: str
    after: str
    ratio: str
    value: float
    certain: bool


def pages(shelf: Shelf, known: Mapping[str, builds.Build]) -> Iterator[Page]:
    """A page for each guest.

    Args:
        shelf: what is stored.
        known: builds of kernel files, by SHA-256.
    """
    for guest in shelf.guests:
        answers = shelf.answers.get(guest, {})
        verdicts = [one.verdict for one in answers.values()]
        context = {
            "guest": guest,
            "blocks": [_block(group, line, known) for group in shelf.groups if (line := group.line(guest)) is not None],
            "faults": [one for one in answers.values() if one.verdict.verdict in FAULTS],
            "gaps": [one for one in answers.values() if one.verdict.verdict not in (*FAULTS, WORKS)],
            "works": [one for one in answers.values() if one.verdict.verdict == WORKS and not one.verdict.control],
            "counts": count_line(guest, verdicts) if verdicts else "",
            "findings": findings.of(guest),
            "record_of": record_of,
        }
        yield Page(f"kernels/{slug(guest)}.html", "kernel.html", guest, guest, context)


def _block(group: Group, line: Stored, known: Mapping[str, builds.Build]) -> dict[str, Any]:
    number = group.guests.index(line.column.guest)
    rows = [(row, row.cells[number]) for row in operations(group, full=True)]
    found = decision(group)
    families = [
        (one, next((place for place, each in enumerate(one.standings, 1) if each.kernel == line.column.guest), None))
        for one in (found.families if found else ())
    ]
    return {
        "group": group,
        "line": line,
        "build": builds.of(known, line.column.conditions),
        "rows": [(row, cell) for row, cell in rows if cell.kind in ("number", "sleep")],
        "families": [(one, place, one.standings[place - 1]) for one, place in families if place is not None],
        "change": _changes(group, line),
    }


def _changes(group: Group, line: Stored) -> dict[str, Any] | None:
    """The changes since the newest run of another build of this kernel, or else since the run before this one."""
    past = [one for one in group.past[line.column.guest] if one.run_id != line.run_id]
    now = next((one for one in group.past[line.column.guest] if one.run_id == line.run_id), None)
    if not past or now is None:
        return None
    others = [one for one in past if kernel_of(one) != kernel_of(now)]
    before = (others or past)[-1].whole()
    assert before.column.conditions is not None
    assert line.column.conditions is not None
    try:
        made = compare_runs(Side(before.run_id, [before.column]), Side(line.run_id, [line.column]))
    except UsageError:
        return None
    (compared,) = made.guests.values()
    rows = []
    for row in compared:
        if row.cost.differs and title_of([row.base]) != CONTROLS:
            both = [row.base.summary, row.candidate.summary]
            scales = Scales.of(both, bandwidth=title_of([row.base]) == BANDWIDTHS)
            old, new = (grouped(scales.show(one)) for one in both if one is not None)
            text = units.ratio(row.cost.ratio, row.cost.low, row.cost.high)
            key = row.base.key
            rows.append(Change(str(key), key.workload, old, new, text, row.cost.ratio, row.cost.low == row.cost.high))
    rows.sort(key=lambda one: (-max(one.value, 1 / one.value), one.key))
    return {
        "before": before,
        "build": bool(others),
        "departures": _short(departures(before.column.conditions, line.column.conditions)),
        "rows": rows,
        "same": len(compared) - len(rows),
        "without": made.without,
    }


def _short(lines: Sequence[str]) -> list[str]:
    return [line if len(line) <= 160 else f"{line[:157]}..." for line in lines]
