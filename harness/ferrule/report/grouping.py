"""Which table a row belongs to: the grouping that lmbench's users know.

Decided by the folder of the workload and what one of its operations is, never by its name, so that a new file in
guest/workloads/ finds its table by itself.
"""

from __future__ import annotations

from ferrule.records.samples import Meaning
from ferrule.report.columns import Entry
from ferrule.stats.throughput import is_bandwidth

PROCESSOR = "Processor & system calls"
PROCESSES = "Processes & threads"
SWITCHES = "Context switches"
LATENCIES = "Local communication latencies"
BANDWIDTHS = "Local communication bandwidths"
LOCKS = "Locks"
MEMORY = "Memory"
FILES = "Files"
NETWORK = "Network"
CONTROLS = "Controls"
ORDER = (
    PROCESSOR,
    PROCESSES,
    SWITCHES,
    LATENCIES,
    BANDWIDTHS,
    LOCKS,
    MEMORY,
    FILES,
    NETWORK,
)  # then others, then controls

FAMILIES = {
    "syscall": PROCESSOR,
    "time": PROCESSOR,
    "sched": PROCESSES,
    "signal": PROCESSES,
    "ipc": LATENCIES,
    "lock": LOCKS,
    "memory": MEMORY,
    "fs": FILES,
    "net": NETWORK,
}


def group_of(entry: Entry, meaning: Meaning | None) -> str:
    """The table's title. `meaning` is that of any guest that could do it; None where none could."""
    if entry.control or entry.family == "control":
        return CONTROLS
    if entry.family == "sched" and meaning is not None and meaning.switches:
        return SWITCHES
    if entry.family == "ipc" and meaning is not None and is_bandwidth(meaning):
        return BANDWIDTHS
    return FAMILIES.get(entry.family, entry.family.replace("_", " ").capitalize())


def position(title: str) -> tuple[int, str]:
    """Sort key of a table."""
    if title == CONTROLS:
        return len(ORDER) + 1, title
    return (ORDER.index(title), title) if title in ORDER else (len(ORDER), title)
