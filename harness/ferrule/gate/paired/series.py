"""From stored pairs to numbers: one value for each arm and pair, and why some workloads have none.

One process gives a low quantile of all batches of all its visits, at one speed of the core (stats/pace.py); an arm with
several processes a pair gives their median. Values are in ticks of the raw counter, which both arms share.

Counter pair and empty loop are subtracted as in stats/per_op.py, but as one estimate for all processes: a process's own
estimate would add its noise, on a busy machine a tenth of a short operation. The estimate is a median over the
processes of both arms. Exchanging the arms of a pair does not change it, so the test stays exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferrule.gate.paired.arms import NAMES, Name
from ferrule.gate.paired.pairs import Batches, Pair, Run, Turn
from ferrule.records.samples import WITHOUT
from ferrule.stats.cycles import multiplication, per_tick
from ferrule.stats.pace import LOW, around, levels, wander
from ferrule.stats.per_op import Overhead, overhead, per_operation

Floats = NDArray[np.float64]
DISTURBED = 1.5  # times a process's median batch


@dataclass(frozen=True)
class Series:
    """One workload of one arm over all pairs."""

    ticks: Floats  # (pairs,) an operation
    disturbed: float  # share of batches over 1.5 medians of their process
    n: int  # operations a batch


@dataclass(frozen=True)
class Machine:
    """What all processes of a contest have in common."""

    taken: Overhead  # to be subtracted, in ticks
    hz: float


def machine(pairs: Sequence[Pair]) -> Machine:
    """Overhead and counter rate, from pairs in which every turn has processes."""
    processes = [one for pair in pairs for turn in pair.turns.values() for one in turn.processes]
    found = [overhead(one.reference, one.resolution) for one in processes]
    medians = (float(np.median([getattr(one, name) for one in found])) for name in ("pair", "pair_u", "loop", "loop_u"))
    return Machine(Overhead(*medians), float(np.median([one.hz for one in processes])))


def series(pairs: Sequence[Pair], key: str, taken: Overhead, processes: int) -> tuple[Series, Series]:
    """One workload of both arms. Every pair must have it, with the same number of batches: see lacking()."""
    rows = [one for name in NAMES for pair in pairs for one in pair.turns[name].runs[key].visits]
    shape = (len(NAMES) * len(pairs) * processes, -1, rows[0].ticks.size)  # processes of base, then of candidate
    costs = per_operation([one.ticks for one in rows], rows[0].n, taken).reshape(shape)
    values, _ = levels(costs, _paces(rows, shape))
    found = []
    for one, batches in zip(np.split(values, 2), np.split(costs, 2), strict=True):
        disturbed = float(np.mean(batches > DISTURBED * np.median(batches, axis=(1, 2), keepdims=True)))
        found.append(Series(np.median(one.reshape((len(pairs), -1)), axis=1), disturbed, rows[0].n))
    return found[0], found[1]


def _paces(rows: Sequence[Batches], shape: tuple[int, ...]) -> Floats | None:
    """Ticks of one multiplication at each batch; None if an arm's payload does not measure them."""
    if any(one.pace is None for one in rows):
        return None
    return np.asarray([around(one.pace.ticks) / one.pace.n for one in rows if one.pace is not None]).reshape(shape)


def wandered(pairs: Sequence[Pair]) -> float | None:
    """By how much the core's clock differed between batches; None if a payload does not measure it."""
    rows = [one for pair in pairs for turn in pair.turns.values() for run in turn.runs.values() for one in run.visits]
    paces = [one.pace for one in rows if one.pace is not None]
    return wander(paces) if len(paces) == len(rows) else None


def typical(pairs: Sequence[Pair], name: Name, key: str, on: Machine) -> float:
    """The median over visits of their median batches, in ns an operation: comparable with a run in the history."""
    rows = [one for pair in pairs for one in pair.turns[name].runs[key].visits]
    medians = np.median(np.asarray([one.ticks for one in rows], dtype=np.float64), axis=1)
    return float(np.median(per_operation(medians, rows[0].n, on.taken))) * 1e9 / on.hz


def typical_cycles(pairs: Sequence[Pair], name: Name, key: str, on: Machine) -> float | None:
    """The same in core cycles (stats/cycles.py), of low batches; None if the pace is unknown or a timer ends it."""
    runs = [pair.turns[name].runs[key] for pair in pairs]
    rows = [one for run in runs for one in run.visits]
    latency = multiplication(one.pace for one in rows)
    if latency is None or any(run.meaning is None or run.meaning.waits for run in runs):
        return None
    costs = [
        per_operation(one.ticks, one.n, on.taken) * per_tick(one.pace, latency) for one in rows if one.pace is not None
    ]
    return float(np.median([np.quantile(one, LOW) for one in costs])) if len(costs) == len(rows) else None


def lacking(pairs: Sequence[Pair], key: str, asked: int, batches: int) -> str | None:
    """Why a workload's samples are incomplete, or are not of the same thing in both arms; None if all is well.

    Args:
        pairs: all of them.
        key: the workload.
        asked: visits of an arm and pair, in all its processes.
        batches: of a visit.
    """
    runs = [(pair.number, name, _run(pair.turns.get(name), key)) for pair in pairs for name in NAMES]
    for number, name, run in runs:
        where = f"{name}, pair {number + 1}"
        if run.status != "ok":
            return f"{where}: {run.status}: {run.reason}"
        if len(run.visits) != asked:
            return f"{where}: {len(run.visits)} visits arrived of {asked} asked for"
        if (odd := next((one.ticks.size for one in run.visits if one.ticks.size != batches), batches)) != batches:
            return f"{where}: {odd} batches arrived of {batches} asked for"
    first = runs[0][2]
    for number, name, run in runs:
        for what, one, other in (
            ("meaning", first.meaning, run.meaning),
            ("placement", first.place, run.place),
            ("parameters", dict(first.params), dict(run.params)),
            ("batch size", {first.visits[0].n}, {batches.n for batches in run.visits}),
        ):
            if one != other:
                return f"{name}, pair {number + 1}: its {what} changed from {one} to {other}"
    return None


def refused(pairs: Sequence[Pair], name: Name, key: str) -> bool:
    """Whether an arm reports in each pair that its OS does not support this workload."""
    return all(_run(pair.turns.get(name), key).status in WITHOUT for pair in pairs)


def _run(turn: Turn | None, key: str) -> Run:
    missing = Run("missing", "it was not reported", None, "", (), ())
    return turn.runs.get(key, missing) if turn else missing
