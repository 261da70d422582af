"""Real samples for the validation: full runs in which the same system stands in several arms, slowed by known amounts.

One full run is a series of rounds. In each round every arm is one process of the payload, all arms one after the other
in an order drawn anew: what a paired gate does with two builds, done with one. Arms differ in nothing but a slowdown of
known size: operations that are run and not reported, or multiplications. All arms of a round have the same address
layout and take the workloads in the same order. Each run begins with a pilot of its own, as a gate does, which says how
long batches are and how many visits each workload is worth.

Every run is a file of its own, complete or not there: an interrupted validation goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ferrule.payload.key import RunKey
from ferrule.validate.bench import ARMS, Bench
from ferrule.validate.recording import Size
from ferrule.validate.runs import Run, save

WHOLE: Final = 10  # of so many runs one has all arms, the others leave out +5 %


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
    """Measure until the corpus holds so many full runs; those that are there already count.

    `measure` makes one run of given sizes, seed and rounds; by default one of all arms.
    """
    for number in range(runs):
        path = folder / f"run-{number:04}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        sizes = bench.sizes(keys, seed + number)
        if measure:
            run = measure(sizes, seed + number, rounds)
        else:
            run = bench.run(sizes, seed + number, rounds, ARMS[:3] if number % WHOLE else ARMS)
        save(run, path)
        spent = time.monotonic() - began
        said(f"run {number + 1} of {runs}: {spent:.0f} s, load {run.load.mean():.1f}: {path.name}")
