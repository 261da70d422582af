"""`--cpu`: whether the CPUs that the user names can be had, by the only one who knows: the kernel."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable, Sequence

from ferrule.errors import UsageError
from ferrule.machine.probe import ranges
from ferrule.machine.processors import Processors


def check(cpus: Sequence[int], found: Processors, answer: Callable[[int], int]) -> tuple[int, ...]:
    """The CPUs, when each of them is there and may be asked for.

    A CPU that is kept from ordinary programs (isolcpus=) is in no affinity mask, and still may be asked for. Where the
    kernel refuses to pin at all (seccomp), the payload says so and runs unpinned.

    Args:
        cpus: as the user named them.
        found: what the host tells of its processors.
        answer: the kernel's errno for one of them, 0 when it may be had.

    Raises:
        UsageError: names the CPU, and those there are.
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
    """The errno with which this kernel answers who wants to be pinned to a CPU; a thread asks, which then ends."""
    said: list[int] = []

    def ask() -> None:
        try:
            os.sched_setaffinity(0, {cpu})
        except (OSError, ValueError, OverflowError) as error:  # the last two: a number that no mask has room for
            said.append(getattr(error, "errno", None) or errno.EINVAL)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return said[0] if said else 0


def within(cpuset: Iterable[int]) -> Callable[[int], int]:
    """The same of a host where nothing can be tried: by its cpuset, when it tells one."""
    known = frozenset(cpuset)
    return lambda cpu: errno.EINVAL if known and cpu not in known else 0
