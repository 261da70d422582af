"""A guest with a payload, measured over and over as a paired gate measures: what full runs are made by."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ferrule import machine_load
from ferrule.assemble import Assembler
from ferrule.build import Payload, patch_plan
from ferrule.errors import GuestError, InfrastructureError
from ferrule.gate.paired import visits
from ferrule.gate.paired.measure import BATCHES, WARM
from ferrule.guests.base import Guest, Scatters
from ferrule.plan import Plan, PlannedRun
from ferrule.progress import Progress
from ferrule.registry import workloads
from ferrule.samples import GuestResult, ProcessSamples, RunKey
from ferrule.stats import allocation
from ferrule.stats.pace import around
from ferrule.stats.per_op import overhead
from ferrule.validate.runs import Run
from ferrule.watch import Watch

ARMS: Final = (0, 0, 20, 50)  # per mille more: base, the same again, +2 %, +5 %
PROTOCOL: Final = Plan(batches=BATCHES, warm=WARM, target_ns=100_000, limit_ns=2_000_000_000)
_PILOT: Final = replace(PROTOCOL, batches=1, warm=0)
_FINE: Final = 50  # steps in which a batch must be countable, so that +2 % is a whole number of them


@dataclass(frozen=True)
class Size:
    """How a workload is measured, frozen for all arms."""

    n: int  # operations a batch
    visits: int  # in each process
    seconds: float = 0.0  # of a visit


@dataclass
class Bench:
    """A guest with a payload, ready to be measured over and over."""

    guest: Guest
    payload: Payload
    progress: Progress

    def run(
        self,
        sizes: Mapping[RunKey, Size],
        seed: int,
        rounds: int,
        arms: Sequence[int] = ARMS,
        before: Callable[[int], None] = lambda _: None,
    ) -> Run:
        """One full run; `before` is called with the number of each round before it.

        Raises:
            GuestError: it spoilt more than one execution in twenty.
        """
        keys, draw = list(sizes), random.Random(seed)  # noqa: S311 - an order, not a secret
        shape = (rounds, len(arms))
        often = np.array([sizes[key].visits for key in keys], dtype=np.int64)
        ticks = np.zeros((*shape, len(keys), often.max(initial=1), PROTOCOL.batches), dtype=np.int64)
        pace = np.zeros_like(ticks)
        ran = np.tile(np.array([sizes[key].n for key in keys], dtype=np.int64), (len(arms), 1))
        hz, pair, loop = (np.full(shape, np.nan) for _ in range(3))
        order, load, failed = np.zeros(shape, dtype=np.int64), np.zeros(rounds), 0
        began, used, conditions = time.time(), machine_load.used(), dict[str, str]()
        for number in range(rounds):
            before(number)
            load[number], layout = os.getloadavg()[0], draw.getrandbits(63)
            for place, arm in enumerate(draw.sample(range(len(arms)), len(arms))):
                order[number, arm] = place
                self.lay_out(layout)
                try:
                    result = self.execute(planned(sizes, arms[arm]), seed, number * len(arms) + arm)
                except GuestError as error:  # one execution is missing in one round; the run goes on
                    self.progress.note(str(error))
                    failed += 1
                    if failed > rounds * len(arms) // 20:
                        raise
                    continue
                conditions = conditions or _told(result)
                for at, key in enumerate(keys):
                    if not (samples := _whole(result, key, sizes[key].visits)):
                        continue
                    first, taken = samples[0], overhead(samples[0].reference, samples[0].clock.resolution)
                    ticks[number, arm, at, : len(samples)] = [one.ticks for one in samples]
                    pace[number, arm, at, : len(samples)] = [
                        around(one.pace.ticks) for one in samples if one.pace is not None
                    ]
                    ran[arm, at] = first.ran or first.n
                    hz[number, arm], pair[number, arm], loop[number, arm] = first.clock.hz, taken.pair, taken.loop
        return Run(
            *(seed, tuple(arms), tuple(map(str, keys)), ticks, pace, often, ran[arms.index(0)], ran, hz, pair, loop),
            *(order, load, began, time.time() - began, machine_load.others(used, machine_load.used()), conditions),
        )

    def lay_out(self, seed: int) -> None:
        """Draw the layout of the next processes from this seed alone."""
        if isinstance(self.guest, Scatters):
            self.guest.scatter(random.Random(seed))  # noqa: S311 - a layout, not a secret

    def execute(
        self, planned: tuple[PlannedRun, ...], seed: int, number: int, protocol: Plan = PROTOCOL
    ) -> GuestResult:
        """One process of the payload."""
        run, cpus = f"{seed & 0xFFFFFF:06x}", self.guest.cpus
        plan = replace(protocol, run=run, seed=seed, boot=number, runs=planned, pin=bool(cpus), cpus=cpus, apart=True)
        assembler = Assembler(self.guest.name, self.guest.accel, number, plan, {})
        with self.guest.execute(patch_plan(self.payload.image, plan.render()), 1, number) as execution:
            Watch(self.guest, plan, assembler, self.progress).drain(execution)
        return assembler.result()

    def sizes(self, keys: Sequence[RunKey], seed: int) -> dict[RunKey, Size]:
        """Batch sizes and visits to freeze. What this guest cannot do is left out.

        Batches are calibrated, then made larger until one fiftieth more is a whole number of steps.
        """
        found: dict[RunKey, int] = {}
        first = self.execute(tuple(map(PlannedRun, keys)), seed, 0, _PILOT)
        wanted = {key: run.processes[0].n for key in keys if (run := first.runs.get(key)) and run.processes}
        for multiple in (1, 2, 4, 8, 16):
            tried = {
                key: -(-n // (_FINE * multiple)) * _FINE * multiple for key, n in wanted.items() if key not in found
            }
            asked = tuple(PlannedRun(key, n, 20) for key, n in tried.items())
            result = self.execute(asked, seed, multiple, _PILOT)
            for key, n in tried.items():
                run = result.runs.get(key)
                if run and run.processes and run.processes[0].n == n and run.processes[0].ran == n * 1020 // 1000:
                    found[key] = n
        return self._visited({key: Size(found[key], allocation.VISITS) for key in keys if key in found}, seed)

    def _visited(self, sizes: Mapping[RunKey, Size], seed: int) -> dict[RunKey, Size]:
        """The same with as many visits as a pilot of a few processes finds worth their time."""
        results = []
        for number in range(visits.PROCESSES):
            self.lay_out(seed + number)
            results.append(self.execute(planned(sizes, 0), seed, number))
        said: dict[RunKey, Size] = {}
        for key, size in sizes.items():
            whole = [found for result in results if (found := _whole(result, key, size.visits))]
            if whole:
                size = replace(size, visits=visits.enough(whole), seconds=visits.seconds(whole))  # noqa: PLW2901
            said[key] = replace(size, visits=1) if key.workload in _controls() else size
        return said


def _controls() -> set[str]:
    return {row.name for row in workloads().values() if row.control}


def planned(sizes: Mapping[RunKey, Size], more: int) -> tuple[PlannedRun, ...]:
    """All visits of one process; the payload draws their order."""
    return tuple(PlannedRun(key, size.n, more) for key, size in sizes.items() for _ in range(size.visits))


def _whole(result: GuestResult, key: RunKey, often: int) -> list[ProcessSamples]:
    """The visits of one process, when all are there with all batches and their pace; else none."""
    run = result.runs.get(key)
    found = run.processes if run is not None and run.status == "ok" else []
    good = len(found) == often and all(one.pace and one.ticks.size == PROTOCOL.batches for one in found)
    return found if good else []


def _told(result: GuestResult) -> dict[str, str]:
    held = result.conditions
    if held is None:
        raise InfrastructureError(f"{result.guest}: it never said under which conditions it runs")
    return {
        **{"os": held.os, "kernel": held.kernel, "cpu": held.cpu_model, "counter": held.counter},
        **{"cpus": ",".join(map(str, held.cpus)), "compiler": held.compiler, "payload": held.payload},
    }
