"""Test of the A/A test: a gate that pools batches, or that measures its arms one after the other, must fail it.

A check that cannot fail shows nothing. These are the mistakes that the protocol avoids, made on purpose on the
same samples on which the gate itself raises no alarm.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ferrule.stats.paired import ALPHA, holm
from ferrule.validate.families import AGAIN, BASE, Floats, gated, values
from ferrule.validate.runs import Run


def pooled(run: Run) -> list[str]:
    """Alarms of a gate that treats all batches of all processes as independent: Mann-Whitney on them, Holm, 1 %."""
    return _alarms(run, lambda at: (run.costs(at)[:, BASE].ravel(), run.costs(at)[:, AGAIN].ravel()))


def sequential(run: Run) -> list[str]:
    """Alarms of a gate that measures the base first and the candidate afterwards, one value a process.

    The first half of the rounds gives the base, the second half the candidate, so that drift in between appears as a
    difference.
    """
    half = run.ticks.shape[0] // 2

    def samples(at: int) -> tuple[Floats, Floats]:
        base, again = values(run, at, (BASE, AGAIN)).T
        return base[:half], again[half:]

    return _alarms(run, samples)


def _alarms(run: Run, samples: Callable[[int], tuple[Floats, Floats]]) -> list[str]:
    """Workloads whose second sample is larger at 1 % over all of them."""
    from scipy.stats import mannwhitneyu  # slow import

    places = gated(run)
    p = []
    for at in places:
        one, other = (x[np.isfinite(x)] for x in samples(at))
        p.append(float(mannwhitneyu(other, one, alternative="greater").pvalue) if one.size and other.size else 1.0)
    return [run.workloads[at] for at, adjusted in zip(places, holm(p), strict=True) if adjusted <= ALPHA]
