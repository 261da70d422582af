"""Collects the samples of the processes of one full run in arrays, as they arrive."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferrule.errors import InfrastructureError
from ferrule.gate.paired.measure import BATCHES
from ferrule.machine import load
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, ProcessSamples
from ferrule.stats.pace import around
from ferrule.stats.per_op import overhead
from ferrule.validate.runs import Run


@dataclass(frozen=True)
class Size:
    """How much of a workload is measured, the same in all arms."""

    n: int  # operations a batch
    visits: int  # in each process
    processes: int = 1  # of an arm in each round
    lasts: float = 0.0  # a batch takes as long as this many multiplications; 0: it is slowed by operations instead


class Recording:
    """A run that is being measured."""

    def __init__(self, sizes: Mapping[RunKey, Size], seed: int, rounds: int, arms: Sequence[int]) -> None:
        """Begin; `seconds` of the run count from here."""
        self.sizes, self.seed, self.arms = sizes, seed, tuple(arms)
        self.n, self.visits, self.processes = (
            np.array([getattr(size, name) for size in sizes.values()], dtype=np.int64)
            for name in ("n", "visits", "processes")
        )
        most = int(self.processes.max(initial=1))
        shape = (rounds, len(arms))
        self.ticks = np.zeros((*shape, len(sizes), most, self.visits.max(initial=1), BATCHES), dtype=np.int64)
        self.pace = np.zeros_like(self.ticks)
        self.ran = np.tile(self.n, (len(arms), 1))
        self.spin = np.zeros_like(self.ran)
        self.hz, self.pair, self.loop = (np.full((*shape, most), np.nan) for _ in range(3))
        self.order, self.load = np.zeros(shape, dtype=np.int64), np.zeros(rounds)
        self.conditions: dict[str, str] = {}
        self.multiplications = 0
        self.began, self.used = time.time(), load.used()

    def begin(self, number: int, order: Sequence[int]) -> None:
        """Begin a round, whose arms run in this order."""
        self.load[number] = os.getloadavg()[0]
        self.order[number, list(order)] = range(len(order))

    def add(self, number: int, arm: int, process: int, result: GuestResult) -> None:
        """Add the result of one process; incomplete workloads are left out."""
        self.conditions = self.conditions or _conditions(result)
        for at, (key, size) in enumerate(self.sizes.items()):
            if not (samples := whole_visits(result, key, size.visits)):
                continue
            first, taken = samples[0], overhead(samples[0].reference, samples[0].clock.resolution)
            where, here = (number, arm, process), (number, arm, at, process, slice(len(samples)))
            self.ticks[here] = [one.ticks for one in samples]
            paces = [one.pace for one in samples if one.pace is not None]  # none is missing: the visits are complete
            self.pace[here] = [around(one.ticks) for one in paces]
            self.multiplications = paces[0].n
            self.ran[arm, at], self.spin[arm, at] = first.ran or first.n, first.spin or 0
            self.hz[where], self.pair[where], self.loop[where] = first.clock.hz, taken.pair, taken.loop

    def run(self) -> Run:
        """The full run."""
        return Run(
            seed=self.seed,
            arms=self.arms,
            workloads=tuple(map(str, self.sizes)),
            ticks=self.ticks,
            pace=self.pace,
            processes=self.processes,
            visits=self.visits,
            n=self.n,
            ran=self.ran,
            spin=self.spin,
            hz=self.hz,
            pair=self.pair,
            loop=self.loop,
            order=self.order,
            load=self.load,
            began=self.began,
            seconds=time.time() - self.began,
            multiplications=self.multiplications,
            others=load.others(self.used, load.used()),
            conditions=self.conditions,
        )


def whole_visits(result: GuestResult, key: RunKey, often: int) -> list[ProcessSamples]:
    """The visits of one process if all are there with all batches and their pace; else an empty list."""
    run = result.runs.get(key)
    found = run.processes if run is not None and run.status == "ok" else []
    good = len(found) == often and all(one.pace and one.ticks.size == BATCHES for one in found)
    return found if good else []


def _conditions(result: GuestResult) -> dict[str, str]:
    found = result.conditions
    if found is None:
        raise InfrastructureError(f"{result.guest}: it never reported its conditions")
    return {
        **{"os": found.os, "kernel": found.kernel, "cpu": found.cpu_model, "counter": found.counter},
        **{"cpus": ",".join(map(str, found.cpus)), "compiler": found.compiler, "payload": found.payload},
    }
