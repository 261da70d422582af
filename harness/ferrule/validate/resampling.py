"""Coverage on real samples: few processes drawn from very many, whose median is taken for the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferrule.stats.interval import median_interval
from ferrule.validate.families import AGAIN, BASE, Floats, gated
from ferrule.validate.runs import Run


@dataclass(frozen=True)
class Drawn:
    """How often an interval over `n` processes, and one over their pooled batches, held the corpus's median."""

    workload: str
    corpus: int  # processes
    n: int
    processes: float
    pooled: float


def draw(runs: Sequence[Run], sizes: Sequence[int], sets: int, seed: int) -> list[Drawn]:
    """For each workload: draw `n` processes of all runs' unchanged arms, without replacement, `sets` times."""
    generator, made = np.random.default_rng(seed), []
    for at in gated(runs[0]):
        name = runs[0].workloads[at]
        parts = [_processes(run, run.workloads.index(name)) for run in runs if name in run.workloads]
        medians = np.concatenate([np.median(part, axis=1) for part in parts])
        fewest = min(part.shape[1] for part in parts)  # each run's own pilot says how many visits a process has
        batches = np.concatenate([part[:, :fewest] for part in parts])
        truth = float(np.median(medians))
        for n in sizes:
            held = [0, 0]
            for _ in range(sets):
                rows = generator.choice(medians.size, n, replace=False)
                for which, values in enumerate((medians[rows], batches[rows].ravel())):
                    found = median_interval(values)
                    held[which] += found.low is not None and found.high is not None and found.low <= truth <= found.high
            made.append(Drawn(name, int(medians.size), n, held[0] / sets, held[1] / sets))
    return made


def _processes(run: Run, at: int) -> Floats:
    """All batches of one workload in the unchanged arms' processes, (processes, batches), ns an operation."""
    costs = run.costs(at)[:, [BASE, AGAIN]]
    costs = costs / run.hz[:, [BASE, AGAIN], : costs.shape[2], None, None] * 1e9
    batches = costs.reshape(-1, costs.shape[-2] * costs.shape[-1])
    return batches[np.isfinite(batches).all(axis=1)]
