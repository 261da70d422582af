"""Signals: handlers, deliveries, and faults that a program catches."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("signal")
def test_signal(measurement: Measurement) -> None:
    """Installing, sending to oneself and to another process, catching a fault."""
    measurement.report()
