"""Coverage: how often an interval contains the true value, on synthetic hierarchies whose true value is known.

The functions are those of the product. Every interval that a table shows is tested: the centre, core cycles, the
throughput, the 99th percentile, and the ratio of two guests. A nominal 95 % has to be 94 to 98 % in every cell of the
grid.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from ferrule.core import Histogram
from ferrule.records import samples
from ferrule.stats.compare import ratio
from ferrule.stats.interval import hierarchical_interval
from ferrule.stats.tails import tails
from ferrule.stats.throughput import throughput
from ferrule.validate.ledger import Ledger
from ferrule.validate.synthetic import (
    CENTRE,
    HZ,
    Floats,
    Shape,
    Statistic,
    batch_median,
    chunks,
    draw,
    low_batch,
    process,
    truth,
)

LEAST, MOST = 0.94, 0.98
SETS: Final = 10_000  # of one cell: a coverage of 95 % is then known to 0.2 % (standard error)
BYTES: Final = 4096  # moved by one operation, for the throughput
OPERATIONS: Final = 1000  # timed one by one in each process, for the 99th percentile
SLOW: Final = 100.0  # p99 only: factor on the costs, as an operation of few counter steps has no meaningful tail
RATIO: Final = 1.05  # of the two guests

# One data set, (boots, processes, batches), and its shape -> the interval, (low, high).
Maker = Callable[[Floats, Shape], tuple[float | None, float | None]]


@dataclass(frozen=True)
class Cell:
    """One tested interval on one shape, and how often it contained the true value."""

    what: str  # centre | core cycles | throughput | p99 | ratio
    shape: Shape
    sets: int
    held: int  # data sets whose interval contains the true value
    width: float  # median half-width, relative to the true value

    @property
    def coverage(self) -> float:
        """Share of the data sets whose interval contains the true value, 0..1."""
        return self.held / self.sets

    @property
    def good(self) -> bool:
        """Whether the coverage is within LEAST..MOST."""
        return LEAST <= self.coverage <= MOST


def grid() -> list[Shape]:
    """All combinations of boots, processes, correlation, contamination and counter step; and of one boot alone."""
    several = product((5, 8, 20), (3, 5), (0.0, 0.6, 0.9), (0.0, 0.05, 0.2), (0.0, 0.001))
    within = product((7, 15, 21), (0.0, 0.6, 0.9), (0.0, 0.05, 0.2), (0.0, 0.001))
    return [Shape(*cell) for cell in several] + [Shape(1, *cell) for cell in within]


def few() -> list[Shape]:
    """A smaller grid for the intervals that are slower to compute: one correlation, no counter step."""
    several = product((5, 8, 20), (3, 5), (0.6,), (0.0, 0.05, 0.2))
    return [Shape(*cell) for cell in several]


def alone() -> list[Shape]:
    """The same smaller grid with one boot."""
    return [Shape(1, *cell) for cell in product((7, 15, 21), (0.6,), (0.0, 0.05, 0.2))]


def centre(values: Floats, shape: Shape) -> tuple[float | None, float | None]:
    """The interval of a table's cell."""
    found = hierarchical_interval(batch_median(values).ravel(), boots_of(shape))
    return found.low, found.high


def in_cycles(values: Floats, shape: Shape) -> tuple[float | None, float | None]:
    """The interval of core cycles; the synthetic core has a constant clock rate."""
    found = hierarchical_interval(low_batch(values).ravel(), boots_of(shape))
    return found.low, found.high


def rate(values: Floats, shape: Shape) -> tuple[float | None, float | None]:
    """The interval of bytes a second."""
    found = throughput(list(values.reshape(-1, shape.batches)), boots_of(shape), BYTES)
    return found.low, found.high


def p99(values: Floats, shape: Shape) -> tuple[float | None, float | None]:
    """The interval of the 99th percentile; a batch stands for one operation here."""
    processes = []
    for number, (boot, operations) in enumerate(zip(boots_of(shape), values.reshape(-1, shape.batches), strict=True)):
        counted = Histogram()
        counted.add(np.round(operations * SLOW * HZ / 1e9))
        sparse = samples.Histogram(counted.count, counted.min, counted.max, counted.buckets())
        processes.append(process([CENTRE] * 3, boot=boot, number=number, histogram=sparse))
    found = tails(processes, "ns")
    interval = found.quantiles.get("p99") if found else None
    return (interval.low, interval.high) if interval else (None, None)


