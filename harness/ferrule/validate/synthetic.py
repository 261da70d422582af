"""Synthetic samples with a known true value: as a payload would send them if its operations had these costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferrule.records.samples import ClockCheck, Histogram, Pace, ProcessSamples, Reference
from ferrule.stats.pace import LOW

Floats = NDArray[np.float64]

HZ: Final = 2e9
PAIR, LOOP = 50, 1  # ticks
REFERENCE_N: Final = 100_000
_MULTIPLICATIONS, _LATENCY = 10_000, 3  # of the pace loop, and core cycles of each
CENTRE: Final = 100.0  # ns an operation
TRUTH_BOOTS, TRUTH_VALUES = 200_000, 60_000_000  # draws for a population's median: standard error 0.003 to 0.01 %
_CHUNK: Final = 4_000_000  # values held at a time


@dataclass(frozen=True)
class Shape:
    """How synthetic results scatter, relative to the centre. All effects are lognormal, except the contamination."""

    boots: int
    processes: int  # a boot
    rho: float = 0.0  # correlation of neighbouring batches
    contamination: float = 0.0  # share of batches that are disturbed ...
    step: float = 0.0  # of the counter, relative to a batch
    batches: int = 30
    boot_sd: float = 0.01
    process_sd: float = 0.005
    batch_sd: float = 0.003
    disturbance: float = 0.05  # ... by at least this much, and more with a Pareto tail
    tail: float = 1.5  # its index: below 2, so that the variance is infinite

    @property
    def values(self) -> int:
        """Number of batches in one data set."""
        return self.boots * self.processes * self.batches


def draw(shape: Shape, sets: int, generator: np.random.Generator) -> Floats:
    """Costs in ns, (sets, boots, processes, batches). One boot has no boot effect: only its processes scatter."""
    size = (sets, shape.boots, shape.processes, shape.batches)
    noise = generator.normal(0.0, 1.0, size)
    fresh = (1.0 - shape.rho**2) ** 0.5
    for batch in range(1, shape.batches if shape.rho else 0):
        noise[..., batch] = shape.rho * noise[..., batch - 1] + fresh * noise[..., batch]
    noise *= shape.batch_sd
    noise += generator.normal(0.0, shape.process_sd, (*size[:3], 1))
    if shape.boots > 1:
        noise += generator.normal(0.0, shape.boot_sd, (*size[:2], 1, 1))
    values = CENTRE * np.exp(noise)
    if shape.contamination:
        hit = generator.random(size) < shape.contamination
        values[hit] *= 1.0 + shape.disturbance * (1.0 + generator.pareto(shape.tail, int(hit.sum())))
    if shape.step:
        values = np.round(values / (shape.step * CENTRE)) * shape.step * CENTRE
    return values


def chunks(shape: Shape, sets: int) -> Sequence[int]:
    """`sets` in pieces that fit into memory."""
    most = max(1, _CHUNK // shape.values)
    return [min(most, sets - done) for done in range(0, sets, most)]


Statistic = Callable[[Floats], Floats]  # (..., batches) -> (...): one value for each process


def batch_median(values: Floats) -> Floats:
    """The value of a process: its median batch."""
    found: Floats = np.median(values, axis=-1)
    return found


def low_batch(values: Floats) -> Floats:
    """The value of a process for core cycles: the 20th percentile of its batches."""
    found: Floats = np.quantile(values, LOW, axis=-1)
    return found


def truth(shape: Shape, statistic: Statistic = batch_median) -> float:
    """The true centre: the population's median over boots of the median over processes of a process's statistic.

    Within one boot it is the median over processes. Drawn with a separate generator and without the counter's step.
    """
    if shape.boots == 1:
        shape = replace(shape, processes=1, boot_sd=0.0)
    return _population(replace(shape, boots=2, step=0.0), statistic)


@cache
def _population(one: Shape, statistic: Statistic) -> float:
    generator = np.random.default_rng(20260229)
    sets = min(TRUTH_BOOTS, TRUTH_VALUES // (one.values // 2)) // 2
    found = [np.median(statistic(draw(one, part, generator)), axis=-1).ravel() for part in chunks(one, sets)]
    return float(np.median(np.concatenate(found)))


def process(
    ns: Sequence[float] | NDArray[np.float64],
    *,
    boot: int = 0,
    number: int = 0,
    n: int = 1000,
    ends: int = 1,
    histogram: Histogram | None = None,
    core_ghz: float | None = None,
) -> ProcessSamples:
    """A process whose batches have operations of exactly `ns`; counter and loop are added to the ticks.

    With `core_ghz` it has pace records, of a core with this clock rate on which a multiplication takes three cycles.
    """
    ticks = np.round(np.asarray(ns, dtype=np.float64) * HZ / 1e9 * n + PAIR + LOOP * n).astype(np.int64)
    loops = tuple((turns, np.full(15, PAIR + LOOP * turns, dtype=np.int64)) for turns in (REFERENCE_N, 2 * REFERENCE_N))
    return ProcessSamples(
        boot=boot,
        process=number,
        position=number,
        n=n,
        ticks=ticks,
        warm_ticks=ticks[:2],
        cpus=np.zeros((ticks.size, ends), dtype=np.int32),
        clock=ClockCheck(HZ, 100, "ok", 0.5, 1.0001, 2),
        reference=Reference(np.full(64, PAIR, dtype=np.int64), loops),
        histogram=histogram,
        pace=None if core_ghz is None else _pace(core_ghz, ticks.size),
    )


def _pace(core_ghz: float, batches: int) -> Pace:
    ticks = round(_MULTIPLICATIONS * _LATENCY / core_ghz * HZ / 1e9)
    return Pace(_MULTIPLICATIONS, np.full(batches + 1, ticks, dtype=np.int64), _LATENCY)
