"""Files: the kernel's own bookkeeping, without a disk."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family(
    "fs",
    open_close=[{}, {"library": 1}],
    file_read=[{"size": 1}, {"size": 4096}, {"size": 65536}],
    file_write=[{"size": 1}, {"size": 4096}, {"size": 65536}],
    file_status=[{"by": 0}, {"by": 1}],
    file_create_remove=[{"size": 0}, {"size": 10240}],
)
def test_fs(measurement: Measurement) -> None:
    """Descriptors and files, without a disk in the way."""
    measurement.report()
