"""Stored lines without their statistics: enough to choose those to read whole, and each run's value over time."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferrule.errors import InfrastructureError
from ferrule.records.samples import Conditions
from ferrule.report import ahead, history, series
from ferrule.report.codec import Malformed, decode
from ferrule.report.history import Stored
from ferrule.report.journal import numbered, parse
from ferrule.report.names import check_names


@dataclass(frozen=True)
class Value:
    """What one operation cost in one run."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Outline:
    """One line of the history."""

    run_id: str
    ts: str
    machine: str
    guest: str
    conditions: Conditions | None
    values: Mapping[str, Value]  # by run, as text; doubted ones are not there
    path: Path
    root: Path  # the history's

    @property
    def is_emulated(self) -> bool:
        """Whether its numbers are emulated time, which is not time."""
        return self.conditions is not None and self.conditions.unit == "ns" and not self.conditions.is_time

    def whole(self) -> Stored:
        """The line with everything in it.

        Raises:
            InfrastructureError: it is damaged, or no longer there.
        """
        files = Path(*self.path.relative_to(self.root).parts[2:])  # below year and machine, whatever folder names it
        found = history.load(self.root, glob.escape(files.as_posix()), os.fsencode(self.run_id))
        for one in found:
            if (one.run_id, one.column.guest, one.path) == (self.run_id, self.guest, self.path):
                return one
        raise InfrastructureError(f"{self.path}: run {self.run_id} is no longer there")


def outlines(folder: Path, files: str = "*.jsonl") -> list[Outline]:
    """Everything stored except lines dated in the future, oldest first; of a resumed run the later line.

    Raises:
        InfrastructureError: a line is damaged; names file and line.
    """
    found: dict[tuple[Path, str, str], Outline] = {}
    known: dict[str, Conditions] = {}
    until = ahead.now()
    for path in sorted(folder.glob(f"[0-9][0-9][0-9][0-9]/*/{files}"), key=series.order):
        for where, text in numbered(path):
            one = _outline(parse(text, where), where, path, folder, known)
            if one.ts <= until:
                found[path.parent, one.run_id, one.guest] = one
    return sorted(found.values(), key=lambda one: (one.ts, one.run_id, one.guest))


def _outline(line: Mapping[str, Any], where: str, path: Path, root: Path, known: dict[str, Conditions]) -> Outline:
    try:
        names = {name: decode(str, line[name], f".{name}") for name in ("run_id", "ts", "machine", "guest")}
        check_names(names)
        conditions = None
        if line["conditions"] is not None:
            key = repr(line["conditions"])
            if key not in known:
                known[key] = decode(Conditions, line["conditions"], ".conditions")
            conditions = known[key]
        doubted = {} if line.get("accepted") else line.get("doubts", {})
        keyed = _keys(line, where)
        values = {key: value for key, value in keyed.items() if key not in doubted}
    except (KeyError, TypeError, AttributeError) as error:
        raise InfrastructureError(f"{where}: damaged ({error}); remove or restore the line") from None
    except Malformed as error:
        raise InfrastructureError(f"{where}: {error}") from None
    return Outline(**names, conditions=conditions, values=values, path=path, root=root)


def _keys(line: Mapping[str, Any], where: str) -> dict[str, Value]:
    """The values by run; a run's name is the key of its eight numbers, in the order of the entries that have any."""
    measured = [entry["summary"]["interval"] for entry in line["entries"] if entry["summary"] is not None]
    names = [name for name, value in line.items() if series.is_shape(value)]
    if len(names) != len(measured):
        raise InfrastructureError(f"{where}: {len(names)} runs by name and {len(measured)} with statistics")
    return {
        name: Value(*(decode(float | None, one[part], f".{part}") for part in ("estimate", "low", "high")))  # type: ignore[arg-type]
        for name, one in zip(names, measured, strict=True)
    }
