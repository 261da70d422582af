"""Which stored lines may be compared: groups whose conditions allow a ratio between any two lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferrule.errors import UsageError
from ferrule.report.history import Stored
from ferrule.report.outlines import Outline, outlines
from ferrule.stats.compare import obstacle


@dataclass(frozen=True)
class Chosen:
    """The line chosen for each kernel, in the order asked, and why other kernels have none."""

    lines: tuple[Stored, ...]
    without: tuple[tuple[str, str], ...] = ()


def groups(stored: Iterable[Outline]) -> list[list[Outline]]:
    """Lines that may be compared, the newest of each guest; the group with the newest line comes first.

    Lines with emulated time are in no group, nor are guests that sent no record.
    """
    found: list[list[Outline]] = []
    for line in sorted(stored, key=lambda one: (one.ts, one.run_id), reverse=True):
        if line.conditions is None or line.is_emulated:
            continue
        group = next((one for one in found if all(why_not(line, other) is None for other in one)), None)
        if group is None:
            found.append([line])
        elif all(other.guest != line.guest for other in group):
            group.append(line)
    return [sorted(group, key=lambda one: one.guest) for group in found]


def why_not(one: Outline, other: Outline) -> str | None:
    """Why two lines have no ratio; None when they have one. Times compare only on one machine."""
    if one.conditions is None or other.conditions is None:
        return "sent no record"
    if one.conditions.is_time and one.machine != other.machine:
        return f"machine differs ({one.machine} and {other.machine})"
    return obstacle(one.conditions, other.conditions)


def choose(folder: Path, kernels: Sequence[str]) -> Chosen:
    """The newest lines of these kernels under the same conditions; of several such sets the one with the most kernels.

    Raises:
        UsageError: no two of them were measured under the same conditions.
        InfrastructureError: a stored line is damaged.
    """
    stored = [line for line in outlines(folder) if line.guest in kernels]
    best = max(groups(stored), key=len, default=[])
    by_name = {line.guest: line for line in best}
    without = [(name, _reason(name, stored, best)) for name in kernels if name not in by_name]
    if len(best) < 2:
        why = "; ".join(f"{name}: {text}" for name, text in without)
        raise UsageError(f"{', '.join(kernels)}: no two of them were measured under the same conditions: {why}")
    return Chosen(tuple(by_name[name].whole() for name in kernels if name in by_name), tuple(without))


def _reason(name: str, stored: Sequence[Outline], best: Sequence[Outline]) -> str:
    """Why no line of a kernel was chosen."""
    lines = [line for line in stored if line.guest == name and line.conditions is not None]
    if not lines:
        return "sent no record"
    others = (why for one in best if (why := why_not(one, lines[-1])))
    return next(others, "its newest run belongs to another set of runs")
