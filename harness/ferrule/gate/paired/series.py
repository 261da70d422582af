"""From stored pairs to numbers: one value an arm and pair, and why some workloads have none.

One process gives the 10 % quantile of its batches, counter pair and empty loop taken off as stats/per_op.py does; an
arm with several processes a pair gives their median. Values are in ticks of the raw counter, which both arms share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrule.gate.paired.arms import NAMES, Name
from ferrule.gate.paired.pairs import Pair, Run, Turn
from ferrule.stats.per_op import Overhead, overhead

Floats = NDArray[np.float64]
Q = 0.1
DISTURBED = 1.5  # times a process's median batch


@dataclass(frozen=True)
class Series:
    """One workload of one arm over all pairs."""

    ticks: Floats  # (pairs,) an operation; what the tests are made of
    ns: Floats  # (pairs,) the same by the processes' own calibration: for people and exports
    disturbed: float  # share of batches over 1.5 medians of their process
    involuntary: int | None  # context switches, all processes
    n: int  # operations a batch


class Overheads:
    """What is taken off, by pair, arm and process: worked out once for all its workloads."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._held: dict[tuple[int, Name, int], tuple[Overhead, float]] = {}
        for pair in pairs:
            for name in NAMES:
                turn = pair.turns.get(name)
                for one in turn.processes if turn else ():
                    self._held[pair.number, name, one.number] = overhead(one.reference, one.resolution), one.hz

    def of(self, pair: int, name: Name, process: int) -> tuple[Overhead, float]:
        """Overhead in ticks, and ticks a second."""
        return self._held[pair, name, process]


def series(pairs: Sequence[Pair], name: Name, key: str, overheads: Overheads) -> Series:
    """One workload of one arm. Every pair must have it, with equally many batches: doubt() says where not."""
    rows = [(pair.number, one) for pair in pairs for one in pair.turns[name].runs[key].processes]
    ticks = np.asarray([one.ticks for _, one in rows], dtype=np.float64)  # (pairs * processes, batches)
    # The quantile of (T - c) / n - l is that of T: taken off afterwards.
    low = np.quantile(ticks, Q, axis=1)
    taken = [overheads.of(number, name, one.process) for number, one in rows]
    n = rows[0][1].n
    values = (low - np.array([over.pair for over, _ in taken])) / n - np.array([over.loop for over, _ in taken])
    scale = 1e9 / np.array([hz for _, hz in taken])
    each = (len(pairs), -1)
    involuntary = [one.involuntary for _, one in rows]
    return Series(
        np.median(values.reshape(each), axis=1),
        np.median((values * scale).reshape(each), axis=1),
        float(np.mean(ticks > DISTURBED * np.median(ticks, axis=1, keepdims=True))),
        sum(one or 0 for one in involuntary) if any(one is not None for one in involuntary) else None,
        n,
    )


def lacking(pairs: Sequence[Pair], key: str, processes: int, batches: int) -> str | None:
    """Why a workload's samples are not those that were asked for, of one thing in both arms; None when they are."""
    runs = [(pair.number, name, _run(pair.turns.get(name), key)) for pair in pairs for name in NAMES]
    for number, name, run in runs:
        where = f"{name}, pair {number + 1}"
        if run.status != "ok":
            return f"{where}: {run.status}: {run.reason}"
        if len(run.processes) < processes:
            return f"{where}: {len(run.processes)} processes arrived of {processes} asked for"
        if (fewest := min(one.ticks.size for one in run.processes)) < batches:
            return f"{where}: {fewest} batches arrived of {batches} asked for"
    first = runs[0][2]
    for number, name, run in runs:
        for what, one, other in (
            ("meaning", first.meaning, run.meaning),
            ("placement", first.place, run.place),
            ("parameters", dict(first.params), dict(run.params)),
            ("batch size", {first.processes[0].n}, {batches.n for batches in run.processes}),
        ):
            if one != other:
                return f"{name}, pair {number + 1}: its {what} changed from {one} to {other}"
    return None


def refused(pairs: Sequence[Pair], name: Name, key: str) -> bool:
    """Whether an arm says of this workload, in each pair, that its OS cannot do it."""
    return all(_run(pair.turns.get(name), key).status == "unsupported" for pair in pairs)


def _run(turn: Turn | None, key: str) -> Run:
    missing = Run("missing", "it was not reported", None, "", (), ())
    return turn.runs.get(key, missing) if turn else missing
