"""Seconds until a result is known to one percent: for ours and for other benchmarks at their defaults, by one rule.

A replicate can be repeated independently: it is a process of ours, a whole run of a tool that gives one number, or a
worker process of pyperf. Ours give two results, core cycles and time, which are treated as two tools. Replicates are
taken until the 95 % interval of their median is at most 1 % wide on each side. The interval is the same for all tools,
and needs ten replicates for all, because stopping on width lowers the coverage where it may stop early
(docs/numbers.md). No interval is narrower than half the step of a tool's values.

Where a core's clock rate changes, the time depends on chance: a fast tool may end before the clock has changed once. So
the tools run in turns, in as many *races* as their time allows; and each race's interval is compared with the median of
all replicates of its tool.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Final

import numpy as np

from ferrule.campaign.budget import FULL
from ferrule.errors import InfrastructureError
from ferrule.payload.key import RunKey
from ferrule.payload.plan import PlannedRun
from ferrule.records.samples import ProcessSamples
from ferrule.stats.cycles import multiplication, per_process
from ferrule.stats.interval import Interval, median_interval
from ferrule.stats.per_op import nanoseconds
from ferrule.validate.bench import PROTOCOL, Bench
from ferrule.validate.ledger import Ledger
from ferrule.validate.peers import Peer

TARGET: Final = 0.01  # half-width, relative
LEAST: Final = 10  # replicates
RACES: Final = 20  # at most
OURS, IN_TIME = "ferrule", "ferrule, time"  # our results in core cycles, and in time
CYCLES: Final = "cycles"
_REPORT: Final = replace(
    PROTOCOL,
    batches=FULL.batches,
    control_batches=FULL.control_batches,
    warm=FULL.warm,
    target_ns=FULL.target_ns,
    apart=False,
)


@dataclass(frozen=True)
class Race:
    """One measurement by a tool of one operation."""

    tool: str
    workload: str
    seconds: float
    values: Sequence[float]  # in the unit, of each replicate
    step: float  # resolution of the values
    unit: str = "ns"

    @property
    def interval(self) -> Interval:
        """The interval of the median of its replicates."""
        return median_interval(self.values).at_least(self.step / 2.0)

    @property
    def half_width(self) -> float | None:
        """Half-width of the interval, relative; None: too few replicates for an interval."""
        found = self.interval
        if found.low is None or found.high is None:
            return None
        return max(found.high - found.estimate, found.estimate - found.low) / found.estimate

    @property
    def reached(self) -> bool:
        """Whether one percent was reached."""
        return len(self.values) >= LEAST and (width := self.half_width) is not None and width <= TARGET


@dataclass(frozen=True)
class Spent:
    """All races of one tool for one operation."""

    races: Sequence[Race]

    @property
    def tool(self) -> str:
        """The tool's name."""
        return self.races[0].tool

    @property
    def workload(self) -> str:
        """The measured workload."""
        return self.races[0].workload

    @property
    def seconds(self) -> float:
        """Median over the races."""
        return statistics.median(race.seconds for race in self.races)

    @property
    def reached(self) -> bool:
        """Whether all races reached one percent."""
        return all(race.reached for race in self.races)

    @property
    def value(self) -> float:
        """Median of all replicates."""
        return statistics.median(chain.from_iterable(race.values for race in self.races))

    @property
    def replicates(self) -> float:
        """Median number over the races."""
        return statistics.median(len(race.values) for race in self.races)

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return self.races[0].unit

    @property
    def held(self) -> int:
        """Number of races whose interval contains the median of all replicates."""
        value, found = self.value, [race.interval for race in self.races]
        return sum(one.low <= value <= one.high for one in found if one.low is not None and one.high is not None)


# One more replicate or several: the costs of an operation, and the resolution of these values.
Replicate = Callable[[], tuple[Sequence[float], float]]


def until_known(tool: str, workload: str, replicate: Replicate, limit: float, unit: str = "ns") -> Race:
    """Take replicates until the interval is narrow enough or `limit` seconds are over."""
    values: list[float] = []
    started = time.monotonic()
    while True:
        more, step = replicate()
        values += more
        race = Race(tool, workload, time.monotonic() - started, values, step, unit)
        if race.reached or race.seconds >= limit:
            return race


def collect(
    ledger: Ledger, bench: Bench, others: Sequence[Peer], *, limit: float, seed: int, note: Callable[[str], None]
) -> None:
    """Every workload that another tool has: measured by all tools, in a new random order for each race."""
    for workload in dict.fromkeys(peer.workload for peer in others):
        tools = {peer.tool: _theirs(peer, bench) for peer in others if peer.workload == workload}
        tools |= {OURS: _in_cycles(bench, RunKey(workload), seed), IN_TIME: _in_time(bench, RunKey(workload), seed)}
        for turn in range(RACES):
            draw = random.Random(f"{seed} {workload} {turn}")  # noqa: S311 - an order, not a secret
            for tool in draw.sample(sorted(tools), len(tools)):
                key = f"{workload} {tool} {turn}"
                before = [race for race in _races(ledger) if (race.workload, race.tool) == (workload, tool)]
                if key in ledger or not goes_on(before, limit):
                    continue
                try:
                    race = until_known(tool, workload, tools[tool], limit, CYCLES if tool == OURS else "ns")
                except InfrastructureError as error:
                    note(f"speed: {key}: {error}")
                    tools.pop(tool)
                    continue
                ledger.add(key, vars(race))
                note(f"speed: {key}: {race.seconds:.1f} s, {len(race.values)} replicates")


def goes_on(before: Sequence[Race], limit: float) -> bool:
    """Whether one more race as long as the longest so far fits into a tool's time; not after one that failed."""
    spent = [race.seconds for race in before]
    return not spent or (all(race.reached for race in before) and sum(spent) + max(spent) <= limit)


def _ours(bench: Bench, key: RunKey, seed: int) -> Iterator[ProcessSamples]:
    """Processes like those of a report, one after the other."""
    for number in count(1):
        yield bench.execute((PlannedRun(key),), seed, number, _REPORT).runs[key].processes[0]


def _in_time(bench: Bench, key: RunKey, seed: int) -> Replicate:
    processes = _ours(bench, key, seed)
    return lambda: ([float(np.median(nanoseconds(next(processes))[0]))], 0.0)


def _in_cycles(bench: Bench, key: RunKey, seed: int) -> Replicate:
    """A process that could not find the cycles of a multiplication uses those that an earlier process found."""
    processes, latency = _ours(bench, key, seed), 0

    def one() -> tuple[list[float], float]:
        nonlocal latency
        found = next(processes)
        latency = latency or multiplication([found.pace]) or 0
        return ([per_process(found, latency)[0]] if latency else []), 0.0

    return one


def _theirs(peer: Peer, bench: Bench) -> Replicate:
    return lambda: peer.values(bench.guest.cpus[0])


def _races(ledger: Ledger) -> list[Race]:
    return [Race(**found) for _, found in ledger.items()]


def stored(ledger: Ledger) -> list[Spent]:
    """All races of a ledger, by workload and tool; ours first."""
    races = _races(ledger)
    names = list(dict.fromkeys(race.workload for race in races))
    by: dict[tuple[str, str], list[Race]] = {}
    for race in sorted(races, key=lambda race: (names.index(race.workload), race.tool != OURS, race.tool != IN_TIME)):
        by.setdefault((race.workload, race.tool), []).append(race)
    return [Spent(of) for of in by.values()]
