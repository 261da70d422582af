"""How long a report stays valid: the estimate of one run against that of all runs, in time and in core cycles.

By construction an interval covers the next process at the same time. Whether it is still valid an hour later depends on
the machine: a core's clock rate changes, and so do states of kernel and host.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrule.campaign.budget import FULL
from ferrule.payload.registry import workloads
from ferrule.payload.selection import parse_key
from ferrule.stats.interval import median_interval
from ferrule.stats.pace import LOW
from ferrule.validate.report import Claim, Row, Section, percent
from ferrule.validate.runs import Run

Floats = NDArray[np.float64]
PROCESSES = FULL.boots * FULL.processes


@dataclass(frozen=True)
class Held:
    """One operation, of which every run gives an estimate and an interval."""

    width: float  # median half-width, relative
    off: float  # median distance of a run's estimate from the median of all runs' processes, relative
    held: int  # runs whose interval contains the median of all runs' processes
    runs: int


def judged(runs: Sequence[Floats]) -> Held:
    """Compare each run's interval with the median of all runs.

    Args:
        runs: one array for each run, (processes,), with one statistic for each process.
    """
    everything = float(np.median(np.concatenate(runs)))
    found = [median_interval(run) for run in runs]
    ends = [(one.low, one.high) for one in found if one.low is not None and one.high is not None]
    return Held(
        float(np.median([(high - low) / 2.0 for low, high in ends])) / everything,
        float(np.median([abs(one.estimate / everything - 1.0) for one in found])),
        sum(low <= everything <= high for low, high in ends),
        len(runs),
    )


def processes(run: Run, at: int) -> tuple[Floats, Floats]:
    """As many processes as a report has, of one workload, spread over the run.

    Of each the first visit of the base arm's first process. A multiplication is a fixed number of core cycles.

    Returns:
        of each process the median batch in ns, and its low batch in multiplications.
    """
    costs, paces = (of[:, 0, 0, 0] for of in (run.costs(at), run.paces(at)))
    whole = np.flatnonzero(~np.isnan(costs).any(axis=1))
    some = whole[np.linspace(0, whole.size - 1, min(PROCESSES, whole.size)).round().astype(int)]
    costs, paces = costs[some], paces[some] / run.multiplications
    in_time: Floats = np.median(costs, axis=1) / float(np.nanmedian(run.hz)) * 1e9
    in_cycles: Floats = np.quantile(costs / paces, LOW, axis=1)
    return in_time, in_cycles


def collect(runs: Sequence[Run]) -> Iterator[tuple[str, Held, Held | None]]:
    """Every workload except controls: in time, and in core cycles (None where a timer ends the operation)."""
    known = workloads()
    for at, name in enumerate(runs[0].workloads):
        row = known[parse_key(name)[0][0]]
        if row.control or any(one.workloads[at] != name for one in runs):
            continue
        both = [processes(run, at) for run in runs]
        yield name, judged([one for one, _ in both]), None if row.waits else judged([one for _, one in both])


def section(runs: Sequence[Run]) -> Section:
    """The part of the page."""
    made = Section("How long a result stays valid")
    found = list(collect(runs))
    made.words = [
        f"From each of the {len(runs)} runs below, {PROCESSES} processes of the unchanged arm, spread over the run, are"
        " taken as one result: its estimate and interval are compared with the median of all runs' processes. The error"
        " is that of the median run. An interval is valid for its own minutes. Later, times vary with the core's clock"
        " rate; core cycles do not, but they vary with states of kernel and host that last for seconds to minutes.",
    ]
    rows: list[Row] = []
    for name, time, cycles in found:
        rows.append((name, *_cells(time), *(_cells(cycles) if cycles else ("-", "-", "-"))))
    heads = ("workload", "time: half-width", "error", "covered", "core cycles: half-width", "error", "covered")
    made.tables = [(heads, rows)]
    both = [(time, cycles) for _, time, cycles in found if cycles]
    nearer = sum(cycles.off < time.off for time, cycles in both)
    made.claims = [
        Claim(
            "a run's core cycles nearer to all runs' than its times",
            "every workload",
            f"{nearer} of {len(both)}; median error {percent(_middle([one.off for _, one in both]))}, of times"
            f" {percent(_middle([one.off for one, _ in both]))}",
            nearer == len(both),
        )
    ]
    return made


def _middle(values: Sequence[float]) -> float:
    return float(np.median(values))


def _cells(one: Held) -> tuple[str, str, str]:
    return percent(one.width), percent(one.off), f"{one.held} of {one.runs}"
