"""Taking the pairs: two executions in a row in a drawn order, the control's pairs between them, all of them stored."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.errors import InfrastructureError
from ferrule.gate.paired import visits
from ferrule.gate.paired.arms import NAMES, Arm
from ferrule.gate.paired.pairs import Pair, Turn, turn_of
from ferrule.machine import load
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult
from ferrule.stats.allocation import VISITS

BATCHES: Final = 16  # a visit. The same number for both arms, which a quantile needs
WARM: Final = 3
PROCESSES: Final = 2  # an arm and pair: a pilot may not have seen what disturbs a whole process
TARGET_NS: Final = 25_000  # a batch, so short that most hold no interrupt of a timer or of the host's
_LIMIT_NS = 2_000_000_000  # a run


class _Errors(Progress):
    """Shows only errors: the progress of 120 executions would be too much."""

    def __init__(self, shown: Progress) -> None:
        self.note = shown.note  # type: ignore[method-assign]


@dataclass
class Contest:
    """Two arms and the runs that both take."""

    arms: tuple[Arm, Arm]  # base, candidate
    keys: Sequence[RunKey]
    seed: int
    progress: Progress
    processes: int = PROCESSES
    patience: float | None = None
    control: bool = False  # base against base
    more: int = 0  # per mille of slowdown injected into the candidate, to test the gate itself
    sizes: Mapping[RunKey, int] = field(default_factory=dict)  # operations a batch
    visits: Mapping[RunKey, int] = field(default_factory=dict)  # of each workload in a process

    def pilot(self) -> None:
        """Calibrate batch sizes and visits on the base: they are frozen for both arms.

        Raises:
            InfrastructureError: the base sent no record.
        """
        result = self._pilot(1, 1, 0)
        if result.conditions is None:
            why = result.errors[-1] if result.errors else "it sent no record"
            raise InfrastructureError(f"the base was not measured: {why}")
        self.sizes = {key: run.processes[0].n for key, run in result.runs.items() if run.processes}
        self.visits = visits.fitting(dict.fromkeys(self.sizes, VISITS), self._beside())
        if not self.control:  # the control's workloads are short and steady
            self._allocate()

    def _allocate(self) -> None:
        """Set the visits by the scatter of the base's, under one memory layout as in a pair."""
        self.arms[0].side.scatter(self.seed)
        seen = self._pilot(visits.PILOT, BATCHES, WARM).runs
        pilots = {key: visits.whole(seen[key].processes, often) for key, often in self.visits.items() if key in seen}
        pilots = {key: found for key, found in pilots.items() if found}
        wanted = {**self.visits, **{key: visits.enough(found) for key, found in pilots.items()}}
        self.visits = visits.fitting(wanted, self._beside())

    def _beside(self) -> int:
        """The number of runs that the base does not support."""
        return sum(key not in self.sizes for key in self.keys)

    def _pilot(self, processes: int, batches: int, warm: int) -> GuestResult:
        """Run the base alone."""
        budget = Budget(1, processes, batches, warm, 0, TARGET_NS, _LIMIT_NS, name="pilot")
        return self._campaign(self.arms[:1], budget, self.seed)[self.arms[0].side.name]

    def pair(self, number: int) -> Pair:
        """One pair. What fails in it is in the pair, not raised."""
        draw = random.Random(f"{self.seed} {number} {self.control}")  # noqa: S311 - a coin, not a secret
        order, layout = draw.sample(self.arms, 2), draw.getrandbits(63)
        seed, began = draw.getrandbits(63), load.now()
        turns: dict[str, Turn] = {}
        stops: list[int] = []
        for arm in order:  # equal seeds: both arms have one layout, and take the runs in the same order
            arm.side.scatter(layout)
            result = self._turn(arm, seed)
            turns[arm.side.name] = turn_of(result, self.processes, self.visits, first=number == 0)
            stops += _stops(result)
        first = next(name for name in NAMES if name == order[0].side.name)
        around = load.between(began, load.now(), os.cpu_count() or 1)
        if around is not None and stops:  # counted on the host that the payload ran on
            around = replace(around, throttled=sum(stops))
        return Pair(number, self.control, first, turns, around)

    def _turn(self, arm: Arm, seed: int) -> GuestResult:
        """One arm's part of a pair."""
        budget = Budget(1, self.processes, BATCHES, WARM, 0, TARGET_NS, _LIMIT_NS, name="gate")
        return self._campaign([arm], budget, seed)[arm.side.name]

    def _campaign(self, arms: Sequence[Arm], budget: Budget, seed: int) -> dict[str, GuestResult]:
        payloads = {arm.side.name: arm.payload for arm in arms}
        campaign = Campaign(
            [arm.side for arm in arms],
            dict.fromkeys(payloads, self.keys),
            lambda guest: payloads[guest.name],
            budget,
            seed,
            _Errors(self.progress),
            patience=self.patience,
            sizes=dict.fromkeys(payloads, self.sizes),
            visits=self.visits,
            apart=all(arm.payload.makes_copies for arm in self.arms),
            more={NAMES[1]: self.more},
        )
        return campaign.run()


def _stops(result: GuestResult) -> list[int]:
    """In how many periods a CPU quota stopped each process that reports it."""
    around = {(one.boot, one.process): one.surroundings for run in result.runs.values() for one in run.processes}
    return [seen.throttled for seen in around.values() if seen is not None and seen.throttled is not None]


def take(
    contests: Sequence[Contest],
    pairs: int,
    draw: random.Random,
    store: Callable[[Pair], None],
    settled: Callable[[int], bool],
) -> None:
    """All pairs of all contests, interleaved pair by pair in a drawn order.

    Args:
        contests: the arms' own, and the control's.
        pairs: at most.
        draw: of the order of contests.
        store: keeps a pair; called as soon as it is taken.
        settled: whether this number of pairs is enough; called after each pair.
    """
    progress = contests[0].progress
    for number in range(pairs):
        if number % 10 == 0:
            progress.note(f"pair {number + 1} of {pairs}")
        for contest in draw.sample(list(contests), len(contests)):
            store(contest.pair(number))
        if settled(number + 1):
            progress.note(f"settled after {number + 1} pairs")
            break
