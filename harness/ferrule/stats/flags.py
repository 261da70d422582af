"""Flags: warnings printed beside a result. They never drop or change a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrule.records.conditions import KINDS, PACKAGES, PLACEMENT, SIBLINGS
from ferrule.records.facts import unpinned
from ferrule.records.samples import ClockCheck, Conditions, Meaning, ProcessSamples, Surroundings
from ferrule.stats.pace import wander
from ferrule.stats.ranks import doubled_ranks

Floats = NDArray[np.float64]


class Flag(Enum):
    """The value of each is the line that explains it under a table."""

    CONTAMINATED = "more than 5 % of the batches took over 1.5 times their process's median"
    UNRELIABLE = "more than 30 % of the batches took over 1.5 times their process's median: inconclusive"
    CORRELATED = "neighbouring batches resemble each other (rank correlation over 0.5): more batches add little"
    WARMING = "the first batches differ from the rest by over 5 %: the warm-up was too short"
    UNSTEADY = "after the first batches, the halves of a process's batches differ by over 5 % in most processes"
    BIMODAL = "processes disagree by a factor of two or more: two placements or two modes, not one number"
    PREEMPTED = "involuntary context switches hit more than 5 % of the batches"
    STOLEN = "the hypervisor took more than 1 % of the machine's time while the processes ran"
    BUSY = "over 1.5 runnable tasks a CPU on this machine"
    THROTTLED = "a CPU quota stopped its processes while they ran (see the conditions): times hold its waits"
    MIGRATED = "an end ran on more than one CPU although it was pinned"
    MISPLACED = "the ends did not run where the row says"
    UNPINNED = "the kernel refused to pin it (see the conditions): it ran free, wherever the kernel put it"
    SIBLINGS = "its ends ran on two threads of one core (SMT siblings), not on two cores"
    PACKAGES = "its ends ran on cores of two processor packages"
    KINDS = "its ends ran on cores of two kinds (see the conditions)"
    WANDERING = "the core's clock rate varied by over 5 % between batches, and time with it"
    CLOCK = "the counter failed its own calibration (see the conditions)"
    DRIFT = "the counter and the guest's clock drifted apart by over 1000 ppm"
    HOST_CLOCK = "the guest's clock and the host's differ by over 2 %"
    HOST_RATE = "host and payload disagree on the counter's rate by over 500 ppm beyond the stated error"
    HOST_ORDER = "the payload's clock readings lie outside the time in which the host ran it"
    OVERHEAD = "the subtraction is uncertain by more than 1 % of the result"
    VARYING = "the instruction count is not the same in all processes"
    INJECTED = "no measurement: a slowdown was injected"
    FUNCTIONAL = "functional only: emulated time is not time"


def contamination(values: ArrayLike) -> float:
    """Share of batches over 1.5 times the median, (batches,) -> 0..1."""
    x = np.asarray(values, dtype=np.float64)
    return float(np.mean(x > 1.5 * np.median(x))) if x.size else 0.0


def rank_autocorrelation(values: ArrayLike) -> float:
    """Lag-1 autocorrelation of the ranks, -1..1; 0 for constant or fewer than 4 values.

    Of ranks, because a few spikes swamp the correlation of the values themselves: on recorded data .66 by ranks where
    the plain coefficient says -.01 (docs/numbers.md). Wald & Wolfowitz 1943, on ranks as in Bartels 1982.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < 4:
        return 0.0
    ranks = doubled_ranks(x).astype(np.float64)
    ranks -= ranks.mean()
    energy = float(ranks @ ranks)
    return float(ranks[1:] @ ranks[:-1]) / energy if energy > 0 else 0.0


def _step(first: Floats, rest: Floats) -> float:
    """Relative difference of two medians."""
    base = float(np.median(rest))
    return abs(float(np.median(first)) / base - 1.0) if base else 0.0


