"""Files, as far as the kernel's own bookkeeping goes."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("fs")
def test_fs(measurement: Measurement) -> None:
    """Opening and closing, without a disk in the way."""
    measurement.report()
