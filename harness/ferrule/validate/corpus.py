"""Real samples for the validation: full runs in which the same system stands in several arms, slowed by known amounts.

One full run is a series of rounds. In each round every arm is one process of the payload, all arms one after the other
in an order drawn anew, each process with all workloads in an order of its own: what a paired gate does with two builds,
done with one. Arms differ in nothing but how many operations more than reported they run (`more=` of the plan). All
arms of a round have the same address layout.

Every run is a file of its own, complete or not there: an interrupted validation goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ferrule.samples import RunKey
from ferrule.validate.bench import ARMS, Bench, Size
from ferrule.validate.runs import Run, load, save

WHOLE: Final = 6  # each so many-th run has all arms and workloads, the others leave out +5 % and what is slow
SLOW: Final = 0.02  # seconds of a visit


def collect(
    bench: Bench,
    folder: Path,
    keys: Sequence[RunKey],
    *,
    runs: int,
    rounds: int,
    seed: int,
    said: Callable[[str], None],
    measure: Callable[[Mapping[RunKey, Size], int, int], Run] | None = None,
) -> None:
    """Measure until the corpus holds so many full runs; those that are there already count, and freeze the sizes.

    `measure` makes one run of given sizes, seed and rounds; by default one of all arms.
    """
    sizes: dict[RunKey, Size] = {}
    for number in range(runs):
        path = folder / f"run-{number:04}.npz"
        if path.exists():
            sizes = sizes or _frozen(load(path), keys)
            continue
        sizes = sizes or bench.sizes(keys, seed)
        if measure:
            run = measure(sizes, seed + number, rounds)
        elif number % WHOLE:
            some = {key: size for key, size in sizes.items() if size.seconds < SLOW}
            run = bench.run(some, seed + number, rounds, ARMS[:3])
        else:
            run = bench.run(sizes, seed + number, rounds)
        save(run, path)
        said(f"run {number + 1} of {runs}: {run.seconds:.0f} s, load {run.load.mean():.1f}: {path.name}")


def _frozen(run: Run, keys: Sequence[RunKey]) -> dict[RunKey, Size]:
    spent = run.ticks.sum(axis=-1) / np.nanmedian(run.hz)  # seconds of each visit
    seconds = [float(np.median(one[one > 0])) if one.any() else 0.0 for one in np.moveaxis(spent, 2, 0)]
    sizes = map(Size, run.n.tolist(), run.visits.tolist(), seconds)
    known = dict(zip(run.workloads, sizes, strict=True))
    return {key: known[str(key)] for key in keys if str(key) in known}
