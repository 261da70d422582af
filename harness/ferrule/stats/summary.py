"""One run on one guest as numbers: centre with interval, tails, throughput, flags, and where the scatter comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrule.errors import InfrastructureError
from ferrule.payload.key import Params, RunKey
from ferrule.records.samples import Conditions, Ended, Meaning, ProcessSamples, RunResult, Surroundings
from ferrule.stats import flags as flag
from ferrule.stats.cycles import core_cycles
from ferrule.stats.flags import Flag
from ferrule.stats.interval import Interval, exact_interval, hierarchical_interval
from ferrule.stats.once import once
from ferrule.stats.per_op import Z, instructions, nanoseconds
from ferrule.stats.tails import Tails, tails
from ferrule.stats.throughput import is_bandwidth, throughput
from ferrule.stats.variance import Components, components

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Summary:
    """Statistics of one run key on one guest. Values are in `unit` an operation, `throughput` in bytes a second."""

    key: RunKey
    meaning: Meaning
    place: str  # as measured, which may differ from the key's
    params: Params  # as measured, defaults included
    unit: str  # ns | instructions
    interval: Interval
    per_process: tuple[float, ...]  # the statistic of each process: median batch (ns), modal batch (instructions)
    boots: tuple[int, ...]  # the boot of each process
    batches: int  # measured ones, all processes together
    batch_sizes: tuple[int, ...]  # operations a batch, of each process
    subtraction: float  # standard uncertainty of what was subtracted, already inside the interval
    tails: Tails | None
    throughput: Interval | None
    components: Components
    contamination: float  # share of batches over 1.5 times their process's median
    flags: tuple[Flag, ...]
    host_ppm: float | None = None  # the worst of all processes, where host and payload share a counter (samples.py)
    involuntary: int | None = None  # involuntary context switches, all processes; None: the OS does not report them
    surroundings: Surroundings | None = None  # means over the processes
    ended: Ended = ""  # why its measuring ended (stopping.py)
    cycles: Interval | None = None  # core cycles an operation (cycles.py); None: not known, or a timer ends it

    def __post_init__(self) -> None:
        """Check the lengths of the per-process lists.

        Raises:
            ValueError: it has no process, or the lists differ in length.
        """
        if not self.per_process:
            raise ValueError("a result of no process")
        if not len(self.per_process) == len(self.boots) == len(self.batch_sizes):
            counts = f"{len(self.per_process)} values, {len(self.boots)} boots and {len(self.batch_sizes)} batch sizes"
            raise ValueError(f"{counts} of the same processes")

    @property
    def estimate(self) -> float:
        """The centre."""
        return self.interval.estimate

    @property
    def low(self) -> float | None:
        """Lower end of the interval; None without one."""
        return self.interval.low

    @property
    def high(self) -> float | None:
        """Upper end of the interval; None without one."""
        return self.interval.high

    @property
    def confidence(self) -> float | None:
        """The interval's level; None without an interval, and for exact ranges."""
        return self.interval.confidence

    @property
    def method(self) -> str:
        """How the interval was made, or why there is none."""
        return self.interval.method

    @property
    def n_processes(self) -> int:
        """How many processes were measured."""
        return len(self.per_process)

    @property
    def n_boots(self) -> int:
        """How many boots were measured."""
        return len(set(self.boots))


@once
def summarise(run: RunResult, conditions: Conditions) -> Summary:
    """Statistics of a run whose status is ok. Cached: the end of a measurement needs them six times.

    Raises:
        InfrastructureError: the run has no samples; check with measured() first.
    """
    used = [samples for samples in run.processes if samples.ticks.size]
    if run.status != "ok" or not used or run.meaning is None:
        raise InfrastructureError(
            f"{conditions.guest}: {run.key}: no samples to summarise ({run.status}: {run.reason})"
        )
    exact = conditions.unit == "instructions"
    costs = [] if exact else [nanoseconds(samples) for samples in used]
    per_process, batches, subtraction = _counts(used) if exact else _times(costs)
    boots = tuple(samples.boot for samples in used)
    interval = (
        exact_interval(per_process) if exact else hierarchical_interval(per_process, boots).widened(Z * subtraction)
    )
    moved = run.meaning.bytes * max(1, run.meaning.team) if is_bandwidth(run.meaning) and not exact else 0
    found = {Flag.INJECTED} if any(samples.ran or samples.spin for samples in used) else set()
    found |= flag.placement_flags(used, run.meaning, run.place, run.key.place, conditions.facts)
    found |= flag.clock_flags(used, conditions)
    seen = flag.surroundings(used)
    if conditions.is_time:
        found |= flag.surroundings_flags(seen)
    if exact:
        found |= {Flag.VARYING} if min(per_process) != max(per_process) else set()
    else:
        found |= flag.batch_flags([samples.ticks for samples in used])
        found |= flag.result_flags(per_process, interval.estimate, Z * subtraction)
        found |= set() if conditions.is_time else {Flag.FUNCTIONAL}
    return Summary(
        key=run.key,
        meaning=run.meaning,
        place=run.place,
        params=run.params,
        unit=conditions.unit,
        interval=interval,
        per_process=tuple(per_process),
        boots=boots,
        batches=sum(int(samples.ticks.size) for samples in used),
        batch_sizes=tuple(samples.n for samples in used),
        subtraction=subtraction,
        tails=tails(used, conditions.unit),
        throughput=throughput(batches, boots, moved) if moved else None,
        components=components(per_process, boots, batches),
        contamination=float(np.mean([flag.contamination(samples.ticks) for samples in used])),
        flags=tuple(sorted(found, key=lambda one: list(Flag).index(one))),
        host_ppm=max((ppm for one in used if (ppm := one.clock.host_ppm) is not None), key=abs, default=None),
        involuntary=_switches(used),
        surroundings=seen,
        ended=run.ended,
        cycles=core_cycles(used, costs) if conditions.is_time and not run.meaning.waits else None,
    )


def measured(run: RunResult) -> bool:
    """Whether a run has samples to summarise; one that was only verified has none."""
    return run.status == "ok" and run.meaning is not None and any(samples.ticks.size for samples in run.processes)


def _switches(used: list[ProcessSamples]) -> int | None:
    known = [samples.involuntary for samples in used if samples.involuntary is not None]
    return sum(known) if known else None


def _times(costs: list[tuple[Floats, float]]) -> tuple[list[float], list[Floats], float]:
    """Median ns of each process, ns of all batches, and the subtraction's standard uncertainty (median process)."""
    medians = [float(np.median(values)) for values, _ in costs]
    return medians, [values for values, _ in costs], float(np.median([u for _, u in costs]))


def _counts(used: list[ProcessSamples]) -> tuple[list[float], list[Floats], float]:
    """The same for instructions, where the subtraction is exact."""
    found = [instructions(samples) for samples in used]
    return [value for value, _ in found], [values for _, values in found], 0.0
