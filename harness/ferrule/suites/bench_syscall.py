"""The cheapest way into the kernel and back."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("syscall")
def test_syscall(measurement: Measurement) -> None:
    """System calls that do next to nothing."""
    measurement.report()
