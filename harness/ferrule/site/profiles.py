"""Stored profiles (`ferrule anatomy --out`): an operation's counts, and where its instructions go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferrule.anatomy.formats.tables import figure
from ferrule.anatomy.made_of import TITLES
from ferrule.anatomy.profile import SUFFIX, Profile, load
from ferrule.site.marks import grouped

FOLDER = "anatomy"
TOP = 12  # functions listed for each kernel


@dataclass(frozen=True)
class Anatomy:
    """The profiles of each workload, by guest."""

    profiles: Mapping[str, Sequence[Profile]]

    def of(self, workload: str) -> list[dict[str, Any]]:
        """A block for each run of a workload: counts side by side, then each kernel's first functions."""
        found: dict[str, list[Profile]] = {}
        for one in self.profiles.get(workload, ()):
            found.setdefault(one.workload, []).append(one)
        return [
            {
                "run": run,
                "guests": [one.guest for one in runs],
                "counts": _counts(runs),
                "functions": [(one, _functions(one)) for one in runs],
                "conditions": [(one.guest, _joined(one.conditions)) for one in runs],
            }
            for run, runs in sorted(found.items())
        ]


def take(folder: Path) -> Anatomy:
    """Read all profiles in the history's folder `anatomy` and below it.

    Raises:
        UsageError: a file is no profile; names it.
    """
    found: dict[str, list[Profile]] = {}
    for path in sorted((folder / FOLDER).rglob(f"*{SUFFIX}")):
        one = load(path)
        found.setdefault(one.workload.partition("[")[0], []).append(one)
    return Anatomy({name: sorted(read, key=lambda one: one.guest) for name, read in found.items()})


def _joined(conditions: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {text}" for name, text in sorted(conditions.items()))


def _counts(profiles: Sequence[Profile]) -> list[tuple[str, list[str]]]:
    """A row for each count: title, a text for each profile. Rows that are zero everywhere are left out."""
    rows = [("instructions", [grouped(figure(one.value)) for one in profiles])]
    for name, title in TITLES.items():
        cells = [one.made_of.get(name) for one in profiles]
        if any(cell is not None and cell.high for cell in cells):
            rows.append((title, ["" if cell is None else _range(cell.value, cell.low, cell.high) for cell in cells]))
    return rows


def _range(value: float, low: float, high: float) -> str:
    return grouped(figure(value) if low == high else f"{figure(value)} [{figure(low)}, {figure(high)}]")


def _functions(one: Profile) -> list[tuple[str, str, str]]:
    """The functions with the most instructions of their own."""
    own = sorted(one.exclusive().items(), key=lambda item: (-item[1], item[0]))[:TOP]
    total = sum(one.exclusive().values()) or 1.0
    return [
        (one.functions[number].short, grouped(figure(count)), f"{100 * count / total:.1f} %") for number, count in own
    ]
