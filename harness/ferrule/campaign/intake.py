"""Takes in what one execution finishes: each process into the ledger as it ends, all of it into the guest's result."""

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
    """Of one execution. No run gets more samples than were asked of it: what is over is left out."""

    guest: Guest
    assembler: Assembler
    ledger: Ledger
    round: int
    result: GuestResult
    tally: Counter[RunKey]  # samples that each run has in this round
    full: frozenset[RunKey]  # runs that have all: a payload takes its controls in every process, asked for or not
    resumed: bool  # whether the result holds samples of an earlier session
    _first: int = 0  # number of the first process: a guest that is not booted anew counts on
    _taken: dict[int, GuestResult] = field(default_factory=dict)  # by process: what the ledger has

    def __post_init__(self) -> None:
        """All executions of a guest that is not rebooted belong to its one boot."""
        if not self.guest.fresh_boots:
            seen = [samples.process for run in self.result.runs.values() for samples in run.processes]
            self._first = max(seen, default=-1) + 1

    def process(self, number: int) -> None:
        """One has ended.

        Raises:
            GuestError: its conditions are not those of the samples of an earlier session.
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
        """The execution is over: take what it finished, of the process it ended in too.

        Raises: as process().
        """
        for number in self.assembler.processes:
            self.process(number)
        for number, taken in self._taken.items():  # once more: only now is known how host and guest agreed
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
        """Samples of a session before this one are never mixed with samples of other conditions."""
        before, now = self.result.conditions, self.assembler.conditions
        if self.resumed and before is not None and now is not None and (changed := departures(before, now)):
            raise GuestError(self.guest.name, f"conditions changed since the run began ({changed[0]}); measure anew")
