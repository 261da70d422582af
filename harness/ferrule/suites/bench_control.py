"""The harness against itself: what nothing costs."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("control")
def test_control(measurement: Measurement) -> None:
    """The floor of the method: it stands in every table, so that a reader can see it."""
    measurement.report()
