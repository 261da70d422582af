"""Confidence intervals for a centre, chosen by what was replicated: boots, processes, or neither.

The unit of replication is the boot or the process, never the batch: batches of one process share its memory layout,
its core and its moment, and an interval pooled over them covers the true value 17 to 30 % of the time at a nominal
95 % (docs/numbers.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import hypot
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Scope = Literal["boots", "within one boot", "within few boots", "exact", "none"]
Floats = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A centre with its interval. Without an interval, `low` and `high` are None and `method` gives the reason."""

    estimate: float
    low: float | None
    high: float | None
    confidence: float | None  # the nominal level; None for exact ranges
    method: str
    scope: Scope
    n: int  # replicates that the interval was computed from

    def widened(self, by: float) -> Interval:
        """The same interval with an independent uncertainty `by` added (a bound or expanded, in the interval's unit).

        Each side's distance from the centre and `by` are combined in quadrature (JCGM 100:2008, GUM, 5.1.2).
        """
        if self.low is None or self.high is None or by == 0.0:
            return self
        low = self.estimate - hypot(self.estimate - self.low, by)
        high = self.estimate + hypot(self.high - self.estimate, by)
        return replace(self, low=low, high=high)

    def at_least(self, by: float) -> Interval:
        """The same interval, extended where needed to at least `by` on each side of the centre."""
        if self.low is None or self.high is None:
            return self
        return replace(self, low=min(self.low, self.estimate - by), high=max(self.high, self.estimate + by))


def binomial_cdf(k: int, n: int, q: float) -> float:
    """P(X <= k) for X ~ Binomial(n, q); 0 below zero. By the incomplete beta function, stable for large n."""
    from scipy.special import bdtr  # here: importing SciPy takes longer than most callers run

    return 0.0 if k < 0 else float(bdtr(min(k, n), n, q))


@cache
def quantile_ranks(n: int, q: float, confidence: float = CONFIDENCE) -> tuple[int, int] | None:
    """Ranks (from 1) of the order statistics that enclose quantile `q` with at least `confidence`.

    Exact, and assumes nothing about the distribution except independence: B(n, q) counts the samples below the
    quantile (David & Nagaraja, Order Statistics, 3rd ed., 7.1). None when `n` is too small for a finite interval:
    q^n and (1-q)^n must not exceed (1-confidence)/2.
    """
    tail = (1.0 - confidence) / 2.0
    if n < 1 or (1.0 - q) ** n > tail or q**n > tail:
        return None
    low = _largest(lambda k: binomial_cdf(k - 1, n, q) <= tail, n)
    # P(x_(j) < quantile) = P(B >= j): the upper rank is the smallest j with P(B <= j-1) >= 1 - tail.
    high = n - _largest(lambda k: binomial_cdf(k - 1, n, 1.0 - q) <= tail, n) + 1
    return low, high


