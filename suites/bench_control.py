"""The harness against itself: what nothing costs."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("control")
def test_control(measurement: Measurement) -> None:
    """Empty loop, function call and other controls: they stand in every table so that a reader can see the floor of the method."""
    measurement.report()
