"""Compares two profiles of a workload by function: where a change of its instructions comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tabulate import tabulate

from ferrule.anatomy.formats.tables import STYLES, figure
from ferrule.anatomy.profile import SUFFIX, Profile, load
from ferrule.anatomy.symbols import short
from ferrule.errors import UsageError

LEAST = 0.005  # of an instruction: less is a rounding error


@dataclass(frozen=True)
class Change:
    """A function's own instructions an operation."""

    name: str
    before: float
    after: float

    @property
    def more(self) -> float:
        """How many more instructions after than before."""
        return self.after - self.before

    def __str__(self) -> str:
        """`+12 context::switch::switch (1428 to 1440)`."""
        return f"{_signed(self.more)} {short(self.name)} ({figure(self.before)} to {figure(self.after)})"


def changes(before: Profile, after: Profile) -> list[Change]:
    """All functions that changed, by size of change. Functions are matched by name, whatever their address."""
    old, new = _by_name(before), _by_name(after)
    found = [Change(name, old.get(name, 0.0), new.get(name, 0.0)) for name in {*old, *new}]
    return sorted((one for one in found if abs(one.more) >= LEAST), key=lambda one: (-abs(one.more), one.name))


def _by_name(profile: Profile) -> dict[str, float]:
    found: dict[str, float] = {}
    for function, count in profile.exclusive().items():
        name = profile.functions[function].name
        found[name] = found.get(name, 0.0) + count
    return found


def table(before: Profile, after: Profile, top: int, style: str = "text") -> str:
    """Changes by function, the largest first, and their sum."""
    found = changes(before, after)
    rows = [(_signed(one.more), figure(one.before), figure(one.after), short(one.name)) for one in found[:top]]
    if len(found) > top:
        rest = found[top:]
        rows.append((_signed(sum(one.more for one in rest)), "", "", f"{len(rest)} more functions"))
    rows.append((_signed(after.value - before.value), figure(before.value), figure(after.value), "all"))
    heads = ("change", "before", "after", "function")
    return tabulate(rows, heads, tablefmt=STYLES[style], disable_numparse=True, colalign=("right",) * 3)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{figure(value)}"


def stored(first: Path, second: Path) -> list[tuple[Profile, Profile]]:
    """Profiles in pairs: two files, or the files of the same name in two folders.

    Raises:
        UsageError: there is nothing to compare, or two profiles are of different workloads.
    """
    if first.is_dir() and second.is_dir():
        names = sorted(
            {path.name for path in first.glob(f"*{SUFFIX}")} & {path.name for path in second.glob(f"*{SUFFIX}")}
        )
        if not names:
            raise UsageError(f"--diff {first} {second}: the folders have no profile of the same name")
        pairs = [(load(first / name), load(second / name)) for name in names]
    else:
        pairs = [(load(first), load(second))]
    for one, other in pairs:
        if (one.workload, one.per) != (other.workload, other.per):
            raise UsageError(f"--diff: {one.workload} and {other.workload} are different operations")
    return pairs
