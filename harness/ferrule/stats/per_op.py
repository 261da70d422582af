"""From raw batches to the cost of one operation: the counter's own cost and the empty loop are subtracted.

A batch of n operations takes, in ticks,

    T(n) = c + n (l + op)          c: one open/close pair, l: one turn of the empty loop

so that op = (T - c) / n - l. The payload measures `c` with empty regions and `l` with empty loops of N and 2N turns in
the same process; their slope (T(2N) - T(N)) / N is free of `c` (two-point method, for the idea: McVoy & Staelin,
lmbench, USENIX 1996; ours subtracts the same loop shape, not a different loop).

Uncertainties are standard uncertainties (JCGM 100:2008, GUM): of a median, the half-width of its order-statistic
interval over 1.96; of the counter's step, resolution / sqrt(12) (GUM 4.3.7); combined in quadrature (GUM 5.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrule.records.samples import ProcessSamples, Reference, Ticks
from ferrule.stats.interval import median_interval, mode

Floats = NDArray[np.float64]

Z = 1.959963984540054  # 97.5 % point of the normal distribution
ENTRY = 32  # most instructions by which entry and exit of two loops differ: saved registers, an address or two


@dataclass(frozen=True)
class Overhead:
    """What is subtracted from a batch, in ticks, with standard uncertainties."""

    pair: float
    pair_u: float
    loop: float  # one turn
    loop_u: float

    def u(self, n: int) -> float:
        """Standard uncertainty that the subtraction leaves on one operation of a batch of `n`, in ticks."""
        return float(np.hypot(self.pair_u / n, self.loop_u))


def centre(values: ArrayLike, resolution: int = 1) -> tuple[float, float]:
    """Median and its standard uncertainty, the counter's step included; below six values from half their range."""
    x = np.asarray(values, dtype=np.float64)
    found = median_interval(x)
    half = float(np.ptp(x)) / 2.0
    if found.low is not None and found.high is not None:
        half = (found.high - found.low) / 2.0 / Z
    return found.estimate, float(np.hypot(half, resolution / np.sqrt(12.0)))


def _loops(reference: Reference) -> list[tuple[int, Ticks]]:
    """Loops that have samples, from the shortest to the longest."""
    return sorted(((n, ticks) for n, ticks in reference.loop if ticks.size and n > 0), key=lambda loop: loop[0])


def overhead(reference: Reference, resolution: int = 1) -> Overhead:
    """Counter pair and empty-loop turn from one process's references.

    The slope is taken between the shortest and the longest loop. With fewer than two loop lengths the loop's cost is
    unknown: 0 is subtracted, and a whole turn of the shortest loop is its uncertainty.
    """
    pair, pair_u = centre(reference.pair, resolution) if reference.pair.size else (0.0, float(resolution))
    loops = _loops(reference)
    if not loops:
        return Overhead(pair, pair_u, 0.0, 0.0)
    (n1, t1), (n2, t2) = loops[0], loops[-1]
    low, low_u = centre(t1, resolution)
    if n1 == n2:
        return Overhead(pair, pair_u, 0.0, max(0.0, low - pair) / n1)
    high, high_u = centre(t2, resolution)
    return Overhead(pair, pair_u, (high - low) / (n2 - n1), float(np.hypot(low_u, high_u)) / (n2 - n1))


def exact_overhead(reference: Reference) -> Overhead:
    """The same where ticks are instructions: modes instead of medians, and no uncertainty.

    The fixed part is the intercept of the two loops, not the empty region: it includes the call into the loop, and as
    a count it is exact.
    """
    loops = _loops(reference)
    if len(loops) < 2 or loops[0][0] == loops[-1][0]:
        return Overhead(mode(reference.pair)[0] if reference.pair.size else 0.0, 0.0, 0.0, 0.0)
    (n1, t1), (n2, t2) = loops[0], loops[-1]
    low, high = mode(t1)[0], mode(t2)[0]
    turn = (high - low) / (n2 - n1)
    return Overhead(low - turn * n1, 0.0, turn, 0.0)


def per_operation(ticks: ArrayLike, n: int, taken: Overhead) -> Floats:
    """Ticks of one operation for each batch: (T - pair) / n - loop. Not clipped: a control scatters around 0."""
    result: Floats = (np.asarray(ticks, dtype=np.float64) - taken.pair) / n - taken.loop
    return result


def nanoseconds(process: ProcessSamples) -> tuple[Floats, float]:
    """One process's operations in ns, (batches,), and the standard uncertainty (ns) of what was subtracted."""
    scale = 1e9 / process.clock.hz
    taken = overhead(process.reference, process.clock.resolution)
    return per_operation(process.ticks, process.n, taken) * scale, taken.u(process.n) * scale


def instructions(process: ProcessSamples) -> tuple[float, Floats]:
    """One process's count of instructions an operation, and the counts of all its batches, (batches,).

    The count is that of the most frequent batch: a timer interrupt adds thousands of instructions to the batches it
    falls into and none to the others. Where fewer than half of the batches agree, the smallest batch is used: it has
    the fewest instructions that do not belong to the operation.

    Entry and exit of a loop around an operation take a few instructions more or less than those of the empty loop: a
    batch is n op + r with a small fixed r. Where the remainder is that small (at most ENTRY and n / 8), it is r and not
    a part of the operation, and the count is whole. A larger remainder is work that not every operation does; it is
    kept.
    """
    taken = exact_overhead(process.reference)
    value, share = mode(process.ticks)
    if share < 0.5:
        value = float(process.ticks.min())
    counts = per_operation(np.append(process.ticks.astype(np.float64), value), process.n, taken)
    remainder = np.abs(counts - np.round(counts)) * process.n
    whole = np.where(remainder <= min(ENTRY, process.n / 8.0) + 1e-6, np.round(counts), counts)
    return float(whole[-1]), whole[:-1]
