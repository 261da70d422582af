"""A campaign: every asked run on every guest, over boots and processes, with nothing that finished ever lost.

Boots contain processes, processes contain batches. Guests take turns round by round in a drawn order, so that a slow
hour of the machine falls on all of them alike; within a process the payload draws the order of the runs. A guest that
goes wrong costs the run it was in: that run is reported with the reason, and the rest is planned anew without it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ferrule.campaign.budget import Budget
from ferrule.campaign.progress import Progress
from ferrule.campaign.schedule import Fixed, Precision, Schedule, Turn, UntilNarrow
from ferrule.campaign.watch import Watch
from ferrule.errors import FerruleError, GuestError, StreamDamaged
from ferrule.machine.guest import Fragile, Guest, SharesClock
from ferrule.payload.build import Payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun, nonce
from ferrule.payload.registry import workloads
from ferrule.records.assemble import Assembler
from ferrule.records.hello import Sent
from ferrule.records.merge import merge
from ferrule.records.samples import GuestResult, RunResult

REPEATS = 2  # executions granted to a boot that failed without naming a run, or to runs with damaged records


@dataclass
class Campaign:
    """What to run, where. `run()` may be interrupted: `results` holds all that finished."""

    guests: Sequence[Guest]
    keys: Mapping[str, Sequence[RunKey]]  # by guest name
    payload_for: Callable[[Guest], Payload]
    budget: Budget
    seed: int
    progress: Progress
    verify_only: bool = False
    patience: float | None = None  # seconds without a record; by default what the budget and the accelerator call for
    results: dict[str, GuestResult] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[RunKey, int]] = field(default_factory=dict)  # frozen batch sizes, by guest name
    more: Mapping[str, int] = field(default_factory=dict)  # per mille of slowdown to inject, by guest name: to be found
    visits: Mapping[RunKey, int] = field(default_factory=dict)  # of a run in a process, where it is not one
    apart: bool = False  # each run of a process in a copy of it, where the OS makes such copies
    precision: Precision | None = None  # measure until the intervals are so narrow, in place of the budget's rounds

    def run(self) -> dict[str, GuestResult]:
        """Measure everything; returns results by guest name, failed guests included."""
        draw = random.Random(self.seed)  # noqa: S311 - an order, not a secret
        for guest in self.guests:
            self.results.setdefault(guest.name, GuestResult(guest.name, None, {}))
        schedule, boot = self._schedule(), 0
        while turns := schedule.turns(boot, self.guests, self.results):
            for guest in draw.sample(list(self.guests), len(self.guests)):
                if guest.name in turns and (boot == 0 or self._spoke(guest)):
                    self._round(guest, boot, turns[guest.name])
            boot += 1
        schedule.close(self.guests, self.results)
        for guest in self.guests:
            self._account(guest)
        return self.results

    def _schedule(self) -> Schedule:
        if self.precision is None:
            return Fixed(self.keys, self.budget.boots, self.budget.processes, self.sizes)
        controls = frozenset(row.name for row in workloads().values() if row.control)
        return UntilNarrow(self.keys, controls, self.precision, self.budget.processes)

    def _round(self, guest: Guest, boot: int, turn: Turn) -> None:
        """One boot of one guest, and one more for the runs that its kernel may not survive: those come last."""
        result = self.results[guest.name]
        started = time.monotonic()
        todo = [key for key in turn.keys if not _over(result.runs.get(key))]
        feared = [key for key in todo if isinstance(guest, Fragile) and guest.breaks_on(key)]
        sturdy = [key for key in todo if key not in feared]
        self._boot(guest, boot, sturdy, turn)
        if self._spoke(guest) or not sturdy:
            self._boot(guest, boot, feared, turn, apart=True)
        result.seconds += time.monotonic() - started

    def _boot(self, guest: Guest, boot: int, todo: Sequence[RunKey], turn: Turn, *, apart: bool = False) -> None:
        """One boot, repeated without the run that ended it until all others are done; `apart`: each in its own boot."""
        result = self.results[guest.name]
        repeats = REPEATS
        while todo and repeats:
            attempt = result.boots
            result.boots += 1
            try:
                failure, damaged = self._execute(guest, todo, boot, attempt, turn)
            except FerruleError as error:  # it could not even be started: no use in trying again
                result.errors.append(str(error))
                self.progress.note(str(error))
                break
            if failure is None and not damaged:
                break
            if failure is not None:
                result.errors.append(str(failure))
                self.progress.note(str(failure))
            stopped = _named(failure, todo)
            if failure is not None and stopped is not None:
                result.runs[stopped] = RunResult(stopped, failure.verdict, Exception.__str__(failure))
                todo = [key for key in todo if key != stopped]
                if apart:
                    for key in todo:
                        self._boot(guest, boot, [key], turn)
                    break
                continue
            repeats -= 1
            if failure is None:
                todo = [key for key in todo if key in damaged]
                if not repeats:
                    for key in todo:
                        lost = StreamDamaged(guest.name, "records lost or corrupted, repeating did not help")
                        result.runs[key] = RunResult(key, "lost", str(lost))

    def _execute(
        self, guest: Guest, todo: Sequence[RunKey], boot: int, attempt: int, turn: Turn
    ) -> tuple[GuestError | None, set[RunKey]]:
        """One execution. Returns what ended it early, if anything, and the runs whose records were damaged."""
        budget = self.budget
        payload = self.payload_for(guest)
        plan = Plan(
            run=nonce(),
            seed=self.seed,
            boot=attempt,
            processes=turn.processes,
            batches=budget.batches,
            control_batches=min(budget.control_batches, budget.batches),
            warm=budget.warm,
            each=budget.each,
            target_ns=budget.target_ns,
            limit_ns=budget.limit_ns,
            verify_only=self.verify_only,
            apart=self.apart,
            pin=bool(guest.cpus),
            cpus=guest.cpus,
            runs=tuple(
                PlannedRun(key, turn.sizes.get(key, 0), self.more.get(guest.name, 0))
                for key in todo
                for _ in range(self.visits.get(key, 1))
            ),
        )
        added = {row.name for row in workloads().values() if row.control} - {key.workload for key in todo}
        runs = turn.processes * (len(plan.runs) + len(added))
        self.progress.boot(guest.name, boot, turn.rounds, runs)
        text = plan.render()
        sent = Sent(payload.os, payload.arch, payload.build_id, text)
        assembler = Assembler(guest.name, guest.accel, attempt, plan, guest.describe(), sent=sent)
        failure: GuestError | None = None
        watch = Watch(guest, plan, assembler, self.progress, self.patience)
        started = time.monotonic()
        with guest.execute(patch_plan(payload.image, text), turn.processes, attempt) as execution:
            try:
                watch.drain(execution)
            except GuestError as error:
                failure = error
            if isinstance(execution, SharesClock):
                assembler.take_host_marks(execution.host_marks())
        turn.spent.add(time.monotonic() - started, watch.heard, runs)
        merged = assembler.result()
        if not guest.fresh_boots:
            _renumber(merged, self.results[guest.name])
        self.results[guest.name] = merge(self.results[guest.name], merged)
        return failure, set(assembler.damaged)

    def _spoke(self, guest: Guest) -> bool:
        """Whether a boot of this guest ever came as far as a record: one that does not start is not tried for ever."""
        return self.results[guest.name].conditions is not None

    def _account(self, guest: Guest) -> None:
        """Give every asked run that has no result a reason, so that no table cell is silently empty."""
        result = self.results[guest.name]
        why = result.errors[-1].splitlines()[0] if result.errors else "the guest did not report it"
        for key in self.keys[guest.name]:
            if key not in result.runs:
                result.runs[key] = RunResult(key, "missing", why)


def _over(run: RunResult | None) -> bool:
    """Whether there is no use in trying a run again on this guest."""
    return run is not None and run.status != "ok"


def _named(failure: GuestError | None, todo: Sequence[RunKey]) -> RunKey | None:
    """The run that a failure names, when it is one of those asked for."""
    if failure is None or failure.workload is None:
        return None
    return next((key for key in todo if str(key) == failure.workload), None)


def _renumber(new: GuestResult, old: GuestResult) -> None:
    """All executions of a guest that was not rebooted belong to its one boot: number its processes on."""
    seen = [samples.process for run in old.runs.values() for samples in run.processes]
    first = max(seen, default=-1) + 1
    for run in new.runs.values():
        run.processes = [replace(samples, boot=0, process=samples.process + first) for samples in run.processes]
