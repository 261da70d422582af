"""A deadline for a process on this host that does not run while the host has no CPU for it.

A busy host may give an emulated guest a twentieth of its time: what then takes long is no fault of the guest's. The
kernel counts how long each thread stood ready and waited for a CPU (/proc/PID/task/TID/schedstat, second number, in
nanoseconds: Documentation/scheduler/sched-stats.rst), up to when it last got one. A guest that hangs idle is not ready,
and waits for nothing.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

MOST: Final = 10.0  # times its seconds: then it is over all the same, as a guest that spins is always ready
_NS: Final = 1e9


class Patience:
    """Seconds that a process may take from now on."""

    def __init__(self, seconds: float, pid: int | None) -> None:
        """Begin.

        Args:
            seconds: without what is spent waiting for a CPU.
            pid: of the process; None where it is not of this host, and the clock alone counts.
        """
        self._seconds, self._began = seconds, time.monotonic()
        self._before = waits(pid)

    def over(self, pid: int | None) -> bool:
        """Whether it has taken them. The process may be another by now, in the same one's place."""
        taken = time.monotonic() - self._began
        if taken <= self._seconds or taken > MOST * self._seconds:
            return taken > self._seconds
        waited = max((now - self._before.get(thread, 0.0) for thread, now in waits(pid).items()), default=0.0)
        return taken - waited > self._seconds


def waits(pid: int | None) -> dict[str, float]:
    """How many seconds each thread of a process has waited for a CPU so far; nothing where nobody knows."""
    found: dict[str, float] = {}
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat") if pid is not None else ():
        try:
            found[file.parent.name] = int(file.read_text(encoding="ascii").split()[1]) / _NS
        except (OSError, ValueError, IndexError):  # it has just ended, or the kernel does not count
            continue
    return found
