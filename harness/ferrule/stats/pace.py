"""The cost of an operation at one speed of the core: corrects for a core clock whose rate varies.

A counter ticks at one rate; a core does not (turbo, thermal limits, other tenants' use of the package). On the machine
this was written on the core went through five speeds 14 % apart, each held for milliseconds to seconds: ten times the
difference that a gate has to find. The payload therefore times a loop of a fixed number of core cycles around every
batch (guest/core/timing.h): its ticks show how slow the core was at that moment, the pace.

Not every cost follows the core's clock: a timer's does not, memory's only in part. With a cost proportional to
pace^share, `share` is estimated from the costs and paces of the processes, and

    cost at the typical pace = cost * (typical / pace)^share                                 0 <= share <= 1

A quantity measured beside an operation that does not depend on the arm (base or candidate) may be used to adjust it,
and a randomisation test stays valid (covariate adjustment; Rosenbaum, Statistical Science 17, 2002): base and
candidate are treated the same way, and exchanging the arms of a pair changes neither the share nor the typical pace.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrule.records.samples import Pace

Floats = NDArray[np.float64]

LOW: Final = 0.2  # quantile of a process's batches that is used as its value


def around(pace: ArrayLike) -> Floats:
    """Ticks of the pace loop at each batch, (..., batches + 1) -> (..., batches).

    The smaller of the loop before and the loop after: an interrupt in one of them only ever adds.
    """
    x = np.asarray(pace, dtype=np.float64)
    result: Floats = np.minimum(x[..., :-1], x[..., 1:])
    return result


def wander(paces: Iterable[Pace]) -> float | None:
    """Relative difference of the core's clock between batches, 95 % to 5 % quantile; None without a pace."""
    found = [around(one.ticks) / one.n for one in paces]
    if not found:
        return None
    low, high = np.quantile(np.concatenate(found), (0.05, 0.95))
    return float(high / low - 1.0)


def share(costs: ArrayLike, paces: ArrayLike) -> float:
    """How much a cost follows the pace of the core: 0 not at all, 1 in proportion.

    The slope of log cost over log pace: the median of the slopes through all pairs of points, each weighted by how far
    apart its points are (Theil 1950, Sen 1968; weights: Jaeckel, Annals of Mathematical Statistics 43, 1972), so that
    neither a disturbed process nor many equal paces decide it. Where the pace never changed the slope is unknown and
    has no effect: then it is 0.

    Args:
        costs: (points,), above zero.
        paces: (points,), above zero.
    """
    y, x = np.log(np.asarray(costs, dtype=np.float64)), np.log(np.asarray(paces, dtype=np.float64))
    one, other = np.triu_indices(x.size, 1)
    run = x[other] - x[one]
    far = run != 0.0
    if not far.any():
        return 0.0
    slopes, weights = (y[other] - y[one])[far] / run[far], np.abs(run[far])
    order = np.argsort(slopes, kind="stable")
    passed = np.cumsum(weights[order])
    return float(np.clip(slopes[order][np.searchsorted(passed, passed[-1] / 2.0)], 0.0, 1.0))


def at_typical(costs: ArrayLike, paces: ArrayLike, typical: float, share: float) -> Floats:
    """Costs as they would have been at the typical pace; shapes as given."""
    result: Floats = np.asarray(costs, dtype=np.float64) * (typical / np.asarray(paces, dtype=np.float64)) ** share
    return result


def levels(costs: ArrayLike, paces: ArrayLike | None) -> tuple[Floats, float]:
    """One value for each process, at one speed of the core: what a gate compares; and the share that was found.

    The value is a low quantile of all batches of all its visits. Disturbances only ever add: the low batches are less
    disturbed than the middle, and none of them is from a visit that another tenant disturbed as a whole. The minimum
    is not used: a clock that changes between the pace loop and its batch makes a few batches too cheap.

    Args:
        costs: of one operation, (processes, visits, batches).
        paces: of the core at each batch, of the same shape; None: the payload did not measure it; no correction.
    """
    x = np.asarray(costs, dtype=np.float64)
    raw = _low(x)
    if paces is None or not raw.size or (raw <= 0.0).any():
        return raw, 0.0
    beside = np.asarray(paces, dtype=np.float64)
    found = share(raw, np.median(beside, axis=(1, 2)))
    return _low(at_typical(x, beside, float(np.median(beside)), found)), found


def _low(costs: Floats) -> Floats:
    result: Floats = np.quantile(costs.reshape(len(costs), -1), LOW, axis=1)
    return result
