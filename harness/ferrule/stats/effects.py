"""Ratios of columns of a table that has empty cells: the row-adjusted ratio of two columns, with an interval.

A cell is a cost y > 0 of an operation (row i) on a kernel (column j). On logarithms the additive model

    ln y_ij = row_i + column_j

is fitted by weighted least squares (the adjusted means of an unbalanced two-way layout; Searle, Speed & Milliken, The
American Statistician 34, 1980, 216-221). With no empty cells exp(column_a - column_b) is the geometric mean of the
ratios; else a row counts for the columns that it has, and not at all where it has only one. Every difference is a
linear combination of the cells' logarithms, so its limits come from theirs: by adding the ranges where all are exact,
else by MOVER for linear combinations (Zou, Huang & Zhang, Computational Statistics & Data Analysis 53, 2009,
1080-1085).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from ferrule.stats.compare import Ratio
from ferrule.stats.interval import Interval

Floats = NDArray[np.float64]
Cells = Mapping[tuple[str, str], Interval]  # by row and column
_NOTHING = 1e-12  # smaller coefficients are zero, with rounding errors


@dataclass(frozen=True)
class Effects:
    """The fitted columns: the largest set of columns that shared rows connect."""

    columns: tuple[str, ...]
    cells: tuple[Interval, ...]
    coefficients: Floats  # (columns, cells): a column's effect is the sum over the logarithms of the cells

    def value(self, column: str) -> float:
        """A column's effect; only differences of two effects have a meaning."""
        logs = np.array([log(cell.estimate) for cell in self.cells])
        return float(self.coefficients[self.columns.index(column)] @ logs)

    def difference(self, base: str, candidate: str) -> Floats:
        """The coefficients of candidate minus base."""
        at = self.columns.index
        return np.asarray(self.coefficients[at(candidate)] - self.coefficients[at(base)])

    def ratio(self, base: str, candidate: str) -> Ratio:
        """Candidate over base: 2 costs twice as much."""
        return combined(self.cells, self.difference(base, candidate))


def fit(cells: Cells, weights: Mapping[str, float], order: Sequence[str]) -> Effects | None:
    """Fit the columns.

    Args:
        cells: positive costs.
        weights: of the rows, positive.
        order: all columns; of two equally large connected sets, the one that holds the first of these is used.

    Returns:
        None where no row has two columns.
    """
    rows: dict[str, list[str]] = {}
    for row, column in cells:
        rows.setdefault(row, []).append(column)
    shared = {row: held for row, held in rows.items() if len(held) > 1}
    columns = _connected(list(shared.values()), order)
    kept = [(row, column) for row, column in cells if row in shared and column in columns]
    if not kept:
        return None
    place = {column: number for number, column in enumerate(columns)}
    laplacian = np.zeros((len(columns), len(columns)))
    right = np.zeros((len(columns), len(kept)))
    for row in dict.fromkeys(row for row, _ in kept):
        at = [number for number, cell in enumerate(kept) if cell[0] == row]
        to = [place[kept[number][1]] for number in at]
        centred = weights[row] * (np.eye(len(at)) - 1.0 / len(at))
        laplacian[np.ix_(to, to)] += centred
        right[np.ix_(to, at)] += centred
    found = np.linalg.pinv(laplacian, hermitian=True) @ right
    found[np.abs(found) < _NOTHING] = 0.0
    return Effects(tuple(columns), tuple(cells[one] for one in kept), found)


def _connected(rows: Sequence[Sequence[str]], order: Sequence[str]) -> list[str]:
    """The largest set of columns that shared rows connect, in `order`."""
    sets: list[set[str]] = []
    for held in rows:
        touched = [one for one in sets if one & set(held)]
        sets = [one for one in sets if one not in touched] + [set(held).union(*touched)]
    best = max(sets, key=lambda one: (len(one), -min(order.index(name) for name in one)), default=set())
    return [name for name in order if name in best]


def combined(cells: Sequence[Interval], coefficients: Floats) -> Ratio:
    """The exponential of the sum of coefficients times logarithms, as a ratio with limits."""
    used = [(cell, float(by)) for cell, by in zip(cells, coefficients, strict=True) if abs(by) >= _NOTHING]
    centre = sum(by * log(cell.estimate) for cell, by in used)
    limits: list[tuple[float, float]] = []
    for cell, by in used:
        if cell.low is None or cell.high is None:
            return Ratio(exp(centre), None, None, f"no interval: {cell.method}")
        if cell.low <= 0:
            return Ratio(exp(centre), None, None, "no interval: one side's reaches zero")
        ends = by * log(cell.low / cell.estimate), by * log(cell.high / cell.estimate)
        limits.append((min(ends), max(ends)))
    if all(cell.scope == "exact" for cell, _ in used):
        down, up = -sum(low for low, _ in limits), sum(high for _, high in limits)
        return Ratio(exp(centre), exp(centre - down), exp(centre + up), "ranges of exact counts")
    down, up = (sqrt(sum(end[side] ** 2 for end in limits)) for side in (0, 1))
    return Ratio(exp(centre), exp(centre - down), exp(centre + up), "MOVER on logs, runs not paired")
