"""How many processes a boot should run, and how many visits a process: computed from a pilot's variances.

With boots of P processes each, the variance of a mean over boots is (s2_boot + s2_process / P) / boots and its cost is
boots (c_boot + P c_process). For any wanted variance the cost is least at

    P = sqrt((c_boot / c_process) (s2_process / s2_boot))

(Kalibera & Jones, Rigorous benchmarking in reasonable time, ISMM 2013, 9.2; the same as Cochran, Sampling Techniques,
3rd ed., 1977, 10.6 on two-stage sampling). It is derived for means; the variances of medians are larger by about the
same factor at both levels, which leaves P as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, inf, isfinite, sqrt
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrule.stats.variance import Components

VISITS = 4  # of a workload in a process
MOST_VISITS = 24
ENOUGH = 0.007  # relative: visits that leave less than this on a process's value are enough
VISIT_SECONDS = 0.03  # most time that the visits of one workload may take in a process, whatever their scatter
MOST = 20  # processes a boot: a pilot of three boots does not estimate its variances well enough for more


def optimum(boot_seconds: float, process_seconds: float, found: Components) -> float | None:
    """The cheapest P for one result, not rounded; None where a level's scatter or a cost is not known.

    Boots that scatter no more than their processes explain (a component of 0) call for as many processes as possible.
    """
    if found.boot is None or found.process is None or boot_seconds <= 0 or process_seconds <= 0:
        return None
    if found.boot == 0:
        return inf if found.process > 0 else None
    return sqrt(boot_seconds / process_seconds) * found.process / found.boot


def processes_a_boot(boot_seconds: float, process_seconds: float, every: Iterable[Components]) -> int | None:
    """One P for all results of a guest: the median of their optima, rounded up, 1 to MOST; None when none is known."""
    optima = [best for one in every if (best := optimum(boot_seconds, process_seconds, one)) is not None]
    if not optima:
        return None
    middle = median(optima)
    return max(1, min(MOST, ceil(middle))) if isfinite(middle) else MOST


def visits(costs: ArrayLike, seconds: float) -> int:
    """How often a process should visit a workload, VISITS to MOST_VISITS; fewer where a visit is slow.

    A visit's value scatters by s around its process, and the median of V visits by about sqrt(pi / 2) s / sqrt(V)
    (asymptotic variance of a median). The result is the number that brings this under ENOUGH.

    Args:
        costs: of the visits of a pilot, (processes, visits), above zero, two visits or more.
        seconds: duration of one visit.
    """
    scatter = _scatter(np.log(np.asarray(costs, dtype=np.float64)))
    wanted = ceil(np.pi / 2.0 * (scatter / ENOUGH) ** 2)
    affordable = max(1, int(VISIT_SECONDS / seconds)) if seconds > 0 else MOST_VISITS
    return min(max(VISITS, wanted), MOST_VISITS, affordable)


def _scatter(x: NDArray[np.float64]) -> float:
    """Standard deviation of values around their row, as of a normal: by the median distance of two, (rows, values)."""
    one, other = np.triu_indices(x.shape[1], 1)
    return 1.4826 / sqrt(2.0) * float(np.median(np.abs(x[:, one] - x[:, other])))
