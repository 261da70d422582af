"""Stores the samples of one execution: each process in the ledger as it ends, all of them in the guest's result."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from ferrule.campaign.ledger import Ledger
from ferrule.errors import GuestError
from ferrule.machine.guest import Guest
from ferrule.payload.key import RunKey
from ferrule.records.assemble import Assembler
from ferrule.records.conditions import departures
from ferrule.records.merge import merge
from ferrule.records.samples import GuestResult, RunResult


@dataclass
class Intake:
    """Stores one execution's samples. No run gets more samples than were asked for; extra samples are dropped."""

    guest: Guest
    assembler: Assembler
    ledger: Ledger
    round: int
    result: GuestResult
    tally: Counter[RunKey]  # samples that each run has in this round
    full: frozenset[RunKey]  # runs with enough samples: a payload runs its controls in every process, planned or not
    resumed: bool  # whether the result holds samples of an earlier session
    _first: int = 0  # number of the first process: in a guest that is not booted anew, numbers continue
    _taken: dict[int, GuestResult] = field(default_factory=dict)  # by process: the samples stored in the ledger

    def __post_init__(self) -> None:
        """Find the first process number: all executions of a guest that is not rebooted belong to its one boot."""
        if not self.guest.fresh_boots:
            seen = [samples.process for run in self.result.runs.values() for samples in run.processes]
            self._first = max(seen, default=-1) + 1

    def process(self, number: int) -> None:
        """Store the samples of process `number`, which has ended.

        Raises:
            GuestError: its conditions differ from those of the samples of an earlier session.
            InfrastructureError: the ledger cannot be written.
        """
        if number in self._taken:
            return
        self._same_conditions()
        runs = self._admitted(self.assembler.runs_of(number))
        if not runs:
            return
        taken = GuestResult(self.guest.name, self.assembler.conditions, runs)
        self.ledger.process(self.guest.name, self.round, taken)
        self._taken[number] = taken
        for key, run in runs.items():
            self.tally[key] += len(run.processes)

    def close(self) -> None:
        """The execution is over: store all finished runs, also those of the process in which it ended.

        Raises: as process().
        """
        for number in self.assembler.processes:
            self.process(number)
        for number, taken in self._taken.items():  # again: the clock checks of host and guest are complete only now
            runs = self._numbered(self.assembler.runs_of(number))
            kept = {key: run for key, run in runs.items() if key in taken.runs}
            merge(self.result, GuestResult(self.guest.name, self.assembler.conditions, kept))
        rest = GuestResult(self.guest.name, self.assembler.conditions, {}, damage=self.assembler.damage)
        rest.starts = self.assembler.start if self.guest.fresh_boots else []
        merge(self.result, rest)

    def _admitted(self, runs: dict[RunKey, RunResult]) -> dict[RunKey, RunResult]:
        return {key: run for key, run in self._numbered(runs).items() if key not in self.full}

    def _numbered(self, runs: dict[RunKey, RunResult]) -> dict[RunKey, RunResult]:
        if self.guest.fresh_boots:
            return runs
        numbered = {
            key: [replace(one, boot=0, process=one.process + self._first) for one in run.processes]
            for key, run in runs.items()
        }
        return {key: replace(run, processes=numbered[key]) for key, run in runs.items()}

    def _same_conditions(self) -> None:
        """Refuse to add samples to those of an earlier session whose conditions differ."""
        before, now = self.result.conditions, self.assembler.conditions
        if self.resumed and before is not None and now is not None and (changed := departures(before, now)):
            raise GuestError(self.guest.name, f"conditions changed since the run began ({changed[0]}); measure anew")