def _first(x: Floats) -> int:
    """How many batches may still be warm-up: a fifth, three at least."""
    return max(3, x.size // 5)


def warming(values: ArrayLike) -> bool:
    """Whether the first fifth of the batches is more than 5 % off the rest, and more than its scatter explains."""
    x = np.asarray(values, dtype=np.float64)
    k = _first(x)
    return x.size >= 2 * k and _step(x[:k], x[k:]) > 0.05 and _apart(x[:k], x[k:])


def unsteady(values: ArrayLike) -> bool:
    """Whether the two halves of the batches after the first fifth differ by as much, by the same test."""
    x = np.asarray(values, dtype=np.float64)
    x = x[_first(x) :]
    half = x.size // 2
    return half >= 3 and _step(x[:half], x[half:]) > 0.05 and _apart(x[:half], x[half:])


def _apart(a: Floats, b: Floats) -> bool:
    """Whether two medians are over three robust standard errors apart (1.4826 MAD; 1.2533 sd/sqrt(n) of a median)."""
    gap = abs(float(np.median(a)) - float(np.median(b)))
    errors = [1.2533 * 1.4826 * float(np.median(np.abs(x - np.median(x)))) / x.size**0.5 for x in (a, b)]
    return gap > 3.0 * float(np.hypot(*errors))


def _most(marks: Sequence[bool]) -> bool:
    """Whether more than half are set."""
    return 2 * sum(marks) > len(marks)


def batch_flags(per_process: Sequence[ArrayLike]) -> set[Flag]:
    """Flags computed from the batches of all processes, each (batches,) of raw ticks as measured."""
    found: set[Flag] = set()
    share = float(np.mean([contamination(x) for x in per_process]))
    if share > 0.3:
        found.add(Flag.UNRELIABLE)
    elif share > 0.05:
        found.add(Flag.CONTAMINATED)
    if np.median([rank_autocorrelation(x) for x in per_process]) > 0.5:
        found.add(Flag.CORRELATED)
    if _most([unsteady(x) for x in per_process]):
        found.add(Flag.UNSTEADY)
    elif _most([warming(x) for x in per_process]):
        found.add(Flag.WARMING)
    return found


def result_flags(per_process: Sequence[float], estimate: float, expanded: float) -> set[Flag]:
    """Flags of the processes' results; none for a result within its uncertainty of zero.

    Args:
        per_process: one statistic a process.
        estimate: their centre.
        expanded: uncertainty of what was subtracted, at the interval's level.
    """
    found: set[Flag] = set()
    low, high = min(per_process), max(per_process)
    if low > expanded and high >= 2.0 * low:
        found.add(Flag.BIMODAL)
    if estimate > expanded > 0.01 * estimate:
        found.add(Flag.OVERHEAD)
    return found


def placement_flags(
    processes: Sequence[ProcessSamples], meaning: Meaning, place: str, asked: str, facts: Mapping[str, str]
) -> set[Flag]:
    """Flags of the ends' CPUs, (batches, ends), -1 where the OS does not report one, and of how these are placed."""
    found = _layout(facts) if meaning.ends > 1 and place == "cross_core" else set()
    if place == "free" and asked != place and unpinned(facts):
        found.add(Flag.UNPINNED)
    for samples in processes:
        cpus = samples.cpus
        if cpus.ndim != 2 or not cpus.size or place == "free":
            continue
        known = (cpus >= 0).all(axis=1)
        if any(np.unique(column[column >= 0]).size > 1 for column in cpus.T):
            found.add(Flag.MIGRATED)
        if meaning.ends > 1 and cpus.shape[1] > 1 and known.any():
            together = cpus[known, 0] == cpus[known, 1]
            if (together if place == "cross_core" else ~together).any():
                found.add(Flag.MISPLACED)
    involuntary = sum(samples.involuntary or 0 for samples in processes)
    if meaning.ends == 1 and involuntary > 0.05 * sum(samples.ticks.size for samples in processes):
        found.add(Flag.PREEMPTED)
    return found


def _layout(facts: Mapping[str, str]) -> set[Flag]:
    """Flags of two CPUs that are not two cores of the same kind in one package."""
    layouts = {SIBLINGS: Flag.SIBLINGS, PACKAGES: Flag.PACKAGES}
    found = {flag for text, flag in layouts.items() if facts.get(PLACEMENT) == text}
    kinds = facts.get(KINDS, "").split("; ")
    return found | ({Flag.KINDS} if len(set(kinds)) > 1 else set())


def surroundings_flags(seen: Surroundings) -> set[Flag]:
    """Flags of other load on the machine, over all processes. Two pinned ends alone are a load of 1 on two CPUs."""
    found: set[Flag] = set()
    if seen.stolen is not None and seen.stolen > 0.01:
        found.add(Flag.STOLEN)
    if seen.load is not None and seen.load > 1.5:
        found.add(Flag.BUSY)
    if seen.throttled:
        found.add(Flag.THROTTLED)
    return found


def surroundings(processes: Sequence[ProcessSamples]) -> Surroundings:
    """Means over the processes where a value is known, and the sum of throttled periods; None where none is known."""
    known = [samples.surroundings for samples in processes if samples.surroundings]
    stolen = [one.stolen for one in known if one.stolen is not None]
    load = [one.load for one in known if one.load is not None]
    stopped = [one.throttled for one in known if one.throttled is not None]
    means = [float(np.mean(values)) if values else None for values in (stolen, load)]
    return Surroundings(means[0], means[1], sum(stopped) if stopped else None)


def clock_flags(processes: Sequence[ProcessSamples], conditions: Conditions) -> set[Flag]:
    """Flags of the clocks. An emulated clock is independent of the host's: only its calibration is checked.

    Where host and payload share a counter, the two rates found for it are compared, not the records' arrival times.
    """
    found: set[Flag] = set()
    clocks = [samples.clock for samples in processes]
    if any(clock.verdict != "ok" for clock in clocks):
        found.add(Flag.CLOCK)
    if not conditions.is_time:
        return found
    if (wander(samples.pace for samples in processes if samples.pace is not None) or 0.0) > 0.05:
        found.add(Flag.WANDERING)
    if any(clock.drift_ppm is not None and abs(clock.drift_ppm) > 1000.0 for clock in clocks):
        found.add(Flag.DRIFT)
    apart = [clock.host_ratio for clock in clocks if clock.host_ppm is None and clock.host_ratio is not None]
    if any(abs(ratio - 1.0) > 0.02 for ratio in apart):
        found.add(Flag.HOST_CLOCK)
    if any(clock.host_ppm is not None and abs(clock.host_ppm) > _rate_bound(clock) for clock in clocks):
        found.add(Flag.HOST_RATE)
    if any(clock.host_strays for clock in clocks):
        found.add(Flag.HOST_ORDER)
    return found


def _rate_bound(clock: ClockCheck) -> float:
    """Most parts per million: the calibration's bracket, plus the 500 by which NTP may slew the clock (adjtimex(2))."""
    return 500.0 + clock.hz_error_ppb / 1000.0
