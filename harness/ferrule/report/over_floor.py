"""What a guest's operations cost in multiples of the floor's: the bare processor's cost of the same operation.

The column stands beside a guest's own where conditions allow a ratio (stats/compare.py decides), and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.report import units
from ferrule.report.columns import Column, Entry
from ferrule.stats.compare import compare, obstacle, unlike

HEADING = "\u00d7 floor"
OS = "floor"  # the port whose operations are the hardware's own (guest/os/floor)


def floor_among(columns: Sequence[Column]) -> Column | None:
    """The floor's column; None when it was not measured."""
    return next((column for column in columns if column.conditions and column.conditions.os == OS), None)


def has_ratios(column: Column, floor: Column | None) -> bool:
    """Whether a guest's numbers may be divided by the floor's."""
    return floor is not None and column is not floor and _obstacle(column, floor) is None


def cell(entry: Entry | None, column: Column, base: Entry | None, floor: Column) -> tuple[str, str | None]:
    """The ratio as text, and why there is none although both were measured."""
    if entry is None or base is None or entry.summary is None or base.summary is None:
        return "", None
    if column.conditions is None or floor.conditions is None:
        return "", None
    if entry.summary.unit == "instructions" and entry.summary.meaning.waits:
        return "", None
    if why := unlike(base.summary, entry.summary):
        return "none", f"no {HEADING}: {why}"
    found = compare(base.summary, floor.conditions, entry.summary, column.conditions)
    lacks = None if found.low is not None else f"{HEADING}: {found.method}"
    return units.ratio(found.ratio, found.low, found.high), lacks


def refusals(columns: Sequence[Column]) -> list[str]:
    """Which guests have no such column, and why. footer.py reports times beside counts, for all columns."""
    if (floor := floor_among(columns)) is None or floor.conditions is None:
        return []
    others = [one for one in columns if one.conditions and one.conditions.unit == floor.conditions.unit]
    return [
        f"{one.guest}: no {HEADING}: {why}" for one in others if one is not floor and (why := _obstacle(one, floor))
    ]


def explanation(columns: Sequence[Column]) -> list[str]:
    """What the column says and how its intervals were made; nothing where there is no such column."""
    floor = floor_among(columns)
    guests = [column.guest for column in columns if has_ratios(column, floor)]
    if floor is None or floor.conditions is None or not guests:
        return []
    exact = floor.conditions.unit == "instructions"
    how = (
        "exact, with a range where a count has one"
        if exact
        else "95 % intervals by MOVER on logarithms, runs not paired"
    )
    return [f"{HEADING} of {', '.join(guests)}: cost of an operation divided by the floor's; {how}"]


def _obstacle(column: Column, floor: Column) -> str | None:
    if column.conditions is None or floor.conditions is None:
        return "it sent no record"
    return obstacle(floor.conditions, column.conditions)
