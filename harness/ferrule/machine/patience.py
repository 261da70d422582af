"""A deadline for a process on this host; the time that the process waits for a CPU does not count.

A busy host may give an emulated guest a twentieth of its time: a slow guest is then not at fault. The kernel counts how
long each thread was runnable and waited for a CPU (/proc/PID/task/TID/schedstat, second number, in nanoseconds:
Documentation/scheduler/sched-stats.rst), up to when it last got one. So a thread that is still waiting is given time
until it has had a CPU. A guest that hangs idle is not runnable, so its time counts in full.
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
        self._ready: dict[str, int] = {}  # CPU time of the threads that were runnable when over() looked last

    def over(self, pid: int | None) -> bool:
        """Whether the seconds are used up. `pid` may have changed: another process in place of the first."""
        taken = time.monotonic() - self._began
        if taken <= self._seconds or taken > MOST * self._seconds:
            return taken > self._seconds
        waited = max((now - self._before.get(thread, 0.0) for thread, now in waits(pid).items()), default=0.0)
        return taken - waited > self._seconds and not self._queued(pid)

    def _queued(self, pid: int | None) -> bool:
        """Whether a thread is runnable and has had no CPU since the last look: its wait is not counted yet."""
        last, self._ready = self._ready, _runnable(pid)
        return any(last.get(thread, ran) == ran for thread, ran in self._ready.items())


def waits(pid: int | None) -> dict[str, float]:
    """How many seconds each thread of a process has waited for a CPU so far; empty where this cannot be read."""
    return {thread: numbers[1] / _NS for thread, numbers in _schedstat(pid).items()}


def _runnable(pid: int | None) -> dict[str, int]:
    """The CPU time in nanoseconds of each thread that is running, or ready to run."""
    found: dict[str, int] = {}
    for thread, numbers in _schedstat(pid).items():
        try:
            stat = Path(f"/proc/{pid}/task/{thread}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:  # it has just ended
            continue
        if stat.rpartition(")")[2].split()[:1] == ["R"]:
            found[thread] = numbers[0]
    return found


def _schedstat(pid: int | None) -> dict[str, tuple[int, int]]:
    """Nanoseconds on a CPU and waiting for one, by thread; empty where this cannot be read."""
    found: dict[str, tuple[int, int]] = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat") if pid is not None else ():
        try:
            ran, waited = file.read_text(encoding="ascii").split()[:2]
            found[file.parent.name] = int(ran), int(waited)
        except (OSError, ValueError):  # it has just ended, or the kernel does not count
            continue
    return found
