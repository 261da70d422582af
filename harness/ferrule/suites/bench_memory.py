"""Address space: faults and mappings."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("memory", map_unmap=[{"size": 4096}, {"size": 1048576}])
def test_memory(measurement: Measurement) -> None:
    """First touches, and map/unmap of one page and of a megabyte."""
    measurement.report()
