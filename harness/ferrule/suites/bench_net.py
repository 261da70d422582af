"""The network stack: TCP and UDP over the loopback, both ends on one core and on two."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("net")
def test_net(measurement: Measurement) -> None:
    """Round trips, a flow of bytes, a connection made and closed."""
    measurement.report()
