"""The cost of an operation in cycles of the core that times it: independent of the core's clock rate.

A core's clock rate wanders (stats/pace.py): an interval of nanoseconds that was narrow a minute ago may miss the
value that the same machine gives now. The pace loop beside every batch takes a known number of core cycles: m
dependent multiplications of k cycles each. k is a whole number that the payload finds by timing a chain of
multiplications and a chain of additions, which take one cycle each (guest/core/timing.c; for latencies measured by
chains: Agner Fog, Instruction tables; Abel & Reineke, uops.info, ASPLOS 2019). With pair and loop subtracted as in
stats/per_op.py,

    cycles = ((T - c) / n - l) k m / pace                              T, c, l and pace in ticks of one counter

A process's value is a low quantile of its batches, the one that gates compare: disturbances only ever add. Waits for
something that the core does not clock (memory, devices, another core) take more cycles on a faster clock, as they do
in a processor's own cycle counter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ferrule.records.samples import Pace, ProcessSamples
from ferrule.stats.interval import Interval, hierarchical_interval
from ferrule.stats.pace import LOW, around
from ferrule.stats.per_op import Z, nanoseconds

Floats = NDArray[np.float64]


def multiplication(paces: Iterable[Pace | None]) -> int | None:
    """Core cycles of one multiplication, as most processes found them; None when none did."""
    reported = [one.multiplication for one in paces if one is not None and one.multiplication]
    return Counter(reported).most_common(1)[0][0] if reported else None


def per_tick(pace: Pace, latency: int) -> Floats:
    """Core cycles in a tick of the counter at each batch, (batches,)."""
    found: Floats = pace.n * latency / around(pace.ticks)
    return found


def per_process(process: ProcessSamples, latency: int) -> tuple[float, float]:
    """One process's operation and the standard uncertainty of what was subtracted, both in core cycles.

    Args:
        process: one with pace records.
        latency: core cycles of one multiplication.

    Raises:
        ValueError: it has no pace records.
    """
    return _in_cycles(process, nanoseconds(process), latency)


def _in_cycles(process: ProcessSamples, cost: tuple[Floats, float], latency: int) -> tuple[float, float]:
    if process.pace is None:
        raise ValueError(f"process {process.process} of boot {process.boot} has no pace records")
    a_ns = per_tick(process.pace, latency) * process.clock.hz / 1e9
    values, u = cost
    return float(np.quantile(values * a_ns, LOW)), u * float(np.median(a_ns))


def core_cycles(processes: Sequence[ProcessSamples], costs: Sequence[tuple[Floats, float]]) -> Interval | None:
    """Core cycles of an operation with the interval that the replication allows; None where a process has no pace.

    Args:
        processes: that measured it.
        costs: for each process, what per_op.nanoseconds() returns.
    """
    latency = multiplication(one.pace for one in processes)
    if latency is None or any(one.pace is None for one in processes):
        return None
    found = [_in_cycles(one, cost, latency) for one, cost in zip(processes, costs, strict=True)]
    interval = hierarchical_interval([value for value, _ in found], [one.boot for one in processes])
    return interval.widened(Z * float(np.median([u for _, u in found])))
