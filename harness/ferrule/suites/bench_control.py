"""The controls: what an empty operation costs."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("control")
def test_control(measurement: Measurement) -> None:
    """The method's own cost, shown in every table."""
    measurement.report()
