"""A deadline for a process on this host; the time that the process waits for a CPU does not count.

A busy host may give an emulated guest a twentieth of its time: a slow guest is then not at fault. The kernel counts how
long each thread was runnable and waited for a CPU (/proc/PID/task/TID/schedstat, second number, in nanoseconds:
Documentation/scheduler/sched-stats.rst), up to when it last got one. So a thread that is still waiting is given time
until it has had a CPU. A guest that hangs idle is not runnable, so its time counts in full.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final, NamedTuple

MOST: Final = 10.0  # times its seconds: then it is over in any case, as a guest that spins is always runnable
_NS: Final = 1e9


class Thread(NamedTuple):
    """A thread of a process, as the kernel's scheduler sees it."""

    ready: bool  # running, or waiting for a CPU
    ran: int  # ns on a CPU
    waited: float  # s that it has waited for a CPU, up to when it last got one


class Patience:
    """Seconds that a process may take from now on."""

    def __init__(self, seconds: float, pid: int | None) -> None:
        """Begin.

        Args:
            seconds: without the time spent waiting for a CPU.
            pid: of the process; None where it is not on this host, and the clock alone counts.
        """
        self._seconds, self._began = seconds, time.monotonic()
        self._before = threads(pid)
        self._last: dict[str, Thread] = {}  # as over() saw them last

    def over(self, pid: int | None) -> bool:
        """Whether the seconds are used up. `pid` may have changed: another process in place of the first."""
        taken = time.monotonic() - self._began
        if taken <= self._seconds or taken > MOST * self._seconds:
            return taken > self._seconds
        last, self._last = self._last, threads(pid)
        if any(one.ready and last.get(name, one).ran == one.ran for name, one in self._last.items()):
            return False  # runnable, and has had no CPU since the last look: its wait is not counted yet
        waited = max((one.waited - self._waited(name) for name, one in self._last.items()), default=0.0)
        return taken - waited > self._seconds

    def _waited(self, thread: str) -> float:
        """Seconds that a thread had waited when this began."""
        return self._before[thread].waited if thread in self._before else 0.0


def threads(pid: int | None) -> dict[str, Thread]:
    """The threads of a process by id; empty where this cannot be read.

    The state is read before the times: a thread that was not ready then has no wait that its times leave out.
    """
    found: dict[str, Thread] = {}
    for folder in Path(f"/proc/{pid}/task").glob("*") if pid is not None else ():
        try:
            state = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
            ran, waited = map(int, (folder / "schedstat").read_text(encoding="ascii").split()[:2])
        except (OSError, ValueError, IndexError):  # it has just ended, or the kernel does not count
            continue
        found[folder.name] = Thread(state == "R", ran, waited / _NS)
    return found
