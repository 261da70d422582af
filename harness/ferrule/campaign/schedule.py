"""Which runs a campaign takes in its next round: a fixed number of rounds, or rounds until the intervals are narrow.

A schedule is called before every round. It does not use payloads or records, only the results so far and the time they
took. In rounds until narrow, a run is left out once its interval is narrow enough; boots are added where a guest can be
booted anew, processes where it cannot. The decision depends on the width of an interval only, never on the value.
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

PILOT_BOOTS = 3  # the fewest boots from which the variance between boots is estimated


@dataclass
class Spent:
    """Host seconds that the executions of one guest took."""

    boots: int = 0
    outside: float = 0.0  # from the start to the first record, and from the last one to the end
    runs: int = 0  # over all processes
    inside: float = 0.0  # from the first record to the last

    def add(self, seconds: float, heard: tuple[float, float] | None, runs: int) -> None:
        """Add one execution of `runs` runs over all its processes."""
        inside = heard[1] - heard[0] if heard else 0.0
        self.boots += 1
        self.outside += seconds - inside
        self.runs += runs
        self.inside += inside

    @property
    def boot(self) -> float:
        """Mean seconds of a boot without its processes."""
        return self.outside / self.boots if self.boots else 0.0

    def process(self, runs: int) -> float:
        """Mean seconds of a process with `runs` runs."""
        return self.inside / self.runs * runs if self.runs else 0.0


@dataclass(frozen=True)
class Turn:
    """What one guest does in one round."""

    keys: tuple[RunKey, ...]
    processes: int
    sizes: Mapping[RunKey, int] = field(default_factory=dict)  # frozen batch sizes; the payload calibrates the others
    rounds: int = 0  # the total number of rounds; 0: not known
    spent: Spent = field(default_factory=Spent)  # the campaign adds the turn's seconds to it


class Schedule(Protocol):
    """Called by the campaign before each round, and once at the end."""

    @property
    def first(self) -> int:
        """The round to begin with; samples of it from an earlier session are not measured again."""
        ...

    def turns(self, number: int, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> dict[str, Turn]:
        """Each guest's turn in round `number` (from 0). A guest without one is done; an empty dict ends the rounds."""
        ...

    def close(self, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> None:
        """Write into the results why their measuring ended."""
        ...


@dataclass
class Fixed:
    """A fixed number of rounds, each with a fixed number of processes."""

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
        """See Schedule: nothing to write."""


@dataclass(frozen=True)
class Precision:
    """The requested precision: intervals of half-width `target` over their centre, within a budget."""

    target: float  # 0.01 = 1 %
    seconds: float
    boots: int | None = None  # most rounds
    processes: int | None = None  # a boot; by default computed from the pilot
    aim: Aim = "time"


@dataclass
class UntilNarrow:
    """Rounds until the interval of every run except controls is narrow enough, or the budget is spent.

    Controls do not count, because zero has no relative width; they run in every process in any case.
    """

    keys: Mapping[str, Sequence[RunKey]]
    controls: frozenset[str]  # workloads
    wanted: Precision
    pilot: int  # processes a boot of the pilot
    first: int = 0
    started: float = field(default_factory=time.monotonic)
    _spent: dict[str, Spent] = field(default_factory=dict)
    _sampling: dict[str, Sampling] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)  # processes over all runs at the last call
    _broke: set[str] = field(default_factory=set)  # guests whose next turn the budget did not cover
    _silent: set[str] = field(default_factory=set)  # guests whose last turn gave no samples

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
        """A guest's next turn; None when all its runs are narrow enough, or when its last turn gave no samples."""
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
        """Whether a run needs more samples: not one that failed, but one without a result yet does."""
        run = result.runs.get(key)
        if run is None or run.status != "ok":
            return run is None
        summary = _summary(result, key)
        return summary is None or not ended(summary, self.wanted.target, guest.fresh_boots, self.wanted.aim)

    def _processes(self, number: int, guest: Guest, result: GuestResult, still: Sequence[RunKey], runs: int) -> int:
        """How many processes a boot: as asked, or by the pilot once it is over; fixed from then on."""
        decided = self._sampling.get(guest.name)
        if decided is not None:
            return decided.processes
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
        costs = f"pilot of {number} boots of {self.pilot}: {boot:.2g} s a boot, {process:.2g} s a process"
        return self._decide(guest, best, f"{costs}, sqrt(cost x variance ratio), median of {len(found)} runs")

    def _decide(self, guest: Guest, processes: int, why: str) -> int:
        self._sampling[guest.name] = self._sampled(processes, why)
        return processes

    def _sampled(self, processes: int, why: str) -> Sampling:
        return Sampling(self.wanted.target, self.wanted.seconds, processes, why, self.wanted.aim)

    def close(self, guests: Sequence[Guest], results: Mapping[str, GuestResult]) -> None:
        """See Schedule. A result without a reason of its own was ended by the budget, or by a guest without samples."""
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
    """Seconds that a turn will take, estimated from earlier turns."""
    return turn.spent.boot + turn.processes * turn.spent.process(len(turn.keys))


def _frozen(result: GuestResult, keys: Sequence[RunKey]) -> dict[RunKey, int]:
    """Batch sizes by run: the median of those that its processes calibrated. Later rounds keep it."""
    found = {key: run.processes for key in keys if (run := result.runs.get(key)) and run.processes}
    return {key: median_low(samples.n for samples in processes) for key, processes in found.items()}


def _summary(result: GuestResult, key: RunKey) -> Summary | None:
    run = result.runs.get(key)
    if run is None or result.conditions is None or not measured(run):
        return None
    return summarise(run, result.conditions)
