"""A campaign: every asked run on every guest, over boots and processes; no finished run is ever lost.

Boots contain processes, processes contain batches. Guests take turns round by round in random order, so that a slow
hour of the machine affects all of them equally; within a process the payload draws the order of the runs. When a guest
fails, the run in flight is reported with the reason, and the other runs are planned again without it.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ferrule.campaign.budget import Budget
from ferrule.campaign.intake import Intake
from ferrule.campaign.ledger import Executed, Ledger
from ferrule.campaign.progress import Progress
from ferrule.campaign.schedule import Fixed, Precision, Schedule, Turn, UntilNarrow
from ferrule.campaign.watch import Watch
from ferrule.errors import FerruleError, GuestError, GuestKilled, StreamDamaged
from ferrule.machine.guest import Ages, CountsStops, Fragile, Guest, SharesClock
from ferrule.machine.presence import Presence
from ferrule.payload.build import Payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun, nonce
from ferrule.payload.registry import workloads
from ferrule.records.assemble import Assembler
from ferrule.records.hello import Sent
from ferrule.records.samples import GuestResult, RunResult

REPEATS = 2  # most executions in a row of a boot that advance no run and name no run as the cause
KILLS = 6  # likewise, where they were killed from outside


@dataclass
class Campaign:
    """What to run, and where. `run()` may be interrupted: `results` has all finished runs."""

    guests: Sequence[Guest]
    keys: Mapping[str, Sequence[RunKey]]  # by guest name
    payload_for: Callable[[Guest], Payload]
    budget: Budget
    seed: int
    progress: Progress
    verify_only: bool = False
    patience: float | None = None  # seconds without a record; by default what the budget and the accelerator call for
    results: dict[str, GuestResult] = field(default_factory=dict)
    tallies: dict[tuple[str, int], Counter[RunKey]] = field(default_factory=dict)  # samples by guest and round
    ledger: Ledger = field(default_factory=Ledger)  # stores everything that is finished
    sizes: Mapping[str, Mapping[RunKey, int]] = field(default_factory=dict)  # frozen batch sizes, by guest name
    more: Mapping[str, int] = field(default_factory=dict)  # per mille of slowdown to inject as a test, by guest name
    visits: Mapping[RunKey, int] = field(default_factory=dict)  # visits of a run in a process, where not 1
    history: int | None = None  # every boot takes its runs in the order of this boot; None: each in its own order
    apart: bool = False  # each run of a process in a copy of it, where the OS makes such copies
    precision: Precision | None = None  # measure until the intervals are so narrow, in place of the budget's rounds
    used: float = 0.0  # seconds of the budget that an earlier session used
    beside: bool = False  # whether another measurement ran on this machine at the same time
    _resumed: frozenset[str] = frozenset()  # guests that have samples of an earlier session

    def run(self) -> dict[str, GuestResult]:
        """Measure everything; returns results by guest name, failed guests included.

        With `results` and `tallies` of an earlier session it measures what is missing in them.
        """
        for guest in self.guests:
            self.results.setdefault(guest.name, GuestResult(guest.name, None, {}))
        with Presence() as presence:
            try:
                return self._rounds(presence)
            finally:
                self._look(presence)

    def _look(self, presence: Presence) -> None:
        """Report once that another measurement runs, or ran: it disturbs times, but no instruction counts."""
        timed = any(guest.accel != "icount" for guest in self.guests)
        if timed and not self.beside and presence.others():
            self.beside = True
            self.progress.note("another measurement of Ferrule runs on this machine: they disturb each other's times")

    def _rounds(self, presence: Presence) -> dict[str, GuestResult]:
        draw = random.Random(self.seed)  # noqa: S311 - an order, not a secret
        self._resumed = frozenset(name for name, _ in self.tallies)
        schedule = self._schedule()
        try:
            for boot in itertools.count(schedule.first):
                self._look(presence)
                if not (turns := schedule.turns(boot, self.guests, self.results)):
                    break
                for guest in draw.sample(list(self.guests), len(self.guests)):
                    if guest.name in turns and (boot == 0 or self._spoke(guest)):
                        self._round(guest, boot, turns[guest.name])
        except BaseException:
            for guest in self.guests:
                self.results[guest.name].interrupted = self.lacks(guest) or self.precision is not None
            raise
        finally:
            schedule.close(self.guests, self.results)
            for guest in self.guests:
                self._account(guest)
        return self.results

    def _schedule(self) -> Schedule:
        if self.precision is None:
            return Fixed(self.keys, self.budget.boots, self.budget.processes, self.sizes)
        controls = frozenset(row.name for row in workloads().values() if row.control)
        first = max((boot for _, boot in self.tallies), default=0)
        started = time.monotonic() - self.used
        return UntilNarrow(self.keys, controls, self.precision, self.budget.processes, first=first, started=started)

    def lacks(self, guest: Guest) -> bool:
        """Whether a run has fewer processes than the budget's rounds, and the run itself did not cause that."""
        keys, turn = self.keys[guest.name], Turn((), self.budget.processes)
        rounds = self.budget.boots if self.precision is None else 0
        lost = (run.status == "lost" for run in self.results[guest.name].runs.values())
        return any(lost) or any(self._missing(guest, boot, keys, turn) for boot in range(rounds))

    def _round(self, guest: Guest, boot: int, turn: Turn) -> None:
        """One boot of one guest, one more for each run that earlier runs affect, and one for runs that may crash it."""
        result = self.results[guest.name]
        started = time.monotonic()
        try:
            todo = [key for key in turn.keys if not _over(result.runs.get(key))]
            feared = [key for key in todo if isinstance(guest, Fragile) and guest.breaks_on(key)]
            aged = [key for key in todo if key not in feared and self._ages(guest, key)]
            sturdy = [key for key in todo if key not in feared and key not in aged]
            self._boot(guest, boot, sturdy, turn)
            if self._spoke(guest) or not sturdy:
                for key in aged:
                    self._boot(guest, boot, [key], turn)
                self._boot(guest, boot, feared, turn, apart=True)
        finally:
            result.seconds += time.monotonic() - started

    def _ages(self, guest: Guest, key: RunKey) -> bool:
        """Whether a run needs a boot of its own, because earlier runs affect it. Not where all boots have one order."""
        return self.history is None and not self.verify_only and isinstance(guest, Ages) and guest.ages_on(key)

    def _boot(self, guest: Guest, boot: int, keys: Sequence[RunKey], turn: Turn, *, apart: bool = False) -> None:
        """One boot, and more until no run lacks a process; `apart`: after a run crashed one, each has its own boot."""
        result = self.results[guest.name]
        fruitless = 0
        while todo := self._missing(guest, boot, keys, turn):
            try:
                before = self._done(guest, boot, todo)
                failure = self._execute(guest, list(todo), boot, replace(turn, processes=min(todo.values())))
            except FerruleError as error:  # it could not be started; another try would fail too
                self._note(result, error)
                break
            if failure is not None:
                self._note(result, failure)
                if (stopped := _named(failure, todo)) is not None:
                    self._blame(result, boot, stopped, failure)
                    if apart:
                        for key in todo:
                            self._boot(guest, boot, [key], turn)
                        break
                    continue
            fruitless = fruitless + 1 if self._done(guest, boot, todo) == before else 0
            if fruitless == (KILLS if isinstance(failure, GuestKilled) else REPEATS):
                self._lose(result, todo, failure)
                break

    def _done(self, guest: Guest, boot: int, todo: Iterable[RunKey]) -> tuple[int, int]:
        """Progress of these runs: the number of their samples in this round, and how many of them are over.

        Controls that the plan does not list run in every process and are not counted. An execution that changes
        neither number made no progress, and repeating it could go on for ever.
        """
        runs, tally = self.results[guest.name].runs, self._tally(guest, boot)
        return sum(tally[key] for key in todo), sum(_over(runs.get(key)) for key in todo)

    def _missing(self, guest: Guest, boot: int, keys: Sequence[RunKey], turn: Turn) -> dict[RunKey, int]:
        """Processes that each run still lacks in this round; those that are over lack none."""
        runs, tally = self.results[guest.name].runs, self._tally(guest, boot)
        left = {key: turn.processes - tally[key] // self.visits.get(key, 1) for key in keys}
        return {key: count for key, count in left.items() if count > 0 and not _over(runs.get(key))}

    def _execute(self, guest: Guest, todo: Sequence[RunKey], boot: int, turn: Turn) -> GuestError | None:
        """Run one execution; returns the error that ended it early, if any."""
        result, payload = self.results[guest.name], self.payload_for(guest)
        attempt, result.boots = result.boots, result.boots + 1
        plan = self._plan(guest, todo, attempt, turn)
        text = plan.render()
        added = {row.name for row in workloads().values() if row.control} - {key.workload for key in todo}
        runs = turn.processes * (len(plan.runs) + len(added))
        self.progress.boot(guest.name, boot, turn.rounds, runs)
        sent = Sent(payload.os, payload.arch, payload.build_id, text)
        assembler = Assembler(guest.name, guest.accel, attempt, plan, guest.describe(), sent=sent)
        full = frozenset(self.keys[guest.name]).difference(todo)
        resumed = guest.name in self._resumed
        intake = Intake(guest, assembler, self.ledger, boot, result, self._tally(guest, boot), full, resumed)
        watch = Watch(guest, plan, assembler, self.progress, patience=self.patience, ended=intake.process)
        failure: GuestError | None = None
        started = time.monotonic()
        with guest.execute(patch_plan(payload.image, text), turn.processes, attempt) as execution:
            try:
                watch.drain(execution)
            except GuestError as error:
                failure = error
            finally:
                if isinstance(execution, SharesClock):
                    assembler.take_host_marks(execution.host_marks())
                if isinstance(execution, CountsStops):
                    assembler.take_throttled(execution.throttled())
                intake.close()
                spent = time.monotonic() - started
                error_text = str(failure) if failure is not None else None
                done = Executed(attempt, spent, watch.heard, runs, error_text, dict(assembler.damage))
                self.ledger.execution(guest.name, boot, done)
        turn.spent.add(spent, watch.heard, runs)
        return failure

    def _plan(self, guest: Guest, todo: Sequence[RunKey], attempt: int, turn: Turn) -> Plan:
        budget = self.budget
        return Plan(
            run=nonce(),
            seed=self.seed,
            boot=attempt if self.history is None else self.history,
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

    def _note(self, result: GuestResult, error: FerruleError) -> None:
        result.errors.append(str(error))
        self.progress.note(str(error))

    def _blame(self, result: GuestResult, boot: int, key: RunKey, failure: GuestError) -> None:
        """A run crashed or hung its guest: store that as its result."""
        result.runs[key] = RunResult(key, failure.verdict, Exception.__str__(failure))
        self.ledger.process(result.guest, boot, GuestResult(result.guest, None, {key: result.runs[key]}))

    def _lose(self, result: GuestResult, todo: Iterable[RunKey], failure: GuestError | None) -> None:
        """Repeating did not help, and no run is the cause: mark the runs as lost."""
        if failure is None or isinstance(failure, GuestKilled):
            lost = failure or StreamDamaged(result.guest, "records lost or corrupted, repeating did not help")
            for key in todo:
                result.runs.setdefault(key, RunResult(key, "lost", Exception.__str__(lost)))

    def _tally(self, guest: Guest, boot: int) -> Counter[RunKey]:
        return self.tallies.setdefault((guest.name, boot), Counter())

    def _spoke(self, guest: Guest) -> bool:
        """Whether a boot of this guest ever sent a record: a guest that does not start is not tried again."""
        return self.results[guest.name].conditions is not None

    def _account(self, guest: Guest) -> None:
        """Give every asked run that has no result a reason, so that no table cell is silently empty."""
        result = self.results[guest.name]
        why = "the run was interrupted before it" if result.interrupted else "the guest did not report it"
        why = result.errors[-1].splitlines()[0] if result.errors else why
        for key in self.keys[guest.name]:
            if key not in result.runs:
                result.runs[key] = RunResult(key, "missing", why)


def _over(run: RunResult | None) -> bool:
    """Whether a run is not tried again on this guest."""
    return run is not None and run.status != "ok"


def _named(failure: GuestError, todo: Iterable[RunKey]) -> RunKey | None:
    """The run that caused a failure, when it is one of those asked for."""
    if failure.workload is None or failure.verdict == "lost":
        return None
    return next((key for key in todo if str(key) == failure.workload), None)