def boots_of(shape: Shape) -> list[int]:
    """The boot of each process, in the order of a flattened data set."""
    return np.repeat(np.arange(shape.boots), shape.processes).tolist()


def _rate_of(values: Floats) -> Floats:
    found: Floats = BYTES * values.shape[-1] / values.sum(axis=-1) * 1e9
    return found


def _p99_of(values: Floats) -> Floats:
    at = int(np.ceil(0.99 * values.shape[-1])) - 1
    found: Floats = np.partition(values, at, axis=-1)[..., at] * SLOW
    return found


MAKERS: Final[dict[str, tuple[Maker, Statistic]]] = {
    "centre": (centre, batch_median),
    "core cycles": (in_cycles, low_batch),
    "throughput": (rate, _rate_of),
    "p99": (p99, _p99_of),
}


def cover(what: str, shape: Shape, sets: int, generator: np.random.Generator) -> Cell:
    """Count how often an interval contains the true value; a data set without an interval counts as a miss."""
    make, statistic = MAKERS[what]
    true, held, widths = truth(shape, statistic), 0, []
    for part in chunks(shape, sets):
        for values in draw(shape, part, generator):
            low, high = make(values, shape)
            if low is not None and high is not None:
                held += low <= true <= high
                widths.append((high - low) / 2.0 / true)
    return Cell(what, shape, sets, held, float(np.median(widths)) if widths else float("nan"))


def cover_ratio(shape: Shape, sets: int, generator: np.random.Generator) -> Cell:
    """The same for two guests, one of them slower by RATIO, both of this shape."""
    held, widths, boots = 0, [], boots_of(shape)
    for part in chunks(shape, sets):
        for one, other in zip(draw(shape, part, generator), draw(shape, part, generator), strict=True):
            found = ratio(
                hierarchical_interval(batch_median(one).ravel(), boots),
                hierarchical_interval(batch_median(other).ravel() * RATIO, boots),
            )
            if found.low is not None and found.high is not None:
                held += found.low <= RATIO <= found.high
                widths.append((found.high - found.low) / 2.0 / RATIO)
    return Cell("ratio", shape, sets, held, float(np.median(widths)) if widths else float("nan"))


def timed_one_by_one(shape: Shape) -> Shape:
    """The same scatter of boots and processes, with values that scatter as single operations do."""
    return replace(shape, batches=OPERATIONS, batch_sd=0.05, rho=0.0)


def plan(shapes: Sequence[Shape], fewer: Sequence[Shape]) -> list[tuple[str, Shape]]:
    """All cells: the centre on `shapes`, the other intervals on `fewer`, core cycles also with one boot."""
    timed = [timed_one_by_one(shape) for shape in fewer]
    return [
        *(("centre", shape) for shape in shapes),
        *((what, shape) for what in ("throughput", "ratio") for shape in fewer),
        *(("p99", shape) for shape in timed),
        *(("core cycles", shape) for shape in [*fewer, *alone()]),
    ]


def measure(what: str, shape: Shape, sets: int, seed: int) -> Cell:
    """One cell, with a random generator of its own: the result does not depend on which other cells are computed."""
    generator = np.random.default_rng([seed, zlib.crc32(repr((what, shape)).encode())])
    return cover_ratio(shape, sets, generator) if what == "ratio" else cover(what, shape, sets, generator)


def collect(
    ledger: Ledger, cells: Sequence[tuple[str, Shape]], sets: int, seed: int, note: Callable[[str], None]
) -> None:
    """Measure every cell that the ledger lacks."""
    for number, (what, shape) in enumerate(cells, 1):
        key = f"{what} {shape} {sets} {seed}"
        if key not in ledger:
            cell = measure(what, shape, sets, seed)
            ledger.add(key, {**vars(cell), "shape": vars(shape), "seed": seed})
            note(f"coverage {number} of {len(cells)}: {what}: {100 * cell.coverage:.2f} %")


def stored(ledger: Ledger) -> list[Cell]:
    """All cells of a ledger."""
    return [
        Cell(found["what"], Shape(**found["shape"]), found["sets"], found["held"], found["width"])
        for _, found in ledger.items()
    ]
