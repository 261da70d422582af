"""What else this host was doing: time taken by its hypervisor (steal), tasks ready to run (load), CPU quotas."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from ferrule.machine import probe, quota
from ferrule.records.samples import Surroundings

IDLE = (3, 4)  # of the `cpu` line's values: idle and iowait
STEAL = 7  # of the `cpu` line's values; guest and guest_nice after it are already in user and nice: proc_stat(5)
LEAST_TICKS = 20  # of 10 ms, all CPUs together: too short a time gives no share


@dataclass(frozen=True)
class Moment:
    """The host's counters at one moment, in clock ticks since it booted, and the load average of the last minute."""

    ticks: int
    stolen: int
    load: float
    throttled: int | None = None  # periods in which a CPU quota stopped us


@cache
def _counters() -> Sequence[str]:
    """Files that count how often a quota stopped this program; none where there is no quota."""
    texts = dict(probe.here(quota.MEMBERSHIP, exact=True))
    return quota.counters(texts | quota.read(probe.here, texts))


def now() -> Moment | None:
    """The host at this moment; None where it cannot be read (not Linux, no /proc)."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
        stopped = quota.throttled(probe.here(_counters(), exact=True))
        return replace(parse(line, os.getloadavg()[0]), throttled=stopped)
    except (OSError, ValueError):
        return None


def parse(line: str, load: float) -> Moment:
    """The `cpu` line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.

    Raises:
        ValueError: it is another line, or has no steal column.
    """
    name, *fields = line.split()
    values = [int(field) for field in fields[: STEAL + 1]]
    if name != "cpu" or len(values) <= STEAL:
        raise ValueError(f"{line!r} is no cpu line")
    return Moment(sum(values), values[STEAL], load)


def between(before: Moment | None, after: Moment | None, cpus: int) -> Surroundings | None:
    """The host's load between two moments; None where it could not be read.

    Args:
        before: the earlier moment.
        after: the later one.
        cpus: number of CPUs of the host.
    """
    if before is None or after is None:
        return None
    ticks, stolen = after.ticks - before.ticks, after.stolen - before.stolen
    share = min(1.0, max(0, stolen) / ticks) if ticks >= LEAST_TICKS else None  # steal may run backwards: proc_stat(5)
    both = before.throttled is not None and after.throttled is not None
    stopped = max(0, (after.throttled or 0) - (before.throttled or 0)) if both else None
    return Surroundings(share, after.load / max(1, cpus), stopped)


@dataclass(frozen=True)
class Used:
    """CPU time at one moment, in clock ticks since the host booted: in all, not idle, and our own."""

    ticks: int
    busy: int
    own: float  # of this process and of the children that it has reaped


def used() -> Used | None:
    """CPU time used so far; None where it cannot be read."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1 : STEAL + 2]
        values = [int(field) for field in fields]
        idle = sum(values[at] for at in IDLE)
        return Used(sum(values), sum(values) - idle, sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def others(before: Used | None, after: Used | None) -> float | None:
    """CPUs kept busy by others, the hypervisor included, between two moments; None where it cannot be known."""
    if before is None or after is None or after.ticks - before.ticks < LEAST_TICKS:
        return None
    theirs = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, theirs / (after.ticks - before.ticks)) * (os.cpu_count() or 1)
