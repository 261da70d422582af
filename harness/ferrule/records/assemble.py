"""Records to samples: follows every process of one execution, knows which run is in flight and which must be repeated.

`begin` and `end` bracket a run. A hole in the stream, a count that is not the declared one or an impossible value
between them damages that run; a hole that swallowed a bracket damages the runs on both sides of it. A process whose
clock or references were lost has no usable run. Nothing here raises for what a guest sends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ferrule.core import Mark
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.records.crosscheck import CrossCheck
from ferrule.records.fields import Bad, Fields, clean, integer, parameters
from ferrule.records.gather import FACTS, Asked, ProcessRecords, RunRecords
from ferrule.records.samples import Accel, Conditions, GuestResult, RunResult, Status, Surroundings
from ferrule.records.stream import INIT_PROCESS, Damage, Event, Record, Restart

NOTES = 100  # kept texts on what was damaged
UNASKED = 64  # runs a payload may add to the plan: its controls
# When processes of one run end differently the gravest says what the run is: wrong once is not right.
GRAVEST: tuple[Status, ...] = ("wrong", "failed", "crashed", "hung", "unsupported", "ok", "lost", "missing")


class Assembler:
    """Feed it the events of one execution; ask it for results at any time."""

    def __init__(self, guest: str, accel: Accel, boot: int, plan: Plan, host: Mapping[str, str]) -> None:
        """Start with nothing.

        Args:
            guest: its name in tables.
            accel: how it executes; `icount` makes ticks instructions.
            boot: number written into every sample.
            plan: what it was told to run: names the runs, and bounds what may come.
            host: conditions that only the host's side knows; they win over what the guest says.
        """
        self._guest, self._accel, self._boot, self._plan = guest, accel, boot, plan
        self._host = dict(host)
        self._keys = [planned.key for planned in plan.runs]
        self._asked = Asked(plan.batches, plan.warm, plan.each, plan.verify_only)
        self._processes: dict[int, ProcessRecords] = {}
        self._latest: ProcessRecords | None = None
        self.notes: list[str] = []

    # --- events in ----------------------------------------------------------------------------------------------

    def feed(self, event: Event, arrival: float) -> None:
        """Take one event that arrived at `arrival` seconds of the host's monotonic clock."""
        if isinstance(event, Record):
            if event.run == self._plan.run and 0 <= event.process < self._plan.processes:
                process = self._processes.setdefault(event.process, ProcessRecords(event.process))
                self._latest = process
                if not process.done:
                    self._record(process, event, arrival)
        elif isinstance(event, Damage):
            if event.kind == "loss" and event.run == self._plan.run and event.process is not None:
                self._loss(event.process, event.detail)
        elif isinstance(event, Restart) and event.run == self._plan.run:
            self._processes[event.process] = ProcessRecords(event.process)

    def take_host_marks(self, marks: Sequence[Mark]) -> None:
        """What the host itself read of the payload's counter and clock: before process 0, and after each that ended."""
        for process in self._processes.values():
            process.host = CrossCheck(tuple(marks))

    def take_surroundings(self, number: int, seen: Surroundings | None) -> None:
        """What the host was doing while a process ran."""
        if number in self._processes:
            self._processes[number].surroundings = seen

    def _loss(self, number: int, detail: str) -> None:
        """Records of a stream did not arrive."""
        if number == INIT_PROCESS or not 0 <= number < self._plan.processes:
            return
        process = self._processes.setdefault(number, ProcessRecords(number))
        if process.open is not None:
            self._damage(process.open, detail)
        else:
            self._note(f"process {number}: {clean(detail)}")

    def _record(self, process: ProcessRecords, record: Record, arrival: float) -> None:
        fields, kind = record.fields, record.kind
        try:
            if kind == "hello":
                process.hello = {key: clean(value) for key, value in fields.items()}
            elif kind == "fact" and len(process.facts) < FACTS:
                process.facts[clean(fields.get("name", "?"))] = clean(fields.get("value", ""), 400)
            elif kind == "clock":
                process.take_clock(fields)
            elif kind == "ref":
                process.take_reference(fields)
            elif kind == "mark":
                process.take_mark(fields, arrival)
            elif kind == "done":
                self._leave(process)
                process.done = True
            elif kind == "begin":
                self._begin(process, fields)
            elif kind in ("ready", "batch", "pace", "hist", "end"):
                self._inside(process, kind, fields)
        except Bad as error:
            if process.open is not None:
                self._damage(process.open, f"{kind}: {error}")
                if kind == "end":
                    process.open = None
            else:
                self._note(f"process {process.number}: {kind}: {error}")

    def _begin(self, process: ProcessRecords, fields: Fields) -> None:
        self._leave(process)
        index = integer(fields, "i", 0, len(self._keys) + UNASKED)
        said = RunKey(clean(fields.get("workload", "?")), parameters(fields), clean(fields.get("place", "same_core")))
        key = self._keys[index] if index < len(self._keys) else said
        run = RunRecords(key, index)
        process.open = run
        if index in process.runs:
            self._damage(process.runs[index], "it began twice in one process")
        process.runs[index] = run
        if (said.workload, sorted(said.params), said.place) != (key.workload, sorted(key.params), key.place):
            raise Bad(f"{said} began where the plan has {key}")
        planned = self._plan.runs[index] if index < len(self._keys) else PlannedRun(said)
        for name, due in (("more", planned.more), ("spin", planned.spin)):
            if integer(fields, name, default=0) != due:
                raise Bad(f"{name}={clean(fields.get(name, '0'))} began where the plan has {due}")
        run.spin = planned.spin or None
        run.position = integer(fields, "pos", 0, 1 << 32, default=0)

    def _inside(self, process: ProcessRecords, kind: str, fields: Fields) -> None:
        """A record between begin and end; one that names another run than the open one lost its begin."""
        index = integer(fields, "i", 0, len(self._keys) + UNASKED)
        run = process.open
        if run is None or run.index != index:
            self._leave(process)
            process.spoiled.add(index)
            return
        if run.bad is None:
            if kind in ("ready", "hist"):
                {"ready": run.ready, "hist": run.hist}[kind](fields)
            else:
                {"batch": run.batch, "pace": run.take_pace, "end": run.end}[kind](fields, self._asked)
        if kind == "end":
            run.status = run.status or "ok"
            process.open = None

    def _leave(self, process: ProcessRecords) -> None:
        """Something else begins: a run that is still open lost its end."""
        if process.open is not None:
            self._damage(process.open, "its end did not arrive")
            process.open = None

    def _damage(self, run: RunRecords, why: str) -> None:
        if run.bad is None:
            run.bad = why
            self._note(f"{run.key}: {why}")

    def _note(self, text: str) -> None:
        if len(self.notes) < NOTES:
            self.notes.append(text)

    # --- answers out --------------------------------------------------------------------------------------------

    @property
    def current(self) -> RunKey | None:
        """The run in flight; None between runs."""
        return self._latest.open.key if self._latest is not None and self._latest.open is not None else None

    def finished(self, process: int) -> bool:
        """Whether a process said `done`, or ended all its runs (its last record may have been lost)."""
        held = self._processes.get(process)
        if held is None:
            return False
        ended = {index for index, run in held.runs.items() if run.status and run is not held.open}
        return held.done or (bool(self._keys) and ended >= set(range(len(self._keys))))

    @property
    def complete(self) -> bool:
        """Whether all processes of the plan are finished."""
        return all(self.finished(process) for process in range(self._plan.processes))

    @property
    def damaged(self) -> set[RunKey]:
        """Asked runs to repeat: damaged, or not there although their process finished."""
        found: set[RunKey] = set()
        for process in self._processes.values():
            unusable = process.lacks() is not None
            for index, key in enumerate(self._keys):
                run = process.runs.get(index)
                missing = run is None and self.finished(process.number)
                if missing or index in process.spoiled or (run is not None and (run.bad or (unusable and run.status))):
                    found.add(key)
        return found

    @property
    def conditions(self) -> Conditions | None:
        """As said by the first process whose hello arrived; None before."""
        process = next((one for one in self._processes.values() if one.hello and one.clock), None)
        if process is None:
            return None
        facts = {key: value for one in reversed(self._processes.values()) for key, value in one.facts.items()}
        facts.update(self._host)
        return Conditions(
            guest=self._guest,
            os=process.hello.get("os", "unknown"),
            arch=process.hello.get("arch", "unknown"),
            kernel=facts.get("kernel.release", "unknown"),
            accel=self._accel,
            unit="instructions" if self._accel == "icount" else "ns",
            counter=process.clock.get("counter", "unknown"),
            cpu_model=facts.get("cpu.model", "unknown"),
            cpus=self._plan.cpus if self._plan.pin else (),
            compiler=process.hello.get("compiler", "unknown"),
            flags=process.hello.get("flags", ""),
            payload=process.hello.get("build", "unknown"),
            facts=facts,
        )

    def result(self) -> GuestResult:
        """Everything usable so far. Boots, seconds and errors are the campaign's to count."""
        runs: dict[RunKey, RunResult] = {}
        for found in self._usable():
            held = runs.get(found.key)
            runs[found.key] = found if held is None else join(held, found)
        return GuestResult(self._guest, self.conditions, runs)

    def _usable(self) -> Iterator[RunResult]:
        """One result for each finished, undamaged run of each process."""
        for process in self._processes.values():
            if process.lacks() is not None:
                continue
            for run in process.runs.values():
                if run is process.open or run.bad is not None or not run.status:
                    continue
                if run.status != "ok" or run.meaning is None:
                    status = next(one for one in GRAVEST if one == run.status)
                    yield RunResult(run.key, status, run.reason, run.meaning, run.place, run.params)
                elif not process.hz and self._accel != "icount":
                    why = f"the counter's rate is unknown ({process.check().verdict})"
                    yield RunResult(run.key, "failed", why, run.meaning, run.place, run.params)
                else:
                    samples = process.samples(run, self._boot)
                    yield RunResult(run.key, "ok", "", run.meaning, run.place, run.params, [samples])


def join(one: RunResult, other: RunResult) -> RunResult:
    """Two results of one run on one guest: samples together, or the graver of two reasons.

    Samples that mean something else than the first ones (their meaning, placement or parameters changed between
    processes) are no samples of the same thing: the run is then `wrong`.
    """
    first, second = sorted((one, other), key=lambda run: GRAVEST.index(run.status))
    if first.status != "ok" or second.status != "ok":
        return first
    if (one.meaning, one.place, one.params) != (other.meaning, other.place, other.params):
        said = [f"{run.meaning} {run.place} {run.params}" for run in (one, other)]
        return RunResult(one.key, "wrong", f"processes disagree on what it is: {said[0]} and {said[1]}")
    return replace(one, processes=[*one.processes, *other.processes])


def merge(into: GuestResult, new: GuestResult) -> GuestResult:
    """Add another boot's result to a guest's; changes and returns `into`. Its boots, seconds and errors add up."""
    for key, run in new.runs.items():
        held = into.runs.get(key)
        into.runs[key] = run if held is None else join(held, run)
    into.conditions = into.conditions or new.conditions
    into.errors += new.errors
    into.boots += new.boots
    into.seconds += new.seconds
    return into
