"""What else this host was doing: time its hypervisor took from it (steal), and how many tasks wanted to run (load)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ferrule.samples import Surroundings

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
