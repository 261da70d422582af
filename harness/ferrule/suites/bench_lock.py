"""Locks: their cost when free, when contended, and when all waiters are woken."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family("lock", barrier=[{"others": 1}], cascade_wake=[{"waiters": 4}, {"waiters": 16}])
def test_lock(measurement: Measurement) -> None:
    """Mutexes, condition variables and barriers over wait and wake, and what a kernel does for them."""
    measurement.report()
