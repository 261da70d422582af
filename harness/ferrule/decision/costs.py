"""The numbers that kernels are ranked by: a table for each family, operations as rows and kernels as columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ferrule.payload.key import RunKey
from ferrule.report.columns import Column, Entry
from ferrule.stats.compare import Ratio, ratio
from ferrule.stats.effects import Effects, fit
from ferrule.stats.interval import Interval
from ferrule.stats.summary import Summary


@dataclass(frozen=True)
class Table:
    """A family's costs. Kernels are named, in the order asked."""

    family: str
    kernels: tuple[str, ...]
    cells: Mapping[tuple[RunKey, str], Interval]  # of rows for which two kernels or more have a number

    @property
    def rows(self) -> tuple[RunKey, ...]:
        """The operations, in their order."""
        return tuple(dict.fromkeys(key for key, _ in self.cells))

    def count(self, kernel: str) -> int:
        """How many operations this kernel and another one have a number for."""
        return sum(name == kernel for _, name in self.cells)

    def fitted(self) -> Effects | None:
        """The kernels' costs over all rows. A workload counts once: the rows of its parameters share its weight."""
        shares: dict[str, int] = {}
        for key in self.rows:
            shares[key.workload] = shares.get(key.workload, 0) + 1
        weights = {str(key): 1.0 / shares[key.workload] for key in self.rows}
        cells = {(str(key), kernel): interval for (key, kernel), interval in self.cells.items()}
        return fit(cells, weights, self.kernels)

    def behind(self, kernel: str) -> list[tuple[RunKey, str, Ratio]]:
        """Operations that another kernel does for less, with the cheapest kernel and the ratio to it; largest first."""
        found = []
        for key in self.rows:
            costs = {name: self.cells[key, name] for name in self.kernels if (key, name) in self.cells}
            best = min(costs, key=lambda name: costs[name].estimate)
            if kernel in costs and costs[best].estimate < costs[kernel].estimate:
                found.append((key, best, ratio(costs[best], costs[kernel])))
        return sorted(found, key=lambda one: (-one[2].ratio, one[0]))


def tables(columns: Sequence[Column]) -> list[Table]:
    """One for each family in which two kernels have a number, by name; without controls, doubted values and sleeps."""
    kernels = tuple(column.guest for column in columns)
    families: dict[str, dict[RunKey, dict[str, Summary]]] = {}
    for column in columns:
        for entry, summary in _believed(column):
            families.setdefault(entry.family, {}).setdefault(entry.key, {})[column.guest] = summary
    made = []
    for family, rows in sorted(families.items()):
        cells = {(key, name): one for key in sorted(rows) for name, one in _same_operation(rows[key]).items()}
        if cells:
            made.append(Table(family, kernels, cells))
    return made


def _believed(column: Column) -> Iterator[tuple[Entry, Summary]]:
    for entry in column.trusted:
        summary = entry.summary
        if summary is None or entry.control or summary.estimate <= 0:
            continue
        if not (summary.unit == "instructions" and summary.meaning.waits):  # instructions do not measure time asleep
            yield entry, summary


def _same_operation(row: Mapping[str, Summary]) -> dict[str, Interval]:
    """The intervals of the largest set of kernels whose operation is the same; empty where no two have the same."""
    kinds: dict[object, dict[str, Interval]] = {}
    for name, one in row.items():
        kinds.setdefault((one.meaning, one.place, one.params, one.unit), {})[name] = one.interval
    best = max(kinds.values(), key=len)
    return best if len(best) > 1 else {}
