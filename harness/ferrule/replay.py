"""Passing guest samples to pytest-benchmark through its public API: a clock that replays them.

`benchmark.pedantic` reads its timer twice a round; the first reading is 0 and the second the sample, so that the
difference is the sample to the last bit. Its `min`, `median`, `data` ... are then those of the guest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class Replay:
    """A timer for pytest-benchmark. Its name appears in the JSON under options.timer."""

    __name__ = "guest"

    def __init__(self) -> None:
        self._readings: Iterator[float] = iter(())

    def load(self, samples: Sequence[float]) -> None:
        """Samples in seconds, to be read by as many rounds."""
        self._readings = (reading for sample in samples for reading in (0.0, sample))

    def __call__(self) -> float:
        """The next reading."""
        return next(self._readings)


REPLAY = Replay()


def inject(benchmark: Any, samples: Sequence[float], group: str, extra: dict[str, Any]) -> bool:
    """Give `benchmark` these samples; returns whether it took them (False under --benchmark-disable).

    Args:
        benchmark: pytest-benchmark's fixture, of a test marked with `benchmark(timer=REPLAY)`.
        samples: seconds an operation, one a process (counts under icount: 1 instruction is stored as 1 ns).
        group: tests of one group share a table of pytest-benchmark's.
        extra: conditions and everything else, for extra_info.
    """
    benchmark.group = group
    benchmark.extra_info.update(extra)
    if benchmark.disabled:
        return False
    REPLAY.load(samples)
    benchmark.pedantic(_nothing, rounds=len(samples), iterations=1)
    return True


def _nothing() -> None:
    """What pytest-benchmark runs between two readings."""
