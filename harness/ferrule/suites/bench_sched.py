"""Processes and threads: creating them and switching between them."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family(
    "sched",
    context_switch=[{"procs": 2, "size": 0}, {"procs": 8, "size": 0}, {"procs": 8, "size": 16}],
    process_create=[{"dirty": 0}, {"dirty": 16777216}],
)
def test_sched(measurement: Measurement) -> None:
    """Creation, and the switch in rings of processes with and without a working set (KiB)."""
    measurement.report()
