"""How often a process visits each workload: what a pilot on the base calls for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ferrule.payload.key import RunKey
from ferrule.payload.plan import RUNS
from ferrule.records.samples import ProcessSamples
from ferrule.stats import allocation
from ferrule.stats.pace import LOW, around

PILOT: Final = 10  # processes
ROOM: Final = RUNS - 8  # in a plan, beside the controls that a payload adds


def enough(pilot: Sequence[Sequence[ProcessSamples]]) -> int:
    """Visits of one workload.

    Args:
        pilot: of each process its visits, as many of all, two or more.
    """
    costs = [[_cost(one) for one in visits] for visits in pilot]
    return allocation.visits(costs, seconds(pilot))


def whole(samples: Sequence[ProcessSamples], often: int) -> list[Sequence[ProcessSamples]]:
    """A run's samples by process, which have so many visits each; empty where some are missing, or few."""
    found = [samples[at : at + often] for at in range(0, len(samples), often)]
    torn = any(len({one.process for one in visits}) != 1 or len(visits) < often for visits in found)
    return [] if torn or often < 2 or len(found) < 2 else found


def fitting(visits: Mapping[RunKey, int], beside: int = 0) -> dict[RunKey, int]:
    """As many of them as a plan has room for: the longest series give way first, to one visit at least.

    Args:
        visits: wanted.
        beside: further runs of the plan: what the guest could not do, which it is asked for all the same.
    """
    found = dict(visits)
    while sum(found.values()) + beside > ROOM and max(found.values()) > 1:
        found[max(found, key=lambda key: found[key])] -= 1
    return found


def seconds(pilot: Sequence[Sequence[ProcessSamples]]) -> float:
    """That a visit takes, warm-up included."""
    spent = [(int(one.ticks.sum()) + int(one.warm_ticks.sum())) / one.clock.hz for visits in pilot for one in visits]
    return float(np.median(spent))


def _cost(visit: ProcessSamples) -> float:
    """Relative to others of the same batch size, and at one speed of the core where the payload tells.

    By its low batches, as a gate judges a process.
    """
    ticks = visit.ticks.astype(np.float64)
    return float(np.quantile(ticks if visit.pace is None else ticks / around(visit.pace.ticks), LOW))
