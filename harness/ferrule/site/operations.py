"""The rows of a group: every operation with a cell for each guest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ferrule.payload.key import RunKey
from ferrule.records.samples import WITHOUT
from ferrule.report.cells import Scales
from ferrule.report.columns import Entry
from ferrule.report.grouping import BANDWIDTHS, CONTROLS, position
from ferrule.report.layout import label, title_of
from ferrule.site.marks import Cell, cell
from ferrule.site.shelf import Group


@dataclass(frozen=True)
class Operation:
    """One run key in a group."""

    key: RunKey
    title: str  # the title of the table that it belongs to
    params: str
    per: str
    place: str
    family: str
    cells: tuple[Cell, ...]  # in the order of the group's lines

    @property
    def name(self) -> str:
        """Workload with parameters and place."""
        return " ".join(filter(None, [self.key.workload, self.params, self.place]))

    @property
    def numbers(self) -> int:
        """How many guests have a number."""
        return sum(one.kind == "number" for one in self.cells)


def operations(group: Group, *, full: bool, workload: str | None = None, controls: bool = False) -> list[Operation]:
    """The operations that any guest of a group has a number or a fault for, in the order of tables."""
    keys = sorted({entry.key for column in group.columns for entry in column.entries})
    made = []
    for key in keys:
        if workload is not None and key.workload != workload:
            continue
        entries = [column.find(key) for column in group.columns]
        if has_result(entries):
            made.append(_operation(group, key, entries, full=full))
    kept = [one for one in made if controls or one.title != CONTROLS]
    return sorted(kept, key=lambda one: (position(one.title), one.key))


def has_result(entries: Iterable[Entry | None]) -> bool:
    """Whether any guest has a result: a number, a fault or a verification."""
    return any(entry is not None and entry.status not in (*WITHOUT, "missing") for entry in entries)


def _operation(group: Group, key: RunKey, entries: list[Entry | None], *, full: bool) -> Operation:
    title = title_of(entries)
    scales = Scales.of([entry.summary if entry else None for entry in entries], bandwidth=title == BANDWIDTHS)
    name, per, place = label(entries)
    cells = [
        cell(entry, line, scales, group.linux, group.floor, full=full)
        for entry, line in zip(entries, group.lines, strict=True)
    ]
    family = next(entry.family for entry in entries if entry is not None)
    return Operation(key, title, name.removeprefix(key.workload).strip(), per, place, family, tuple(cells))
