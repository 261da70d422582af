"""Measures one guest with one payload repeatedly, as a paired gate does; makes the full runs of the validation."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from ferrule.campaign.progress import Progress
from ferrule.campaign.watch import Watch
from ferrule.errors import GuestError
from ferrule.gate.paired import visits
from ferrule.gate.paired.measure import BATCHES, PROCESSES, TARGET_NS, WARM
from ferrule.machine.guest import Guest, Scatters
from ferrule.payload.build import Payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun, nonce
from ferrule.payload.registry import workloads
from ferrule.records.assemble import Assembler
from ferrule.records.samples import GuestResult, ProcessSamples
from ferrule.stats import allocation
from ferrule.stats.pace import around
from ferrule.validate.recording import Recording, Size, whole_visits
from ferrule.validate.runs import Run

ARMS: Final = (0, 0, 20, 50)  # injected slowdown in per mille: base, the same again, +2 %, +5 %
PROTOCOL: Final = Plan(batches=BATCHES, warm=WARM, target_ns=TARGET_NS, limit_ns=2_000_000_000, apart=True)
_PILOT: Final = replace(PROTOCOL, batches=1, warm=0)
_FINE: Final = 50  # a batch has a multiple of this many operations, so that +2 % is a whole number
_LONG: Final = 200e-6  # seconds: the longest batch that is slowed by more operations
_MANY: Final = 100  # operations: the smallest batch that is slowed by more operations


@dataclass
class Bench:
    """A guest with a payload, ready to be measured repeatedly."""

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
            GuestError: more than one execution in twenty failed.
        """
        draw = random.Random(seed)  # noqa: S311 - an order, not a secret
        recording = Recording(sizes, seed, rounds, arms)
        most, failed = max((size.processes for size in sizes.values()), default=1), 0
        for number in range(rounds):
            before(number)
            layout, order = draw.getrandbits(63), draw.sample(range(len(arms)), len(arms))
            recording.begin(number, order)
            self.lay_out(layout)  # the same for all arms, which also run the workloads in the same order
            for arm, process in product(order, range(most)):
                some = {key: size for key, size in sizes.items() if process < size.processes}
                try:
                    result = self.execute(planned(some, arms[arm]), layout, process)
                except GuestError as error:  # one process is missing in one round; the run continues
                    self.progress.note(str(error))
                    failed += 1
                    if failed > rounds * len(arms) * most // 20:
                        raise
                    continue
                recording.add(number, arm, process, result)
        return recording.run()

    def lay_out(self, seed: int) -> None:
        """Choose the address layout of the next processes by `seed`."""
        if isinstance(self.guest, Scatters):
            self.guest.scatter(seed)

    def execute(
        self, planned: tuple[PlannedRun, ...], seed: int, number: int, protocol: Plan = PROTOCOL
    ) -> GuestResult:
        """One process of the payload."""
        cpus = self.guest.cpus
        plan = replace(protocol, run=nonce(), seed=seed, boot=number, runs=planned, pin=bool(cpus), cpus=cpus)
        assembler = Assembler(self.guest.name, self.guest.accel, number, plan, {})
        with self.guest.execute(patch_plan(self.payload.image, plan.render()), 1, number) as execution:
            Watch(self.guest, plan, assembler, self.progress).drain(execution)
        return assembler.result()

    def sizes(self, keys: Sequence[RunKey], seed: int) -> dict[RunKey, Size]:
        """Batch sizes and visits, found as by a gate's pilot. Workloads that fail on this guest are left out."""
        batches, counted = self._batches(keys, seed)
        asked, results = {key: Size(n, allocation.VISITS) for key, n in batches.items()}, []
        self.lay_out(seed)  # the same for all, as both arms of a pair have the same
        for number in range(visits.PILOT):
            results.append(self.execute(planned(asked, 0), seed, number))
        pilots = {key: [whole_visits(result, key, size.visits) for result in results] for key, size in asked.items()}
        pilots = {key: found for key, every in pilots.items() if len(found := list(filter(None, every))) > 1}
        often = {key: visits.enough(found) for key, found in pilots.items()}
        controls = {key: 1 for key in batches if workloads()[key.workload].control}
        often = visits.fitting({**dict.fromkeys(batches, allocation.VISITS), **often, **controls})
        return {
            key: Size(n, often[key], controls.get(key, PROCESSES), 0.0 if key in counted else _lasts(pilots[key]))
            for key, n in batches.items()
            if key in pilots
        }

    def _batches(self, keys: Sequence[RunKey], seed: int) -> tuple[dict[RunKey, int], set[RunKey]]:
        """Operations a batch by workload, and the workloads that are slowed by additional operations.

        Their batches are as a gate calibrates them, or larger so that one fiftieth more is a whole number of steps.
        The other workloads are slowed by multiplications: those whose batches would become long, or hold few operations
        as calibrated. (A kernel refills its free lists once in some dozens of operations; with a few more operations a
        low quantile would find the batches with one refill.) Workloads whose two ends take turns are always slowed by
        operations, because multiplications would change the turns.
        """
        first = self.execute(tuple(map(PlannedRun, keys)), seed, 0, _PILOT).runs
        measured = {key: run for key in keys if (run := first.get(key)) and run.processes}
        batches, counted = {key: run.processes[0].n for key, run in measured.items()}, set[RunKey]()
        alone = {key for key, run in measured.items() if run.meaning is None or run.meaning.ends < 2}
        more = [key for key, n in batches.items() if key not in alone or n >= _MANY]
        for multiple in (1, 2, 4, 8, 16):
            steps = _FINE * multiple
            tried = {key: -(-batches[key] // steps) * steps for key in more if key not in counted}
            result = self.execute(tuple(PlannedRun(key, n, 20) for key, n in tried.items()), seed, multiple, _PILOT)
            for key, n in tried.items():
                run = result.runs.get(key)
                if not (run and run.processes and run.processes[0].n == n and run.processes[0].ran == n * 1020 // 1000):
                    continue
                if key not in alone or int(run.processes[0].ticks[0]) <= _LONG * run.processes[0].clock.hz:
                    counted.add(key)
                    batches[key] = n
        return batches, counted


def _lasts(pilot: Sequence[Sequence[ProcessSamples]]) -> float:
    """Multiplications of the pace loop that take as long as a batch."""
    beside = [(one.ticks, one.pace) for of in pilot for one in of if one.pace is not None]
    return float(np.median([np.median(ticks / around(pace.ticks)) * pace.n for ticks, pace in beside]))


def planned(sizes: Mapping[RunKey, Size], more: int) -> tuple[PlannedRun, ...]:
    """All visits of one process, slowed by `more` per mille; the payload draws their order."""
    return tuple(
        PlannedRun(key, size.n, 0 if size.lasts else more, round(size.lasts * more / 1000))
        for key, size in sizes.items()
        for _ in range(size.visits)
    )
