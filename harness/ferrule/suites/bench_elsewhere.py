"""Workloads from elsewhere: those that --extra brings and that belong to no family of this checkout."""

from ferrule.payload.selection import ELSEWHERE
from ferrule.plugin import Measurement
from ferrule.suite import family


@family(ELSEWHERE)
def test_elsewhere(measurement: Measurement) -> None:
    """Empty unless --extra is given."""
    measurement.report()
