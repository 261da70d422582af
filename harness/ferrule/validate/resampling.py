"""Coverage on real samples: few processes drawn from very many, whose median stands for the true value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferrule.stats.interval import median_interval
from ferrule.stats.pace import LOW
from ferrule.validate.families import AGAIN, BASE, Floats, gated
from ferrule.validate.runs import Run


@dataclass(frozen=True)
class Drawn:
    """How often intervals over `n` drawn processes contained the median of the corpus, as shares, 0..1."""

    workload: str
    corpus: int  # processes
    n: int
    processes: float  # interval over the processes, in time
    pooled: float  # interval over all their batches, in time
    cycles: float  # interval over the processes, in core cycles


def draw(runs: Sequence[Run], sizes: Sequence[int], sets: int, seed: int) -> list[Drawn]:
    """For each workload: draw `n` processes of all runs' unchanged arms, without replacement, `sets` times."""
    generator, made = np.random.default_rng(seed), []
    for at in gated(runs[0]):
        name = runs[0].workloads[at]
        both = [_processes(run, run.workloads.index(name)) for run in runs if name in run.workloads]
        parts = [part for part, _ in both]
        medians = np.concatenate([np.median(part, axis=1) for part in parts])
        cycles = np.concatenate([np.quantile(part / pace, LOW, axis=1) for part, pace in both])
        fewest = min(part.shape[1] for part in parts)  # the number of visits differs: each run has its own pilot
        batches = np.concatenate([part[:, :fewest] for part in parts])
        truth, true_cycles = float(np.median(medians)), float(np.median(cycles))
        for n in sizes:
            held = [0, 0, 0]
            for _ in range(sets):
                rows = generator.choice(medians.size, n, replace=False)
                drawn = ((medians[rows], truth), (batches[rows].ravel(), truth), (cycles[rows], true_cycles))
                for which, (values, true) in enumerate(drawn):
                    found = median_interval(values)
                    held[which] += found.low is not None and found.high is not None and found.low <= true <= found.high
            made.append(Drawn(name, int(medians.size), n, *(one / sets for one in held)))
    return made


def _processes(run: Run, at: int) -> tuple[Floats, Floats]:
    """All batches of one workload in the unchanged arms, both (processes, batches): ns, and ticks of the pace loop."""
    costs = run.costs(at)[:, [BASE, AGAIN]]
    costs = costs / run.hz[:, [BASE, AGAIN], : costs.shape[2], None, None] * 1e9
    batches = costs.reshape(-1, costs.shape[-2] * costs.shape[-1])
    whole = np.isfinite(batches).all(axis=1)
    return batches[whole], run.paces(at)[:, [BASE, AGAIN]].reshape(batches.shape)[whole]
