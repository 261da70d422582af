"""How often a process visits each workload, decided by a pilot on the base."""

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
    """How many visits one workload needs.

    Args:
        pilot: the visits of each process: the same number of each, two or more.
    """
    costs = [[_cost(one) for one in visits] for visits in pilot]
    return allocation.visits(costs, seconds(pilot))


def whole(samples: Sequence[ProcessSamples], often: int) -> list[Sequence[ProcessSamples]]:
    """A run's samples by process, `often` visits of each; empty if samples are missing, or too few."""
    found = [samples[at : at + often] for at in range(0, len(samples), often)]
    torn = any(len({one.process for one in visits}) != 1 or len(visits) < often for visits in found)
    return [] if torn or often < 2 or len(found) < 2 else found


def fitting(visits: Mapping[RunKey, int], beside: int = 0) -> dict[RunKey, int]:
    """Visits reduced to what a plan has room for: the most visited workload loses one first, and each keeps one.

    Args:
        visits: wanted.
        beside: further runs in the plan: those that the guest does not support, but that are in the plan too.
    """
    found = dict(visits)
    while sum(found.values()) + beside > ROOM and max(found.values()) > 1:
        found[max(found, key=lambda key: found[key])] -= 1
    return found


def seconds(pilot: Sequence[Sequence[ProcessSamples]]) -> float:
    """The median duration of a visit in seconds, warm-up included."""
    spent = [(int(one.ticks.sum()) + int(one.warm_ticks.sum())) / one.clock.hz for visits in pilot for one in visits]
    return float(np.median(spent))


def _cost(visit: ProcessSamples) -> float:
    """A visit's cost, relative to others of the same batch size; at one speed of the core if the payload reports it.

    It is a low quantile of the batches, as the gate takes it of a process.
    """
    ticks = visit.ticks.astype(np.float64)
    return float(np.quantile(ticks if visit.pace is None else ticks / around(visit.pace.ticks), LOW))
