"""`--cpu`: asks the kernel whether the payload may be pinned to the CPUs that the user names."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable, Sequence

from ferrule.errors import UsageError
from ferrule.machine.probe import ranges
from ferrule.machine.processors import Processors


def check(cpus: Sequence[int], found: Processors, answer: Callable[[int], int]) -> tuple[int, ...]:
    """Return the CPUs if each of them exists and may be used.

    An isolated CPU (isolcpus=) is in no affinity mask and may still be asked for. Where the kernel refuses every
    pinning (seccomp), the payload reports that and runs unpinned.

    Args:
        cpus: as the user named them.
        found: the host's processors.
        answer: the kernel's errno for pinning to one CPU, 0 when it may be used.

    Raises:
        UsageError: names the CPU and those that exist.
    """
    for cpu in cpus:
        if cpu < 0 or (found.present and cpu not in found.present):
            there = f"it has {ranges(found.present)}" if found.present else "give numbers from 0"
            raise UsageError(f"--cpu {cpu}: the host has no such CPU; {there}")
        if found.online and cpu not in found.online:
            raise UsageError(
                f"--cpu {cpu}: is offline; write 1 to /sys/devices/system/cpu/cpu{cpu}/online, or name one of "
                f"{ranges(found.online)}"
            )
        if answer(cpu) == errno.EINVAL:
            allowed = f"may use {ranges(found.allowed)}" if found.allowed else "has others"
            raise UsageError(f"--cpu {cpu}: is outside of the cpuset of this program, which {allowed}")
    return tuple(cpus)


def here(cpu: int) -> int:
    """The errno of this kernel for pinning a thread to a CPU, 0 on success; a short-lived thread tries it."""
    errors: list[int] = []

    def ask() -> None:
        try:
            os.sched_setaffinity(0, {cpu})
        except (OSError, ValueError, OverflowError) as error:  # the last two: a number that no mask has room for
            errors.append(getattr(error, "errno", None) or errno.EINVAL)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return errors[0] if errors else 0


def within(cpuset: Iterable[int]) -> Callable[[int], int]:
    """Like here(), for a host where nothing can be tried: decides by its cpuset, if that is known."""
    known = frozenset(cpuset)
    return lambda cpu: errno.EINVAL if known and cpu not in known else 0
