"""The decision view as data: families, the ranking over them, each kernel's weakest points and gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferrule.decision import weights as weighing
from ferrule.decision.chosen import Chosen
from ferrule.decision.costs import Table, tables
from ferrule.decision.gaps import Gaps, gaps
from ferrule.decision.weights import Room
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.report.columns import Column
from ferrule.stats.compare import Ratio
from ferrule.stats.effects import Effects, combined

WEAKEST = 3  # operations listed for each kernel


@dataclass(frozen=True)
class Standing:
    """A kernel's place: what its operations cost over those of the first kernel; 1 for the first itself."""

    kernel: str
    cost: Ratio
    rows: int  # operations that it has a number for


@dataclass(frozen=True)
class Family:
    """Who leads in a family. Kernels that share no operation with these are in `apart`."""

    name: str
    workloads: int
    rows: int
    standings: tuple[Standing, ...]  # cheapest first
    apart: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    """The kernels over all weighted families."""

    weights: Mapping[str, float]
    given: frozenset[str]  # families whose weight the reader gave
    standings: tuple[Standing, ...]
    unranked: tuple[tuple[str, tuple[str, ...]], ...]  # kernels, with the weighted families that they have no number in
    rooms: tuple[Room, ...]


@dataclass(frozen=True)
class Weak:
    """An operation that another kernel does for less."""

    kernel: str
    key: RunKey
    best: str
    cost: Ratio


@dataclass(frozen=True)
class Decision:
    """The whole view."""

    chosen: Chosen
    families: tuple[Family, ...]
    ranking: Ranking | None  # None: no weighted family in which two kernels can be ranked
    weakest: tuple[tuple[str, tuple[Weak, ...]], ...]
    gaps: tuple[Gaps, ...]

    @property
    def columns(self) -> list[Column]:
        """The columns of the chosen lines."""
        return [one.column for one in self.chosen.lines]


def decide(chosen: Chosen, weight: str | None = None) -> Decision:
    """Make the view.

    Args:
        chosen: lines under the same conditions.
        weight: `ipc=3,fs=0`. Families that are not named weigh 1 where every kernel has a number in them, else 0.

    Raises:
        UsageError: the weights are not valid, or no operation has a number on two kernels.
    """
    columns = [one.column for one in chosen.lines]
    found = tables(columns)
    fits = {one.family: fitted for one in found if (fitted := one.fitted()) is not None}
    names = [one.guest for one in columns]
    if not fits:
        raise UsageError(f"{', '.join(names)}: no operation has a number on two of them")
    given = {} if weight is None else weighing.parse(weight, list(fits))
    weights = {name: given.get(name, float(set(fits[name].columns) == set(names))) for name in fits}
    if weight is not None and not any(weights.values()):
        raise UsageError(f"--weight {weight}: no family has a weight; give one a number over 0")
    weakest = [(name, _weakest(name, found)) for name in names]
    return Decision(
        chosen,
        tuple(_family(one, fits[one.family]) for one in found if one.family in fits),
        _ranking(found, fits, weights, names, frozenset(given)),
        tuple((name, weak) for name, weak in weakest if weak),
        tuple(gaps(columns)),
    )


def _family(table: Table, fitted: Effects) -> Family:
    order = sorted(fitted.columns, key=fitted.value)
    standings = tuple(Standing(name, fitted.ratio(order[0], name), table.count(name)) for name in order)
    apart = tuple(name for name in table.kernels if name not in fitted.columns)
    return Family(table.family, len({key.workload for key in table.rows}), len(table.rows), standings, apart)


def _ranking(
    found: Sequence[Table],
    fits: Mapping[str, Effects],
    weights: Mapping[str, float],
    names: Sequence[str],
    given: frozenset[str],
) -> Ranking | None:
    lacking = {
        name: tuple(family for family, weight in weights.items() if weight and name not in fits[family].columns)
        for name in names
    }
    whole = [name for name in names if not lacking[name]]
    if len(whole) < 2 or not any(weights.values()):
        return None
    effects = {
        family: {name: fitted.value(name) for name in fitted.columns}
        for family, fitted in fits.items()
        if set(whole) <= set(fitted.columns)
    }
    counted = {family: weight for family, weight in weights.items() if family in effects}
    order = list(weighing.scores(effects, counted, whole))
    rows = {name: sum(one.count(name) for one in found if weights.get(one.family)) for name in whole}
    standings = tuple(Standing(name, _over(fits, counted, order[0], name), rows[name]) for name in order)
    rooms = tuple(weighing.room(effects, counted, order, family) for family in counted)
    unranked = tuple((name, why) for name, why in lacking.items() if why)
    return Ranking(weights, given, standings, unranked, rooms)


def _over(fits: Mapping[str, Effects], weights: Mapping[str, float], base: str, candidate: str) -> Ratio:
    """The ratio of two kernels over all weighted families."""
    total = sum(weights.values())
    used = [(fits[family], weight / total) for family, weight in weights.items() if weight]
    cells = [cell for fitted, _ in used for cell in fitted.cells]
    return combined(cells, np.concatenate([share * fitted.difference(base, candidate) for fitted, share in used]))


def _weakest(kernel: str, found: Sequence[Table]) -> tuple[Weak, ...]:
    """The operations that cost most over the cheapest kernel, one for each workload."""
    every = sorted((one for table in found for one in table.behind(kernel)), key=lambda one: (-one[2].ratio, one[0]))
    seen: dict[str, Weak] = {}
    for key, best, cost in every:
        seen.setdefault(key.workload, Weak(kernel, key, best, cost))
    return tuple(seen.values())[:WEAKEST]
