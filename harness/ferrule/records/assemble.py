"""Records to samples: follows every process of one execution, the run in flight and the runs that must be repeated.

`begin` and `end` bracket a run. A hole in the stream, a count that is not the declared one or an impossible value
between them damages that run; a hole that took a bracket damages the runs on both sides of it. A process whose
clock or references were lost has no usable run. No record of a guest makes this module raise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ferrule.core import Mark
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.records.crosscheck import CrossCheck
from ferrule.records.facts import REFUSED, load
from ferrule.records.fields import Bad, Fields, clean, integer, parameters
from ferrule.records.gather import Asked, ProcessRecords, RunRecords
from ferrule.records.hello import Sent
from ferrule.records.merge import GRAVEST, joined
from ferrule.records.samples import Accel, Conditions, GuestResult, RunResult, Start, Surroundings
from ferrule.records.stream import INIT_PROCESS, Damage, Event, Record, Restart

NOTES = 100  # most texts about damage that are kept
UNASKED = 64  # most runs that a payload may add to the plan: its controls


class Assembler:
    """Feed it the events of one execution; ask it for results at any time."""

    def __init__(
        self, guest: str, accel: Accel, boot: int, plan: Plan, host: Mapping[str, str], *, sent: Sent | None = None
    ) -> None:
        """Start without records.

        Args:
            guest: its name in tables.
            accel: how it executes; `icount` makes ticks instructions.
            boot: number written into every sample.
            plan: the plan that it runs: names the runs, and limits the records that are accepted.
            host: conditions that only the host's side knows; they override what the guest reports.
            sent: what the guest was given: records of any other program are ignored; None: not checked.
        """
        self._guest, self._accel, self._boot, self._plan = guest, accel, boot, plan
        self._host, self._sent = dict(host), sent
        self._keys = [planned.key for planned in plan.runs]
        self._asked = Asked(plan.batches, plan.warm, plan.each, plan.verify_only)
        self._processes: dict[int, ProcessRecords] = {}
        self._latest: ProcessRecords | None = None
        self.notes: list[str] = []
        self.damage: Counter[str] = Counter()  # damage in the stream, by kind
        self.steps = 0  # records that advanced this plan
        self.stages = 0  # of them, those that begin or end a process or run: each at most once

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
            self.damage[event.kind] += 1
            if event.kind == "loss" and event.run == self._plan.run and event.process is not None:
                self._loss(event.process, event.detail)
        elif isinstance(event, Restart) and event.run == self._plan.run and 0 <= event.process < self._plan.processes:
            self._processes[event.process] = ProcessRecords(event.process)

    def take_host_marks(self, marks: Sequence[Mark]) -> None:
        """Take the host's own readings of the payload's counter and clock: before process 0, after the end of each."""
        for process in self._processes.values():
            process.host = CrossCheck(tuple(marks))

    def take_surroundings(self, number: int, seen: Surroundings | None) -> None:
        """Take the host's load while a process ran."""
        if number in self._processes:
            self._processes[number].surroundings = seen

    def take_throttled(self, counts: Mapping[int, int]) -> None:
        """Take the number of periods in which a CPU quota stopped each process, on another host."""
        for number, count in counts.items():
            if (process := self._processes.get(number)) is not None:
                seen = process.surroundings or Surroundings(None, load(process.facts))
                process.surroundings = replace(seen, throttled=count)

    def _loss(self, number: int, detail: str) -> None:
        """Records of a stream did not arrive."""
        if number == INIT_PROCESS or not 0 <= number < self._plan.processes:
            return
        process = self._processes.setdefault(number, ProcessRecords(number))
        if process.open is not None:
            self._damage(process.open, detail)
        elif not process.runs and not process.done:
            process.hole = process.hole or clean(detail)
        else:
            self._note(f"process {number}: {clean(detail)}")

    def _record(self, process: ProcessRecords, record: Record, arrival: float) -> None:
        fields, kind = record.fields, record.kind
        try:
            if kind == "hello":
                self._hello(process, fields)
            elif process.refused is not None:
                return
            elif kind in ("begin", "done"):
                self._leave(process)
                self._begin(process, fields) if kind == "begin" else process.finish()
            elif kind in ("ready", "batch", "pace", "hist", "end"):
                self._inside(process, kind, fields)
            elif not process.take(kind, fields, arrival):
                return
            self.steps += 1
            self.stages += kind in ("hello", "begin", "end", "done")
        except Bad as error:
            if process.open is not None:
                self._damage(process.open, f"{kind}: {error}")
                if kind == "end":
                    process.open = None
            else:
                self._note(f"process {process.number}: {kind}: {error}")

    def _hello(self, process: ProcessRecords, fields: Fields) -> None:
        if process.hello:
            raise Bad("it came twice")
        for name in ("at", "kernel"):
            integer(fields, name, 0, 1 << 64, default=0)
        process.hello = {key: clean(value) for key, value in fields.items()}
        process.refused = self._sent.departs(fields, process.number) if self._sent is not None else None
        if process.refused is not None:
            raise Bad(process.refused)

    def _begin(self, process: ProcessRecords, fields: Fields) -> None:
        index = integer(fields, "i", 0, len(self._keys) + UNASKED)
        begun = RunKey(clean(fields.get("workload", "?")), parameters(fields), clean(fields.get("place", "same_core")))
        key = self._keys[index] if index < len(self._keys) else begun
        run = RunRecords(key, index)
        process.open = run
        if index in process.runs:
            again = "it began twice in one process"
            self._damage(process.runs[index], again)
            process.runs[index] = run
            self._damage(run, again)
            raise Bad(again)
        process.runs[index] = run
        if (begun.workload, sorted(begun.params), begun.place) != (key.workload, sorted(key.params), key.place):
            raise Bad(f"{begun} began where the plan has {key}")
        planned = self._plan.runs[index] if index < len(self._keys) else PlannedRun(begun)
        for name, due in (("more", planned.more), ("spin", planned.spin)):
            if integer(fields, name, default=0) != due:
                raise Bad(f"{name}={clean(fields.get(name, '0'))} began where the plan has {due}")
        run.spin = planned.spin or None
        run.position = integer(fields, "pos", 0, 1 << 32, default=0)

    def _inside(self, process: ProcessRecords, kind: str, fields: Fields) -> None:
        """Take a record between begin and end. If it names another run than the open one, that run's begin was lost."""
        index = integer(fields, "i", 0, len(self._keys) + UNASKED)
        run = process.open
        if run is None or run.index != index:
            self._leave(process)
            process.spoiled.add(index)
            raise Bad(f"of run {index}, which is not the one that began")
        if run.bad is None:
            if kind in ("ready", "hist"):
                {"ready": run.ready, "hist": run.hist}[kind](fields)
            else:
                {"batch": run.batch, "pace": run.take_pace, "end": run.end}[kind](fields, self._asked)
        if kind == "end":
            run.status = run.status or "ok"
            process.open = None

    def _leave(self, process: ProcessRecords) -> None:
        """Something else begins: the end of a run that is still open was lost."""
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
        """Whether a process sent `done`, or ended all its runs (its last record may have been lost)."""
        records = self._processes.get(process)
        if records is None:
            return False
        ended = {index for index, run in records.runs.items() if run.status and run is not records.open}
        return records.done or (bool(self._keys) and ended >= set(range(len(self._keys))))

    @property
    def complete(self) -> bool:
        """Whether all processes of the plan are finished."""
        return all(self.finished(process) for process in range(self._plan.processes))

    @property
    def damaged(self) -> set[RunKey]:
        """Planned runs to repeat: damaged, or missing although their process finished."""
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
    def refused(self) -> str | None:
        """Why a process's records are ignored; None where none are."""
        return next((one.refused for one in self._processes.values() if one.refused), None)

    @property
    def conditions(self) -> Conditions | None:
        """As reported by the first process whose hello arrived; None before."""
        heard = [one for one in self._processes.values() if one.hello and one.clock and one.refused is None]
        if not heard:
            return None
        process = next((one for one in heard if one.hole is None), heard[0])
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
            cpus=self._plan.cpus if self._plan.pin and REFUSED[0] not in facts else (),
            compiler=process.hello.get("compiler", "unknown"),
            flags=process.hello.get("flags", ""),
            payload=process.hello.get("build", "unknown"),
            facts=facts,
        )

    def result(self) -> GuestResult:
        """Everything usable so far. Boots, seconds and errors are counted by the campaign."""
        every = [self.runs_of(number) for number in self._processes]
        return GuestResult(self._guest, self.conditions, joined(*every), damage=dict(self.damage))

    @property
    def start(self) -> list[Start]:
        """When its first process began, where the counter counts from power-on; empty where it was not reported."""
        first = self._processes.get(0)
        if self._accel != "icount" or first is None or first.refused is not None or "at" not in first.hello:
            return []
        kernel = first.hello.get("kernel")
        return [Start(int(kernel) if kernel is not None else None, int(first.hello["at"]))]

    @property
    def processes(self) -> list[int]:
        """Numbers of the processes that sent records, sorted."""
        return sorted(self._processes)

    def runs_of(self, number: int) -> dict[RunKey, RunResult]:
        """The finished, usable runs of one process."""
        process = self._processes.get(number)
        return joined(*({run.key: run} for run in self._usable(process))) if process is not None else {}

    def _usable(self, process: ProcessRecords) -> Iterator[RunResult]:
        """One result for each finished, undamaged run of a process."""
        for run in process.runs.values() if process.lacks() is None else ():
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
