"""A/A runs while the machine's load rises: samples from different times differ, paired samples do not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from ferrule.payload.key import RunKey
from ferrule.validate import corpus
from ferrule.validate.bench import Bench
from ferrule.validate.recording import Size
from ferrule.validate.runs import Run

STEPS = 5  # busy processes: 0, 1, 2, 3, 4
_SPIN = "while True: pass"


class Load:
    """Busy processes beside a measurement, on any CPU; a context manager that ends them all."""

    def __init__(self) -> None:
        self._busy: list[subprocess.Popen[bytes]] = []

    def hold(self, count: int) -> None:
        """Start or end processes so that `count` are busy from now on."""
        while len(self._busy) < count:
            everywhere = range(os.cpu_count() or 1)  # not only where the measuring process may run
            self._busy.append(
                subprocess.Popen(
                    [sys.executable, "-S", "-c", f"import os; os.sched_setaffinity(0, {set(everywhere)!r})\n{_SPIN}"]
                )
            )
        while len(self._busy) > count:
            ended = self._busy.pop()
            ended.kill()
            ended.wait()

    def __enter__(self) -> Load:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hold(0)


def collect(
    bench: Bench,
    folder: Path,
    keys: Sequence[RunKey],
    *,
    runs: int,
    rounds: int,
    seed: int,
    note: Callable[[str], None],
) -> None:
    """A/A runs during each of which the load steps from 0 to 4 busy processes; stored runs count."""

    def stepped(sizes: Mapping[RunKey, Size], seed: int, rounds: int) -> Run:
        with Load() as beside:
            return bench.run(sizes, seed, rounds, (0, 0), before=lambda at: beside.hold(at * STEPS // rounds))

    corpus.collect(bench, folder, keys, runs=runs, rounds=rounds, seed=seed, note=note, measure=stepped)