def _largest(holds: Callable[[int], bool], n: int) -> int:
    """The largest k in 1..n for which `holds` is true; it is true for 1 and turns false once at most."""
    low, high = 1, n
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def median_interval(values: ArrayLike, confidence: float = CONFIDENCE, scope: Scope = "boots") -> Interval:
    """Median with its interval by interpolated order statistics (finite from 6 values on at 95 %).

    Order statistics alone give only some levels: the widest interval of 8 values covers 99.2 %, the next one 93.0 %.
    The ends are moved inwards from the narrowest pair that has at least the level towards the next pair
    (Hettmansperger & Sheather, Statistics & Probability Letters 4, 1986, 75-79). Their weight is exact for the Laplace
    distribution, but with eight uniform values it covers 94.3 %: the smaller of the two weights that are exact for the
    Laplace and for the uniform distribution is used. results/validation.md has the resulting coverage.

    Args:
        values: (n,), one value a replicate.
        confidence: the level wanted.
        scope: what the replicates were.
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    n = int(x.size)
    estimate = float(np.median(x))
    ranks = quantile_ranks(n, 0.5, confidence)
    if ranks is None:
        return Interval(
            estimate, None, None, None, f"{n} of at least {smallest(0.5, confidence)} replicates", "none", n
        )
    depth, weight = ranks[0], _inwards(n, ranks[0], confidence)
    low = x[depth - 1] + weight * (x[depth] - x[depth - 1])
    high = x[n - depth] - weight * (x[n - depth] - x[n - depth - 1])
    return Interval(estimate, float(low), float(high), confidence, "interpolated order statistics", scope, n)


@cache
def _inwards(n: int, depth: int, confidence: float) -> float:
    """How far the ends go from the order statistics at `depth` towards the next ones: the weight w, 0..1.

    For the Laplace distribution the formula of Hettmansperger & Sheather. For the uniform one: the lower end
    x_(d) + w (x_(d+1) - x_(d)) is above the median m when more than n - d values are, and, where exactly d values are
    below it, when m - x_(d) < c (x_(d+1) - m) with c = w / (1 - w). In units of m, the two distances are the smallest
    of d and of n - d uniform values.
    """
    outer, inner = (1.0 - 2.0 * binomial_cdf(k - 1, n, 0.5) for k in (depth, depth + 1))
    wanted = (outer - confidence) / (outer - inner)
    above = n - depth
    laplace = above * wanted / (depth + (above - depth) * wanted)
    points, weights = np.polynomial.legendre.leggauss(128)

    def below(c: float) -> float:
        """P(A < c B), A the smallest of `depth`, B of `above` uniform values."""
        end = min(1.0, 1.0 / c, 50.0 / above)  # the integral beyond is below exp(-50)
        b = (points + 1.0) / 2.0 * end
        inside = (1.0 - (1.0 - c * b) ** depth) * above * (1.0 - b) ** (above - 1)
        return float(weights @ inside) * end / 2.0 + (1.0 - end) ** above

    if not 0.0 < laplace < 1.0:
        return min(max(laplace, 0.0), 1.0)
    low, high = 0.0, laplace
    if below(high / (1.0 - high)) <= wanted:
        return laplace
    for _ in range(50):
        weight = (low + high) / 2.0
        low, high = (weight, high) if below(weight / (1.0 - weight)) < wanted else (low, weight)
    return low


def smallest(q: float, confidence: float = CONFIDENCE) -> int:
    """The least n for a finite order-statistic interval: 6 for the median, 368 for p99, 3688 for p99.9."""
    tail = (1.0 - confidence) / 2.0
    return int(np.ceil(np.log(tail) / np.log(max(q, 1.0 - q))))


def t_interval(values: ArrayLike, confidence: float = CONFIDENCE, scope: Scope = "boots") -> Interval:
    """Student's t on the logarithms: geometric mean and interval of 3 to 5 boots.

    Assumes that the boots scatter symmetrically (in the logarithm), which order statistics do not; the method text says
    so. With values at or below zero (controls) no logarithm is taken. Georges, Buytaert & Eeckhout, OOPSLA 2007, 3.2.
    """
    from scipy.special import stdtrit

    x = np.asarray(values, dtype=np.float64)
    n = int(x.size)
    if n < 2:
        return Interval(float(np.mean(x)), None, None, None, f"{n} of at least 3 boots", "none", n)
    logs = bool((x > 0).all())
    y = np.log(x) if logs else x
    centre = float(np.mean(y))
    reach = float(stdtrit(n - 1, 0.5 + confidence / 2.0)) * float(np.std(y, ddof=1)) / n**0.5
    estimate, low, high = centre, centre - reach, centre + reach
    if logs:
        estimate, low, high = (float(np.exp(v)) for v in (estimate, low, high))
    name = f"t over {n} boots{' (logs)' if logs else ''}, symmetric scatter assumed"
    return Interval(estimate, low, high, confidence, name, scope, n)


def hierarchical_interval(values: ArrayLike, boots: Sequence[int], confidence: float = CONFIDENCE) -> Interval:
    """The interval that the replication allows, from one value a process.

    Six or more boots: order statistics over the boots' medians, which have their level whatever the scatter's shape.
    Three to five: t over the boots' logs. Fewer: order statistics over processes; they cover the processes of those
    boots only, not the next boot: see `scope`.

    Args:
        values: (processes,), one statistic a process.
        boots: (processes,), the boot each belongs to.
        confidence: the level wanted.
    """
    x = np.asarray(values, dtype=np.float64)
    numbers = np.asarray(boots)
    names = np.unique(numbers)
    if names.size >= 3:
        medians = [median(x[numbers == boot].tolist()) for boot in names]
        if len(medians) >= smallest(0.5, confidence):
            return median_interval(medians, confidence, "boots")
        return t_interval(medians, confidence, "boots")
    return median_interval(x, confidence, "within one boot" if names.size == 1 else "within few boots")


def exact_interval(values: ArrayLike) -> Interval:
    """For instruction counts: the value most processes agree on and the whole range, which is no confidence interval.

    A count is not sampled from noise; where it varies, the range shows how far. When fewer than half of the processes
    agree, the centre is the median (the lower one, so that it is a count that occurred).
    """
    x = np.asarray(values, dtype=np.float64)
    n = int(x.size)
    estimate, share = mode(x)
    if share >= 0.5:
        name = f"equal in {round(share * n)} of {n} processes, range of all"
    else:
        estimate = float(np.sort(x)[(n - 1) // 2])
        name = f"median of {n} processes, range of all"
    return Interval(estimate, float(x.min()), float(x.max()), None, name, "exact", n)


def mode(values: ArrayLike) -> tuple[float, float]:
    """The most frequent value and its share; the smallest of them where several are equally frequent."""
    x = np.asarray(values, dtype=np.float64)
    found, counts = np.unique(x, return_counts=True)
    best = int(np.argmax(counts))
    return float(found[best]), float(counts[best]) / x.size
