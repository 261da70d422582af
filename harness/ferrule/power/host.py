"""What the host sees of an idle guest, by its scheduler's accounting: a check that does not depend on the instrument.

The guest runs under plain emulation, in real time, and sleeps. An idle virtual CPU sleeps in the host, so its thread's
voluntary switches are its wake-ups, and the thread's share of a CPU is how busy it was.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferrule import guests
from ferrule.campaign.progress import Progress
from ferrule.errors import FerruleError
from ferrule.machine.guest import OneProcess
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_for, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun, nonce
from ferrule.power.refusal import NotMeasurable

SECONDS: Final = 10.0
_SETTLE: Final = 2.0
_CPU: Final = "CPU "  # "CPU 0/TCG"
_LONG: Final = 30000  # ms of the guest's sleep: longer than the host counts


@dataclass(frozen=True)
class Seen:
    """What the threads of the virtual CPUs did."""

    wakeups: float  # a second
    busy: float  # share of one CPU of the host
    seconds: float


def look(name: str, options: GuestOptions, idle: RunKey, progress: Progress) -> Seen | NotMeasurable:
    """Boot the guest, let it sleep, and count; or why that is not possible here."""
    key = replace(idle, params=tuple({**dict(idle.params), "ms": _LONG}.items()))
    try:
        guest = guests.create(name, replace(options, accel="tcg", smp=options.smp or 1))  # as many as are counted
        payload = build_for(guest)
        plan = Plan(
            run=nonce(), processes=1, batches=1, warm=0, control_batches=1, target_ns=1000, pin=bool(guest.cpus),
            cpus=guest.cpus, runs=(PlannedRun(key, 1),),
        )  # fmt: skip
        with guest.execute(patch_plan(payload.image, plan.render()), 1, 0) as execution:
            if not isinstance(execution, OneProcess):
                return NotMeasurable("the process of its machine is not known")
            _await(execution.read, guest.boot_seconds)
            return of_threads(execution.pid, SECONDS)
    except (FerruleError, OSError) as error:
        progress.note(f"{name}: not seen by the host: {error}")
        return NotMeasurable(str(error).splitlines()[0])


def _await(read: object, seconds: float) -> None:
    """Wait until the sleeping run has begun: its `begin` record has come, and then no more output.

    Raises:
        FerruleError: it did not begin in time.
    """
    assert callable(read)
    output, deadline, quiet = b"", time.monotonic() + seconds, 0.0
    while time.monotonic() < deadline:
        try:
            more: bytes = read(1.0)
        except TimeoutError:
            quiet += 1.0
            if b" begin " in output and quiet >= _SETTLE:
                return
            continue
        output, quiet = output + more, 0.0
        if not more:
            break
    raise FerruleError("the guest did not begin to sleep")


def of_threads(pid: int, during: float) -> Seen:
    """What the virtual CPUs of QEMU's process did in `during` seconds."""
    before, started = _threads(pid), time.monotonic()
    time.sleep(during)
    after, seconds = _threads(pid), time.monotonic() - started
    switches = sum(after[one][0] - before[one][0] for one in after if one in before)
    ticks = sum(after[one][1] - before[one][1] for one in after if one in before)
    return Seen(switches / seconds, ticks / os.sysconf("SC_CLK_TCK") / seconds, seconds)


def _threads(pid: int) -> dict[str, tuple[int, int]]:
    """Switches and ticks of CPU time of each virtual CPU's thread, found by the names that QEMU gives them."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        if not (task / "comm").read_text().startswith(_CPU):
            continue
        status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        found[task.name] = (int(status["voluntary_ctxt_switches"]), int(fields[11]) + int(fields[12]))
    return found
