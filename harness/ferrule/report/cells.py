"""A result as text, the same in tables and comparisons; all results of a row in one unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferrule.report import units
from ferrule.stats.summary import Summary


@dataclass(frozen=True)
class Scales:
    """The units of one row."""

    time: units.Scale
    rate: units.Scale | None  # None: the row is not a bandwidth

    @classmethod
    def of(cls, row: Sequence[Summary | None], *, bandwidth: bool) -> Scales:
        """The units in which all results of a row can be read."""
        timed = [one for one in row if one is not None and one.unit == "ns"]
        rates = [one.throughput.estimate for one in timed if one.throughput]
        return cls(units.best(one.estimate for one in timed), units.best(rates, units.RATE) if bandwidth else None)

    def show(self, summary: Summary) -> str:
        """The centre with its interval."""
        if summary.unit == "instructions":
            return units.count(summary.estimate, summary.low, summary.high)
        if self.rate is not None and summary.throughput is not None:
            moved = summary.throughput
            return units.rate(moved.estimate, moved.low, moved.high, self.rate)
        return units.time(summary.estimate, summary.low, summary.high, self.time)
