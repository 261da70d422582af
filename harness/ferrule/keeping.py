"""Keeping a session's results: saved as they arrive, compared with earlier ones, and stored however it ends."""

from __future__ import annotations

import shlex
import signal
import tempfile
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferrule import files, paths
from ferrule.campaign.budget import Budget
from ferrule.campaign.ledger import Ledger
from ferrule.campaign.progress import Progress
from ferrule.errors import FerruleError, UsageError
from ferrule.options import resumed
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, RunResult
from ferrule.report import history, plausible, unfinished, verified
from ferrule.report.columns import columns
from ferrule.report.unfinished import Found, Unfinished
from ferrule.text import number_of

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_CACHES = ("core", "payload", "vmlinux", "debian", "packages", "briefs")  # cache folders with files that we write


@dataclass
class Keeping:
    """Where a session's results go, and what an earlier session left of the same run."""

    folder: Path  # the history's root
    option: Namespace
    budget: Budget
    seed: int
    found: Found | None = None
    stored: Path | None = None  # the history's folder that they went into
    _open: Unfinished | None = field(default=None, repr=False)
    _run_id: str | None = None
    _comparable: bool = False  # whether an earlier run holds a value of the same operation

    def start(self, wanted: Mapping[str, Sequence[RunKey]], progress: Progress) -> Ledger:
        """Remove leftovers, list unfinished runs, and open the file of this run. Returns the ledger that writes it.

        Raises:
            UsageError: a resumed run was to measure something else, or another process is measuring it.
            InfrastructureError: the file cannot be written.
        """
        sweep(self.folder)
        if self.found is not None:
            if self.option.no_history:
                raise UsageError("--no-history: a resumed run is stored, and its file removed; leave it out")
            self._same_runs(self.found, wanted)
            self._run_id, self._open = self.found.run_id, Unfinished(self.found.path)
            progress.note(f"resuming run {self.found.run_id}: {counted(self.found)} are there")
            return self._open
        for path in unfinished.waiting(self.folder):
            progress.note(f"run {path.stem} is not finished: {self._resume(path.stem)}, or delete {path}")
        if self.option.no_history:
            return Ledger()
        head = history.heading(self.seed, self.budget.name)
        self._run_id = str(head["run_id"])
        path = history.home(self.folder, head) / unfinished.FOLDER / f"{self._run_id}.jsonl"
        self._open = Unfinished(path)
        self._open.begin(head, resumed.kept(self.option), wanted)
        return self._open

    def _same_runs(self, found: Found, wanted: Mapping[str, Sequence[RunKey]]) -> None:
        """Refuse to resume with other runs than it began with: the result would not equal an uninterrupted one's."""
        for guest in sorted({*found.runs, *wanted}):
            here, there = {str(key) for key in wanted.get(guest, ())}, set(found.runs.get(guest, ()))
            if here != there:
                name = min(here ^ there)
                where = "was not part of it" if name in here else "is not collected now"
                raise UsageError(f"--resume {found.run_id}: {guest}: {name} {where}; name the suites it began with")

    def finish(self, results: Mapping[str, GuestResult], *, complete: bool, beside: bool = False) -> None:
        """Check and store all results; the file of the run is removed when the run is complete and in the history.

        `beside`: another measurement ran meanwhile; that becomes a condition of every time taken on this machine.

        Raises:
            InfrastructureError: not all results could be stored; the file of the run then stays.
        """
        with undisturbed():
            stored = False
            try:
                screen(results.values())
                for result in results.values() if beside else ():
                    mark_beside(result)
                self._doubt(results)
                self._store([*results.values()])
                stored = True
            finally:
                if self._open is not None:
                    self._open.close(complete and stored)

    def ending(self, counts: str) -> str:
        """The last line of a run: its id, its counts, and the next command."""
        if self._run_id is None:
            return f"run: {counts}; not stored"
        line = f"run {self._run_id}: {counts}"
        if self._open is not None and self._open.path.exists():
            return f"{line}; not finished: {self._resume(self._run_id)}"
        return f"{line}; compare: ferrule compare last~1 last{self._where()}" if self._comparable else line

    def _resume(self, run: str) -> str:
        return f"ferrule run --resume {run}{self._where()}"

    def _where(self) -> str:
        """The words with which another command finds the same history."""
        return f" --results {shlex.quote(self.option.results)}" if self.option.results else ""

    def _doubt(self, results: Mapping[str, GuestResult]) -> None:
        """Look for implausible values."""
        if self.option.verify_only:
            return
        asked = None if self.option.precision else self.budget.boots * self.budget.processes
        for result, column in zip(results.values(), columns(results.values()), strict=True):
            result.accepted = self.option.accept
            try:
                earlier = history.references(self.folder, column)
            except FerruleError as error:  # a failed check must not cost the results
                result.errors.append(f"not compared with the history: {error}")
                earlier = []
            self._comparable |= bool(earlier)
            result.doubts = plausible.doubts(column, earlier, asked)

    def _store(self, found: Sequence[GuestResult]) -> None:
        if self.option.no_history:
            return
        if self.option.verify_only:
            self.stored = verified.append(self.folder, found, seed=self.seed, run_id=self._run_id)
        else:
            budget = self.budget.name
            self.stored = history.append(self.folder, found, seed=self.seed, budget=budget, run_id=self._run_id)


def counted(found: Found) -> str:
    """`12 results of 3 runs on 2 guests`: the samples that an earlier session left."""
    runs = [run for result in found.results.values() for run in result.runs.values()]
    processes = sum(len(run.processes) for run in runs)
    parts = number_of(processes, "result"), number_of(len(runs), "run"), number_of(len(found.results), "guest")
    return "{} of {} on {}".format(*parts)


def screen(results: Iterable[GuestResult]) -> None:
    """Discard a guest's samples that cannot be summarised; other guests keep theirs."""
    for result in results:
        try:
            columns([result])
        except (ValueError, ArithmeticError) as error:
            result.errors.append(f"{result.guest}: its samples make no sense: {error}")
            for key in result.runs:
                result.runs[key] = RunResult(key, "lost", f"its samples make no sense: {error}")


def mark_beside(result: GuestResult) -> None:
    """Record in the conditions of times taken on this machine that another measurement ran at the same time."""
    if result.conditions is not None and result.conditions.accel in ("metal", "kvm"):
        facts = {**result.conditions.facts, "host.beside": "another measurement"}
        result.conditions = replace(result.conditions, facts=facts)


def sweep(folder: Path) -> None:
    """Remove leftovers of ended Ferrule processes: temporary folders, half-written files, locks without a run."""
    homes = [path for path in folder.glob("[0-9][0-9][0-9][0-9]/*") if path.is_dir()]
    below = [path for home in homes for path in home.iterdir() if path.is_dir()]
    caches: list[Path] = []
    for name in _CACHES:
        try:
            caches.append(paths.cache(name))
        except FerruleError:  # a cache that cannot be written holds nothing of ours
            continue
    files.sweep(Path(tempfile.gettempdir()), folder, *homes, *below, *caches)
    for lock in folder.glob(f"[0-9][0-9][0-9][0-9]/*/{unfinished.FOLDER}/*.lock"):
        unfinished.release(lock)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Block signals that would end this process until results are stored."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
