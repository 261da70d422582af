"""Watches one execution: reads its stream to the end, and reports every failure as a typed error."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

from ferrule.campaign.progress import Progress
from ferrule.errors import (
    GuestDied,
    GuestError,
    GuestFlooded,
    GuestForeign,
    GuestHung,
    GuestKilled,
    GuestNotStarted,
    GuestPanicked,
    GuestRebooted,
)
from ferrule.machine import load
from ferrule.machine.guest import Advises, Execution, Guest, OneProcess
from ferrule.machine.patience import Patience
from ferrule.payload.plan import Plan
from ferrule.records.assemble import Assembler
from ferrule.records.fields import clean
from ferrule.records.stream import Decoder, Record, Restart

PANIC = re.compile(r"Kernel panic|panicked at|Uncaught panic|Oops:|triple fault", re.IGNORECASE)
FLOOD_BYTES = 1 << 20  # most bytes without a valid record: no normal kernel log is that long
TAIL_LINES = 12
POLL_SECONDS = 0.25
# By what factor a run may send nothing for longer than the guest's own limit, on the host's clock: an emulated clock
# is slow, and under icount a guest's nanosecond is an instruction, of which TCG executes 100 to 200 million a second.
SLACK = {"metal": 4.0, "kvm": 4.0, "remote": 6.0, "tcg": 8.0, "icount": 40.0}
QUIET_SECONDS = 12.0
CAP = 3.0  # longest time from one begin or end of a process or run to the next, as a multiple of that limit
ON_THIS_HOST = ("metal", "kvm")  # accelerators that run on this host's CPUs, in real time


def _process(execution: Execution) -> int | None:
    """The host process of an emulated guest; None for an execution elsewhere, or of several processes."""
    return execution.pid if isinstance(execution, OneProcess) else None


class Watch:
    """Watches one execution. `drain` returns when every process is done, or raises a GuestError."""

    def __init__(
        self,
        guest: Guest,
        plan: Plan,
        assembler: Assembler,
        progress: Progress,
        *,
        patience: float | None = None,
        ended: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Start without records.

        Args:
            guest: the guest that executes.
            plan: the plan that it runs.
            assembler: takes the records.
            progress: shows them.
            patience: seconds without a record after which the guest hangs; None: by budget and accelerator.
            ended: called with the number of each process that ended.
        """
        self._guest, self._plan, self._assembler, self._progress = guest, plan, assembler, progress
        self._decoder, self._ended = Decoder(), ended
        self._quiet = patience or QUIET_SECONDS + SLACK[guest.accel] * plan.limit_ns / 1e9
        # Most records of a valid payload: a run's samples at one value a record, its histogram, marks and facts.
        per_run = plan.batches + plan.warm + plan.each + 64
        self._records_limit = plan.processes * (len(plan.runs) + 8) * per_run + 4096
        self._records = 0
        self._noise = 0
        self._cap: Patience | None = None  # since the last begin or end; other records do not extend it
        self._started = False
        self._began: load.Moment | None = None
        self._message = ""  # the text of the payload's last `log` record
        self.heard: tuple[float, float] | None = None  # when the first and the latest valid record came

    def drain(self, execution: Execution) -> None:
        """Read the stream to its end.

        Raises:
            GuestError: the guest did not start, hung, died, panicked, rebooted or flooded; names the run in flight.
        """
        silence = Patience(self._guest.boot_seconds, _process(execution))
        while True:
            try:
                chunk = execution.read(POLL_SECONDS)
            except TimeoutError:
                self._check_console(execution)
                self._wait(execution, silence)
                continue
            if not chunk:
                break
            if self._take(chunk, execution):
                silence = Patience(self._quiet, _process(execution))
            self._wait(execution, silence)
        for event in self._decoder.close():
            self._assembler.feed(event, time.monotonic())
        if not self._assembler.complete:
            raise self._early(execution)

    def _take(self, chunk: bytes, execution: Execution) -> bool:
        """Decode bytes; returns whether a record among them advanced this plan."""
        now = time.monotonic()
        steps = self._assembler.steps
        self._noise += len(chunk)
        for event in self._decoder.feed(chunk):
            if isinstance(event, Restart) and event.run == self._plan.run:
                raise self._error(GuestRebooted, execution, "started over before it was finished")
            stages = self._assembler.stages
            self._assembler.feed(event, now)
            if isinstance(event, Record) and event.run == self._plan.run:
                self._noise = 0
                self._records += 1
                self._heed(event, now)
                if self._assembler.stages != stages:
                    self._cap = Patience(CAP * self._quiet, _process(execution))
            if self._assembler.refused is not None:
                raise self._error(GuestForeign, execution, f"runs something else: {self._assembler.refused}")
        if self._noise > FLOOD_BYTES:
            raise self._error(GuestFlooded, execution, f"sent {self._noise >> 10} KiB without one valid record")
        if self._records > self._records_limit:
            raise self._error(GuestFlooded, execution, f"sent more than {self._records_limit} records")
        return self._assembler.steps != steps

    def _heed(self, record: Record, now: float) -> None:
        """Note a record of this execution."""
        self.heard = (self.heard[0] if self.heard else now, now)
        self._started = self._started or record.kind == "hello"
        if record.kind == "log":
            self._message = clean(record.fields.get("text", ""))
        self._look(record)
        if record.kind == "done":
            self._ended(record.process)
        self._progress.record(record)

    def _look(self, record: Record) -> None:
        """Read this host's load when a process begins and ends, for a guest that runs on this host."""
        if self._guest.accel not in ON_THIS_HOST:
            return
        if record.kind == "hello":
            self._began = load.now()
        elif record.kind == "done":
            seen = load.between(self._began, load.now(), os.cpu_count() or 1)
            self._assembler.take_surroundings(record.process, seen)

    def _check_console(self, execution: Execution) -> None:
        """Report a kernel panic at once: the guest may then hang, and the deadline is far."""
        found = PANIC.search(execution.console())
        if found:
            raise self._error(GuestPanicked, execution, f"kernel panic ({found.group(0)})")

    def _wait(self, execution: Execution, silence: Patience) -> None:
        """Raise an error when the guest has taken too long."""
        if self._cap is not None and self._cap.over(_process(execution)):
            raise self._error(GuestHung, execution, f"not finished {CAP * self._quiet:.0f} s after it began")
        if silence.over(_process(execution)):
            if not self._started:
                seconds = self._guest.boot_seconds
                raise self._silent(execution, f"sent nothing within {seconds:.0f} s of its start")
            raise self._error(GuestHung, execution, f"no record for {self._quiet:.0f} s")

    def _early(self, execution: Execution) -> GuestError:
        """The error for a stream that ended too early."""
        ending = execution.ending()
        if ending.killed:
            return self._error(GuestKilled, execution, f"was killed from outside ({ending.detail})")
        if PANIC.search(execution.console()):
            return self._error(GuestPanicked, execution, f"kernel panic ({ending.detail})")
        if not self._started:
            return self._silent(execution, f"ended before its first record ({ending.detail})")
        if ending.clean or "reset" in ending.detail:
            return self._error(GuestRebooted, execution, f"ended before it was finished ({ending.detail})")
        message = f": {self._message}" if self._message else ""
        return self._error(GuestDied, execution, f"died ({ending.detail}{message})")

    def _silent(self, execution: Execution, what: str) -> GuestError:
        """The error for a guest that sent no record, with the guest's advice where it has one."""
        advice = self._guest.when_silent() if isinstance(self._guest, Advises) else ""
        return self._error(GuestNotStarted, execution, f"{what}; {advice}" if advice else what)

    def _error(self, kind: type[GuestError], execution: Execution, what: str) -> GuestError:
        lines = execution.console().splitlines()[-TAIL_LINES:]
        current = self._assembler.current
        return kind(self._guest.name, what, workload=str(current) if current else None, tail="\n".join(lines))
