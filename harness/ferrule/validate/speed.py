"""Seconds until a result is known to one percent: ours and other benchmarks' at their defaults, by one rule.

A replicate is what can be repeated independently: a process of ours, a whole run of a tool that gives one number, a
worker process of pyperf. Replicates are taken until the 95 % interval of their median is at most 1 % wide on each side.
It is the same interval for all, and for all from ten replicates on, so that nobody's seconds are bought with coverage:
stopping on width costs coverage where it may stop early (docs/numbers.md). Nothing is known better than half the step
in which a tool can tell it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ferrule.errors import InfrastructureError
from ferrule.plan import PlannedRun
from ferrule.samples import RunKey
from ferrule.stats.interval import Interval, median_interval
from ferrule.stats.per_op import nanoseconds
from ferrule.validate.bench import PROTOCOL, Bench
from ferrule.validate.ledger import Ledger
from ferrule.validate.peers import Peer

TARGET = 0.01  # half-width, relative
LEAST = 10  # replicates
OURS = "ferrule"


@dataclass(frozen=True)
class Spent:
    """What a tool needed for one operation."""

    tool: str
    workload: str
    seconds: float
    replicates: int
    value: float  # ns
    half_width: float | None  # relative; None: too few replicates for any

    @property
    def reached(self) -> bool:
        """Whether it was known to one percent."""
        return self.half_width is not None and self.half_width <= TARGET


# One more replicate or several: ns an operation, and the step in which the tool can tell them.
Replicate = Callable[[], tuple[Sequence[float], float]]


def until_known(tool: str, workload: str, replicate: Replicate, limit: float) -> Spent:
    """Take replicates until the interval is narrow enough or `limit` seconds are over."""
    values: list[float] = []
    started = time.monotonic()
    while True:
        more, step = replicate()
        values += more
        spent = time.monotonic() - started
        found = median_interval(values).at_least(step / 2.0)
        width = _relative(found)
        if (len(values) >= LEAST and width is not None and width <= TARGET) or spent >= limit:
            return Spent(tool, workload, spent, len(values), found.estimate, width)


def _relative(found: Interval) -> float | None:
    if found.low is None or found.high is None:
        return None
    return max(found.high - found.estimate, found.estimate - found.low) / found.estimate


def collect(
    ledger: Ledger, bench: Bench, others: Sequence[Peer], *, limit: float, seed: int, said: Callable[[str], None]
) -> None:
    """Every workload that some other tool has: theirs and ours."""
    for workload in dict.fromkeys(peer.workload for peer in others):
        tools = [(OURS, _ours(bench, RunKey(workload), seed))]
        tools += [(peer.tool, _theirs(peer, bench)) for peer in others if peer.workload == workload]
        for tool, replicate in tools:
            key = f"{workload} {tool}"
            if key in ledger:
                continue
            try:
                spent = until_known(tool, workload, replicate, limit)
            except InfrastructureError as error:
                said(f"speed: {key}: {error}")
                continue
            ledger.add(key, vars(spent))
            said(f"speed: {key}: {spent.seconds:.1f} s, {spent.replicates} replicates")


def _ours(bench: Bench, key: RunKey, seed: int) -> Replicate:
    taken = 0

    def one() -> tuple[list[float], float]:
        nonlocal taken
        taken += 1
        result = bench.execute((PlannedRun(key),), seed, taken, PROTOCOL)
        values, _ = nanoseconds(result.runs[key].processes[0])
        return [float(median_interval(values).estimate)], 0.0

    return one


def _theirs(peer: Peer, bench: Bench) -> Replicate:
    return lambda: peer.values(bench.guest.cpus[0])


def stored(ledger: Ledger) -> list[Spent]:
    """All that a ledger holds."""
    return [Spent(**found) for _, found in ledger.items()]
