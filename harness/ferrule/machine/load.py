"""What else this host was doing: time its hypervisor took from it (steal), and how many tasks wanted to run (load)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ferrule.records.samples import Surroundings

IDLE = (3, 4)  # of the `cpu` line's values: idle and iowait
STEAL = 7  # of the `cpu` line's values; guest and guest_nice after it are already in user and nice: proc_stat(5)
LEAST_TICKS = 20  # of 10 ms, all CPUs together: a shorter time says nothing about a share


@dataclass(frozen=True)
class Moment:
    """The host's counters at one moment, in clock ticks since it booted, and the load average of the last minute."""

    ticks: int
    stolen: int
    load: float


def now() -> Moment | None:
    """The host at this moment; None where it does not tell (no Linux, no /proc)."""
    try:
        line = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
        return parse(line, os.getloadavg()[0])
    except (OSError, ValueError):
        return None


def parse(line: str, load: float) -> Moment:
    """The `cpu` line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.

    Raises:
        ValueError: it is another line, or too short to tell of steal.
    """
    name, *fields = line.split()
    values = [int(field) for field in fields[: STEAL + 1]]
    if name != "cpu" or len(values) <= STEAL:
        raise ValueError(f"{line!r} is no cpu line")
    return Moment(sum(values), values[STEAL], load)


def between(before: Moment | None, after: Moment | None, cpus: int) -> Surroundings | None:
    """What it was like from one moment to the other; None where the host did not tell.

    Args:
        before: the earlier moment.
        after: the later one.
        cpus: of the host.
    """
    if before is None or after is None:
        return None
    ticks, stolen = after.ticks - before.ticks, after.stolen - before.stolen
    share = min(1.0, max(0, stolen) / ticks) if ticks >= LEAST_TICKS else None  # steal may run backwards: proc_stat(5)
    return Surroundings(share, after.load / max(1, cpus))


@dataclass(frozen=True)
class Used:
    """CPU time at one moment, in clock ticks since the host booted: of all CPUs, of that not idle, and our own."""

    ticks: int
    busy: int
    own: float  # of this process and of the children that it waited for


def used() -> Used | None:
    """What was used so far; None where the host does not tell."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1 : STEAL + 2]
        values = [int(field) for field in fields]
        idle = sum(values[at] for at in IDLE)
        return Used(sum(values), sum(values) - idle, sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return None


def others(before: Used | None, after: Used | None) -> float | None:
    """CPUs that others kept busy from one moment to the other, the hypervisor among them; None where nobody knows."""
    if before is None or after is None or after.ticks - before.ticks < LEAST_TICKS:
        return None
    theirs = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, theirs / (after.ticks - before.ticks)) * (os.cpu_count() or 1)
