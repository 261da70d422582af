"""Inter-process communication: both ends on one core, and on two."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("ipc", pipe_latency=[{}, {"wrapped": 1}], pipe_bandwidth=[{"size": 4096}, {"size": 65536}])
def test_ipc(measurement: Measurement) -> None:
    """Pipes and futexes; each row says whether it is a round trip or a flow of bytes."""
    measurement.report()
