"""Asking for the time."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("time")
def test_time(measurement: Measurement) -> None:
    """Clock reads by the cheapest true way the OS has."""
    measurement.report()
