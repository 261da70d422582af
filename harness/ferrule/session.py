"""One `pytest suites` run: which guests, which runs on each, the campaign, and what becomes of its results."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from ferrule import guests, paths
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress, progress_on
from ferrule.errors import FerruleError, ToolMissing, UsageError
from ferrule.keeping import Keeping
from ferrule.kernels.command import offer
from ferrule.machine.guest import Guest
from ferrule.options import measurement
from ferrule.options.machines import guest_options_of
from ferrule.payload.build import Payload, build_for
from ferrule.payload.key import RunKey
from ferrule.payload.registry import find, workloads
from ferrule.payload.selection import Asked, Variants, asked_keys, keys_of, parse_key, parse_place, suite_of
from ferrule.payload.suites import keys_in
from ferrule.records.samples import GuestResult, RunResult
from ferrule.report import extra_info, finding, matrix, tables, verdicts
from ferrule.report.codec import encode
from ferrule.report.columns import columns
from ferrule.report.unfinished import Found
from ferrule.stats.summary import Summary, measured, summarise

SCHEMA = 1  # of the key `ferrule` in the JSON file


@dataclass(frozen=True)
class Case:
    """One test: a run on a guest."""

    guest: str
    key: RunKey
    family: str


class Session:
    """The state of one invocation."""

    def __init__(self, config: pytest.Config, seed: int, found: Found | None = None) -> None:
        self._option = option = config.option
        self.seed = seed
        self.verify_only: bool = option.verify_only
        self.budget = measurement.budget_of(option)
        self._precision = measurement.precision_of(option)
        self._options = guest_options_of(option)
        self._suites = measurement.suites_of(option)
        self._workloads = parse_key(option.workload or "")
        self._every = bool(self._workloads) or self.verify_only
        self._places = parse_place(option.place)
        self._extra = measurement.extra_of(option)
        self._asked_for = option.guest is not None
        self.guest_names = measurement.guests_of(option)
        self.skipped: dict[str, str] = {}  # guests that are not available and not named by --guest: why
        self.results: dict[str, GuestResult] = {}
        self.measured = False
        self.injected = False  # whether pytest-benchmark holds any sample
        self.refused: FerruleError | None = None  # the error that stopped collection
        self.exit_code = 0  # when no measurement took place
        self.keeping = Keeping(paths.results(option.results), option, self.budget, seed, found)
        self._payloads: dict[str, Payload] = {}

    def cases(self, family: str, variants: Variants) -> list[Case]:
        """The tests of one family, after --suite, --workload and --place.

        Raises:
            UsageError: the suite's file names a workload or parameter that does not exist.
        """
        keys = keys_of(family, variants, self._places, self._extra)
        keys = keys_in(self._suites, family, keys, self._places, self._extra, every=self._every)
        if self._workloads and keys:
            chosen = [key for asked in self._workloads for key in self._asked_keys(asked, family, keys)]
            keys = list(dict.fromkeys(chosen))
        return [Case(guest, key, family) for key in keys for guest in self.guest_names]

    def _asked_keys(self, asked: Asked, family: str, keys: Sequence[RunKey]) -> list[RunKey]:
        """The keys of one item of --workload in this family: the suite's own when it gives no parameters."""
        row = find(asked[0], self._extra)
        return asked_keys(row, asked, keys, self._places) if family in (row.family, suite_of(row)) else []

    def measure(self, cases: Iterable[Case]) -> None:
        """Run the campaign for these cases.

        Raises:
            FerruleError: no guest could be made at all, or the payload does not build.
        """
        wanted: dict[str, list[RunKey]] = {}
        for case in cases:
            wanted.setdefault(case.guest, []).append(case.key)
        for name, rows in wanted.items():
            controls = [RunKey(row.name) for row in workloads(self._extra).values() if row.control]
            wanted[name] = list(dict.fromkeys([*rows, *controls]))
        found = self.keeping.found
        if found is not None:
            self.results.update({name: found.results[name] for name in wanted if name in found.results})
        with progress_on(sys.stderr) as progress:
            progress.note(f"budget {self.budget.name}, seed {self.seed}")
            made = [guest for name in wanted if (guest := self._make(name, progress)) is not None]
            campaign = Campaign(
                made,
                wanted,
                self._payload_for,
                self.budget,
                self.seed,
                progress,
                verify_only=self.verify_only,
                patience=self._option.patience,
                results=self.results,
                precision=self._precision,
                ledger=self.keeping.start(wanted, progress),
                tallies=found.tallies if found else {},
                used=found.seconds if found else 0.0,
            )
            self.measured, complete = True, False
            try:
                campaign.run()
                complete = not any(campaign.lacks(guest) for guest in made)
            finally:
                for guest in made:
                    guest.close()
                self.keeping.finish(self.results, complete=complete, beside=campaign.beside)

    def _make(self, name: str, progress: Progress) -> Guest | None:
        """A guest, or None with the reason noted: one that is not available does not cost the others their results.

        Raises:
            UsageError: the user named something that does not exist.
        """
        try:
            reason = guests.unavailable(name, self._options)
            if reason is None:
                return guests.create(name, self._options)
            if self._asked_for:
                raise ToolMissing(f"{name}: {reason}")
        except UsageError:
            raise
        except FerruleError as error:
            reason = str(error)
        if self._asked_for:
            self.results.setdefault(name, GuestResult(name, None, {})).errors.append(reason)
            progress.note(reason)
        else:
            self.skipped[name] = reason
            progress.note(f"{name}: skipped: {reason}")
        return None

    def doubt(self, case: Case) -> str | None:
        """Why a measured value fails its test; None when it is plausible, or --accept was given."""
        result = self.results[case.guest]
        return None if result.accepted else result.doubts.get(case.key)

    def nothing(self) -> str | None:
        """Why nothing was measured at all, not even a control; None where anything was."""
        started = [one for one in self.results.values() if one.conditions is not None]
        if any(run.status == "ok" for one in started for run in one.runs.values()):
            return None
        why = [f"{name}: {reason.splitlines()[0]}" for name, reason in self.skipped.items()]
        why += [f"{one.guest}: {run.key}: {run.reason}" for one in started for run in list(one.runs.values())[:1]]
        return f"nothing was measured: {'; '.join(why)}"

    def result(self, case: Case) -> RunResult:
        """Samples of a case, or why there are none."""
        if case.guest in self.skipped:
            return RunResult(case.key, "missing", self.skipped[case.guest])
        found = self.results[case.guest]
        return found.runs.get(case.key) or RunResult(case.key, "missing", found.errors[-1])

    def _payload_for(self, guest: Guest) -> Payload:
        if guest.name not in self._payloads:
            self._payloads[guest.name] = build_for(guest, self._extra)
        return self._payloads[guest.name]

    @functools.cache  # noqa: B019 - one session a process
    def summary(self, case: Case) -> tuple[Summary, dict[str, Any]]:
        """Statistics of a case that has samples, and its extra_info."""
        conditions = self.results[case.guest].conditions
        if conditions is None:
            raise FerruleError(f"{case.guest}: {case.key} has samples but no conditions")
        summary = summarise(self.result(case), conditions)
        others = [] if not summary.meaning.team else self.results[case.guest].runs.values()
        of_workload = [one for one in others if one.key.workload == case.key.workload and measured(one)]
        among = [summarise(one, conditions) for one in of_workload]
        extra = extra_info.extra_info(summary, conditions, among=among, seed=self.seed, budget=self.budget.name)
        return summary, extra

    def report(self) -> str:
        """The tables, or the compatibility matrix."""
        found = [*self.results.values()]
        if self.verify_only:
            lines = [matrix.render(found, seed=self.seed)]
        else:
            lines = [tables.render(found, budget=self.budget.name, seed=self.seed)]
        lines += [f"{name}: skipped: {reason}" for name, reason in self.skipped.items()]
        lines += filter(None, [offer(list(self.skipped))])
        if self.keeping.stored is not None and self.keeping.stored.is_dir():
            lines.append(f"history: {self.keeping.stored}")
        made = columns(found)
        if line := (finding.verified if self.verify_only else finding.measured)(made):
            lines.append(line)
        lines.append(self.keeping.ending(finding.counted(made)))
        return "\n".join(lines)

    def facts(self) -> dict[str, object]:
        """For the JSON file: the campaign, and per guest what became of its workloads and of each of their runs."""
        made = columns([*self.results.values()])
        return {
            "schema": SCHEMA,
            "seed": self.seed,
            "budget": self.budget.name,
            "sampling": {column.guest: encode(column.sampling) for column in made if column.sampling},
            "verdicts": {column.guest: verdicts.as_json(verdicts.verdicts(column)) for column in made},
            "runs": {
                column.guest: {
                    str(entry.key): {"status": entry.status, "reason": entry.reason} for entry in column.entries
                }
                for column in made
            },
            "doubts": {column.guest: dict(column.doubts) for column in made if column.doubts},
            "damage": {column.guest: dict(column.damage) for column in made if column.damage},
            "interrupted": [column.guest for column in made if column.interrupted],
            "errors": {name: result.errors for name, result in self.results.items() if result.errors},
            "skipped": self.skipped,
        }
