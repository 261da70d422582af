"""Real samples for the validation: full runs in which the same system is measured as several arms, some slowed.

One full run is a series of rounds. In each round every arm is one process of the payload, all arms one after the other
in a random order, as a paired gate does with two builds; here all arms are the same build. Arms differ only in a
slowdown of known size: operations that are run and not reported, or multiplications. All arms of a round have the same
address layout and run the workloads in the same order. Each run begins with a pilot of its own, as in a gate, which
finds the batch sizes and the number of visits of each workload.

Every run is a file of its own, complete or absent: an interrupted validation resumes where it stopped.
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

WHOLE: Final = 10  # one run in this many has all arms, the others leave out +5 %


def collect(
    bench: Bench,
    folder: Path,
    keys: Sequence[RunKey],
    *,
    runs: int,
    rounds: int,
    seed: int,
    note: Callable[[str], None],
    measure: Callable[[Mapping[RunKey, Size], int, int], Run] | None = None,
) -> None:
    """Measure until the corpus holds `runs` full runs; stored ones count.

    `measure` makes one run from sizes, seed and rounds; the default makes one of ARMS. `note` gets progress messages.
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
        note(f"run {number + 1} of {runs}: {spent:.0f} s, load {run.load.mean():.1f}: {path.name}")
