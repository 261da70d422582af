"""A deadline for a process on this host; the time that the process waits for a CPU does not count.

A busy host may give an emulated guest a twentieth of its time: a slow guest is then not at fault. The kernel counts how
long each thread was runnable and waited for a CPU (/proc/PID/task/TID/schedstat, second number, in nanoseconds:
Documentation/scheduler/sched-stats.rst), up to when it last got one. A guest that hangs idle is not runnable, so its
time counts in full.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

MOST: Final = 10.0  # times its seconds: then it is over in any case, as a guest that spins is always runnable
_NS: Final = 1e9


class Patience:
    """Seconds that a process may take from now on."""

    def __init__(self, seconds: float, pid: int | None) -> None:
        """Begin.

        Args:
            seconds: without the time spent waiting for a CPU.
            pid: of the process; None where it is not on this host, and the clock alone counts.
        """
        self._seconds, self._began = seconds, time.monotonic()
        self._before = waits(pid)

    def over(self, pid: int | None) -> bool:
        """Whether the seconds are used up. `pid` may have changed: another process in place of the first."""
        taken = time.monotonic() - self._began
        if taken <= self._seconds or taken > MOST * self._seconds:
            return taken > self._seconds
        waited = max((now - self._before.get(thread, 0.0) for thread, now in waits(pid).items()), default=0.0)
        return taken - waited > self._seconds


def waits(pid: int | None) -> dict[str, float]:
    """How many seconds each thread of a process has waited for a CPU so far; empty where this cannot be read."""
    found: dict[str, float] = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat") if pid is not None else ():
        try:
            found[file.parent.name] = int(file.read_text(encoding="ascii").split()[1]) / _NS
        except (OSError, ValueError, IndexError):  # it has just ended, or the kernel does not count
            continue
    return found
