"""One workload of one guest as the exact gate sees it: a count for each boot, and whether it is exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferrule.gate.verdict import Kind
from ferrule.payload.key import Params
from ferrule.records.samples import Meaning, RunResult
from ferrule.stats.interval import mode
from ferrule.stats.per_op import instructions

EXACT_SHARE = 0.5  # of a boot's batches that must agree


@dataclass(frozen=True)
class Reading:
    """What was counted. Tuples hold one value for each boot."""

    meaning: Meaning
    place: str  # the actual placement
    params: Params  # the actual ones, defaults included
    unit: str
    sizes: tuple[int, ...]  # operations a batch
    batches: tuple[int, ...]  # batches that arrived
    values: tuple[float, ...]  # instructions an operation: the most frequent batch, the smallest where none is frequent
    shares: tuple[float, ...]  # of the batches that agree on the most frequent value

    @property
    def equal(self) -> bool:
        """Whether all boots counted the same."""
        return len(set(self.values)) == 1

    @property
    def kind(self) -> Kind:
        """`exact`: half of the batches agree in each boot, and so do all boots, at least two; else `path`."""
        steady = len(self.values) > 1 and self.equal and min(self.shares) >= EXACT_SHARE
        return "exact" if steady else "path"

    @property
    def value(self) -> float:
        """The count that stands for all boots: the one they agree on, else their median."""
        return self.values[0] if self.equal else float(np.median(self.values))


def read(run: RunResult, unit: str) -> Reading | None:
    """The reading of a run; None if the run is not ok, or has no samples or no meaning."""
    used = [samples for samples in run.processes if samples.ticks.size]
    if run.status != "ok" or run.meaning is None or not used:
        return None
    return Reading(
        meaning=run.meaning,
        place=run.place,
        params=run.params,
        unit=unit,
        sizes=tuple(samples.n for samples in used),
        batches=tuple(int(samples.ticks.size) for samples in used),
        values=tuple(instructions(samples)[0] for samples in used),
        shares=tuple(mode(samples.ticks)[1] for samples in used),
    )
