"""How often a process visits each workload: what a pilot on the base finds worth its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ferrule.plan import RUNS
from ferrule.samples import ProcessSamples, RunKey
from ferrule.stats import allocation
from ferrule.stats.pace import around

PROCESSES: Final = 6  # of the pilot
ROOM: Final = RUNS - 8  # in a plan, beside the controls that a payload adds


def enough(pilot: Sequence[Sequence[ProcessSamples]]) -> int:
    """Visits of one workload.

    Args:
        pilot: of each process its visits, as many of all, two or more.
    """
    return allocation.visits([[_cost(one) for one in visits] for visits in pilot], seconds(pilot))


def wanted(samples: Sequence[ProcessSamples], often: int) -> int:
    """The same from a run's samples, process by process with so many visits in each; `often` where some are missing."""
    whole = [samples[at : at + often] for at in range(0, len(samples), often)]
    if (
        often < 2
        or len(whole) < 2
        or any(len({one.process for one in visits}) != 1 or len(visits) < often for visits in whole)
    ):
        return often
    return enough(whole)


def fitting(visits: Mapping[RunKey, int]) -> dict[RunKey, int]:
    """As many of them as a plan has room for: the longest series give way first, to one visit at least."""
    found = dict(visits)
    while sum(found.values()) > ROOM and max(found.values()) > 1:
        found[max(found, key=lambda key: found[key])] -= 1
    return found


def seconds(pilot: Sequence[Sequence[ProcessSamples]]) -> float:
    """That a visit takes, warm-up included."""
    spent = [(int(one.ticks.sum()) + int(one.warm_ticks.sum())) / one.clock.hz for visits in pilot for one in visits]
    return float(np.median(spent))


def _cost(visit: ProcessSamples) -> float:
    """Relative to others of the same batch size; at one speed of the core where the payload tells of it."""
    ticks = visit.ticks.astype(np.float64)
    return float(np.quantile(ticks if visit.pace is None else ticks / around(visit.pace.ticks), 0.25))
