"""Which runs a campaign takes in its next round: a fixed number of rounds, or rounds until the intervals are narrow.

A schedule is asked before every round and knows nothing of payloads and records: it sees what was measured so far and
what it cost. Measured until narrow, a guest's runs drop out one by one as they get there; boots are added where a guest
can be booted anew and processes where it cannot. Nobody looks at what a result says, only at how wide it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import Protocol

from ferrule.machine.guest import Guest
from ferrule.payload.key import RunKey
from ferrule.records.samples import Aim, Ended, GuestResult, Sampling
from ferrule.stats.allocation import processes_a_boot
from ferrule.stats.stopping import ended
from ferrule.stats.summary import Summary, measured, summarise

PILOT_BOOTS = 3  # of which the variance between boots is first known


@dataclass
class Spent:
    """Host seconds that the executions of one guest took."""

    boots: int = 0
    outside: float = 0.0  # from the start to the first record, and from the last one to the end
    runs: int = 0  # over all processes
    inside: float = 0.0  # from the first record to the last

    def add(self, seconds: float, heard: tuple[float, float] | None, runs: int) -> None:
        """Count one execution of so many runs, all processes together."""
        inside = heard[1] - heard[0] if heard else 0.0
        self.boots += 1
        self.outside += seconds - inside
        self.runs += runs
        self.inside += inside

    @property
    def boot(self) -> float:
        """Of a boot without its processes."""
        return self.outside / self.boots if self.boots else 0.0

    def process(self, runs: int) -> float:
        """Of a process that holds so many runs."""
        return self.inside / self.runs * runs if self.runs else 0.0


@dataclass(frozen=True)
class Turn:
    """What one guest does in one round."""

    keys: tuple[RunKey, ...]
    processes: int
    sizes: Mapping[RunKey, int] = field(default_factory=dict)  # frozen batch sizes; the payload calibrates the others
    rounds: int = 0  # of how many this is one; 0: nobody knows
    spent: Spent = field(default_factory=Spent)  # where the campaign writes down what the turn took


class Schedule(Protocol):
    """Asked by the campaign before each round, and once at the end."""

    @property
    def first(self) -> int:
        """The round to begin with: what an earlier session has of it is not measured again."""
        ...

    def turns(self, number: int, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> dict[str, Turn]:
        """What each guest does in round `number` (from 0). Who is left out is done, and without anybody it is over."""
        ...

    def close(self, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> None:
        """Write into the results what ended them."""
        ...


@dataclass
class Fixed:
    """So many rounds of so many processes."""

    keys: Mapping[str, Sequence[RunKey]]
    rounds: int
    processes: int
    sizes: Mapping[str, Mapping[RunKey, int]]
    first: int = 0

    def turns(self, number: int, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> dict[str, Turn]:  # noqa: ARG002
        """See Schedule."""
        if number >= self.rounds:
            return {}
        return {
            guest.name: Turn(
                tuple(self.keys[guest.name]), self.processes, self.sizes.get(guest.name, {}), rounds=self.rounds
            )
            for guest in guests
        }

    def close(self, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> None:
        """See Schedule: there is nothing to say."""


@dataclass(frozen=True)
class Precision:
    """What is asked for: intervals of half-width `target` over their centre, within a budget."""

    target: float  # 0.01 = 1 %
    seconds: float
    boots: int | None = None  # at most so many rounds
    processes: int | None = None  # a boot; by default what the pilot says
    aim: Aim = "time"


@dataclass
class UntilNarrow:
    """Rounds until every run that is waited for is narrow enough, or the budget is spent.

    Controls are not waited for, because zero has no relative width; they run in every process whatever is planned.
    """

    keys: Mapping[str, Sequence[RunKey]]
    controls: frozenset[str]  # workloads
    wanted: Precision
    pilot: int  # processes a boot of the pilot
    first: int = 0
    started: float = field(default_factory=time.monotonic)
    _spent: dict[str, Spent] = field(default_factory=dict)
    _sampling: dict[str, Sampling] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)  # processes, all runs together, when it was last asked
    _broke: set[str] = field(default_factory=set)  # guests whose next turn the budget did not cover
    _silent: set[str] = field(default_factory=set)  # guests whose last turn gave nothing

    def turns(self, number: int, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> dict[str, Turn]:
        """See Schedule. The cheapest turns are granted first; one that does not fit into the budget is not begun."""
        if self.wanted.boots is not None and number >= self.wanted.boots:
            return {}
        due = {guest.name: turn for guest in guests if (turn := self._turn(number, guest, results[guest.name]))}
        granted: dict[str, Turn] = {}
        left = self.wanted.seconds - (time.monotonic() - self.started)
        for name, turn in sorted(due.items(), key=lambda one: _cost(one[1])):
            if number and (left := left - _cost(turn)) < 0:
                self._broke.add(name)
            else:
                granted[name] = turn
        return granted

    def _turn(self, number: int, guest: Guest, result: GuestResult) -> Turn | None:
        """A guest's next turn; None when nothing of it is waited for, or when its last turn gave nothing at all."""
        keys, spent = tuple(self.keys[guest.name]), self._spent.setdefault(guest.name, Spent())
        if number == 0:
            return Turn(keys, self.wanted.processes or self.pilot, spent=spent)
        if guest.name in self._broke:
            return None
        seen = sum(len(run.processes) for run in result.runs.values())
        if self._seen.get(guest.name, 0) == seen:
            self._silent.add(guest.name)
            return None
        self._seen[guest.name] = seen
        still = [key for key in self._awaited(keys) if self._open(guest, result, key)]
        if not still:
            return None
        kept = [key for key in keys if key in still or key.workload in self.controls]
        processes = self._processes(number, guest, result, still, len(kept))
        return Turn(tuple(kept), processes, _frozen(result, kept), spent=spent)

    def _awaited(self, keys: Sequence[RunKey]) -> list[RunKey]:
        return [key for key in keys if key.workload not in self.controls] or list(keys)

    def _open(self, guest: Guest, result: GuestResult, key: RunKey) -> bool:
        """Whether a run is to go on: one that did not work is over for the campaign, one not seen yet is not."""
        run = result.runs.get(key)
        if run is None or run.status != "ok":
            return run is None
        summary = _summary(result, key)
        return summary is None or not ended(summary, self.wanted.target, guest.fresh_boots, self.wanted.aim)

    def _processes(self, number: int, guest: Guest, result: GuestResult, still: Sequence[RunKey], runs: int) -> int:
        """How many a boot: as asked, or by the pilot once it is over; then no more is changed."""
        held = self._sampling.get(guest.name)
        if held is not None:
            return held.processes
        if self.wanted.processes is not None:
            return self._decide(guest, self.wanted.processes, "as asked for")
        if not guest.fresh_boots:
            return self._decide(guest, self.pilot, "in one boot there is nothing to divide between boots and processes")
        if number < PILOT_BOOTS:
            return self.pilot
        spent = self._spent[guest.name]
        boot, process = spent.boot, spent.process(runs)
        found = [summary.components for key in still if (summary := _summary(result, key))]
        best = processes_a_boot(boot, process, found)
        if best is None:
            return self._decide(guest, self.pilot, f"a pilot of {number} boots did not show their scatter")
        told = f"pilot of {number} boots of {self.pilot}: {boot:.2g} s a boot, {process:.2g} s a process"
        return self._decide(guest, best, f"{told}, sqrt(cost x variance ratio), median of {len(found)} runs")

    def _decide(self, guest: Guest, processes: int, why: str) -> int:
        self._sampling[guest.name] = self._sampled(processes, why)
        return processes

    def _sampled(self, processes: int, why: str) -> Sampling:
        return Sampling(self.wanted.target, self.wanted.seconds, processes, why, self.wanted.aim)

    def close(self, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> None:
        """See Schedule. What is not ended by itself was ended by the budget, or by a guest that fell silent."""
        for guest in guests:
            result = results[guest.name]
            used = self.wanted.processes or self.pilot
            result.sampling = self._sampling.get(guest.name) or self._sampled(used, "the pilot's")
            last: Ended = "guest" if guest.name in self._silent else "budget"
            for key, run in result.runs.items():
                summary = _summary(result, key)
                if summary is not None:
                    run.ended = ended(summary, self.wanted.target, guest.fresh_boots, self.wanted.aim) or last


def _cost(turn: Turn) -> float:
    """Seconds that a turn will take, by what those before it took."""
    return turn.spent.boot + turn.processes * turn.spent.process(len(turn.keys))


def _frozen(result: GuestResult, keys: Sequence[RunKey]) -> dict[RunKey, int]:
    """The batch sizes that the first round's processes calibrated, the middle one of each run (which then stays it)."""
    found = {key: run.processes for key in keys if (run := result.runs.get(key)) and run.processes}
    return {key: median_low(samples.n for samples in processes) for key, processes in found.items()}


def _summary(result: GuestResult, key: RunKey) -> Summary | None:
    run = result.runs.get(key)
    if run is None or result.conditions is None or not measured(run):
        return None
    return summarise(run, result.conditions)
