"""Address space: faults and mappings."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family(
    "memory",
    map_unmap=[
        {"size": 4096},
        {"size": 4096, "library": 1},
        {"size": 4096, "neighbour": 1},
        {"size": 4096, "neighbour": 2},
        {"size": 1048576},
    ],
    memory_read=[{"size": 65536}, {"size": 16777216}],
    memory_write=[{"size": 65536}, {"size": 16777216}],
    memory_copy=[{"size": 65536}, {"size": 16777216}],
    memory_latency=[{"size": 65536}, {"size": 16777216}],
)
def test_memory(measurement: Measurement) -> None:
    """First touches, and map/unmap of one page and of a megabyte."""
    measurement.report()
