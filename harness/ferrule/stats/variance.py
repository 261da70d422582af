"""Where the scatter comes from: boots, processes or batches. More batches do not reduce scatter between boots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Components:
    """Relative standard deviations (0.01 = 1 %) of each level; None where one level has a single member."""

    boot: float | None
    process: float | None
    batch: float | None


def components(per_process: ArrayLike, boots: Sequence[int], batches: Sequence[ArrayLike]) -> Components:
    """Variance components of the logarithms.

    Boot and process by the one-way random-effects analysis of variance with unequal groups (Searle, Casella &
    McCulloch, Variance Components, 1992, 3.6); a negative estimate is 0, as usual. Batch by the median over processes
    of the robust standard deviation 1.4826 MAD, because spikes would otherwise be all of it.

    Args:
        per_process: (processes,), one statistic a process.
        boots: (processes,), the boot of each.
        batches: per-operation values of each process's batches.
    """
    x = np.asarray(per_process, dtype=np.float64)
    if not x.size or (x <= 0).any():
        return Components(None, None, None)
    logs, numbers = np.log(x), np.asarray(boots)
    groups = [logs[numbers == boot] for boot in np.unique(numbers)]
    inside = logs.size - len(groups)
    process = boot = None
    if inside > 0:
        within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / inside
        process = within**0.5
        if len(groups) > 1:
            between = sum(group.size * float((group.mean() - logs.mean()) ** 2) for group in groups) / (len(groups) - 1)
            size = (logs.size - sum(group.size**2 for group in groups) / logs.size) / (len(groups) - 1)
            boot = max(0.0, (between - within) / size) ** 0.5
    elif len(groups) > 1:  # one process a boot: the two levels cannot be separated, the boot's includes both
        boot = float(np.std(logs, ddof=1))
    return Components(boot, process, _batch(batches))


def _batch(batches: Sequence[ArrayLike]) -> float | None:
    """Median over processes of the relative robust scatter of a process's batches."""
    found = []
    for values in batches:
        x = np.asarray(values, dtype=np.float64)
        centre = float(np.median(x)) if x.size else 0.0
        if x.size > 1 and centre > 0:
            found.append(1.4826 * float(np.median(np.abs(x - centre))) / centre)
    return float(np.median(found)) if found else None
