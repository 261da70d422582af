"""Idle: how late a sleep ends, alone and beside other sleepers. `ferrule power` counts the code executed meanwhile."""

from ferrule.plugin import Measurement
from ferrule.suite import family


@family(
    "power",
    idle=[
        {"ms": 10},
        *(
            {"ms": 10, "sleepers": sleepers, "period": 10, "spread": spread}
            for sleepers in (8, 64)
            for spread in (1, 10)
        ),
    ],
)
def test_power(measurement: Measurement) -> None:
    """An idle wait, and the same with 8 and 64 sleepers whose deadlines are close together or far apart."""
    measurement.report()
