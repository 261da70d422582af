"""Inter-process communication: both ends on one core, and on two."""

from ferrule.plugin import Measurement
from ferrule.suite import family

SIZES = (0, 8, 4096, 65536)


@family(
    "ipc",
    pipe_latency=[{}, {"library": 1}],
    pipe_self=[{}],
    poll_ready=[{"fds": 1}, {"fds": 10}, {"fds": 100}, {"fds": 100, "ready": 100}],
    select_ready=[{"fds": 10}, {"fds": 100}],
    pipe_window=[{"depth": 1}, {"depth": 8}, {"depth": 64}],
    group_messages=[{"groups": 1}, {"groups": 4}],
    socket_bandwidth=[{"size": 4096}, {"size": 65536}],
    datagram_latency=[{"packets": 0}, {"packets": 1}],
    futex_miss=[{"op": 0}, {"op": 1}],
    event_queue=[{"fds": 2}, {"fds": 100}, {"fds": 1000}],
    pipe_bandwidth=[{"size": 4096}, {"size": 65536}],
    scheme_call=[{"size": size, "space": space} for space in (0, 1) for size in SIZES],
)
def test_ipc(measurement: Measurement) -> None:
    """Pipes, futexes, schemes; each row says whether it is a round trip or a flow of bytes."""
    measurement.report()
