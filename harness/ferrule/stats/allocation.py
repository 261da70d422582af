"""How many processes a boot should hold: what a pilot's variance components and costs say.

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

from ferrule.stats.variance import Components

MOST = 20  # processes a boot: no pilot of three boots knows its variances well enough for more


def optimum(boot_seconds: float, process_seconds: float, found: Components) -> float | None:
    """The cheapest P for one result, not rounded; None where a level's scatter or a cost is not known.

    Boots that scatter no more than their processes explain (a component of 0) call for as many processes as can be.
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
