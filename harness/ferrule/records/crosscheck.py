"""The local guest's clock cross-check: host and payload read one counter and one clock, each by its own code.

The host marks both before the first process and after the end of each (core.mark, on CLOCK_MONOTONIC, as the payload
does). Two things must then hold under any load: the rate that the payload found in its short calibration equals the
rate that the host finds over the whole execution, and a process's marks are between the host's marks around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferrule.core import Mark

SHARPNESS = 1e-5  # a host's rate with a larger relative uncertainty is not used: 10 ppm


@dataclass(frozen=True)
class CrossCheck:
    """`marks[k]` was taken before process k started, `marks[k + 1]` after it ended; empty for a guest elsewhere."""

    marks: tuple[Mark, ...] = ()

    def rate(self) -> float | None:
        """Ticks a second over the whole execution; None when the marks are too few, too wide or not increasing."""
        if len(self.marks) < 2:
            return None
        first, last = self.marks[0], self.marks[-1]
        ticks, ns = last.tick - first.tick, last.ns - first.ns
        if ticks <= 0 or ns <= 0 or first.width + last.width > SHARPNESS * ticks:
            return None
        return ticks * 1e9 / ns

    def ppm(self, hz: float) -> float | None:
        """How far the payload's rate `hz` is above the host's rate of the same counter, parts per million."""
        rate = self.rate()
        return (hz / rate - 1.0) * 1e6 if hz and rate else None

    def strays(self, process: int, marked: Sequence[tuple[int, int]]) -> int | None:
        """How many of a process's (tick, ns) are not between the host's marks; None without a mark on each side."""
        if not 0 <= process < len(self.marks) - 1:
            return None
        before, after = self.marks[process : process + 2]
        return sum(not (before.tick <= tick <= after.tick and before.ns <= ns <= after.ns) for tick, ns in marked)
