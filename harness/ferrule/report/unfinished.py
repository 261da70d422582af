"""A run that is not finished: each of its finished parts is written to disk at once, so that no ending loses it.

results/<year>/<machine>/unfinished/<run_id>.jsonl holds a line with what was asked for, then a line for each process
and each execution that ended, each line with its checksum. When the run is complete its results go into the history,
and this file is removed.
"""

from __future__ import annotations

import fcntl
import os
from argparse import Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ferrule import paths
from ferrule.campaign.ledger import Executed, Ledger
from ferrule.errors import InfrastructureError, UsageError
from ferrule.options import resumed
from ferrule.payload.key import RunKey
from ferrule.records.merge import merge
from ferrule.records.samples import Conditions, GuestResult
from ferrule.report.codec import Malformed, decode, encode
from ferrule.report.journal import append_line, lines
from ferrule.report.raw import block, unblock

SCHEMA: Final = 1
FOLDER: Final = "unfinished"
_RETRIED: Final = ("lost", "missing")  # statuses of runs that did nothing wrong


class Unfinished(Ledger):
    """The file of one run, while this process writes it: no other process can resume it."""

    def __init__(self, path: Path) -> None:
        """Take the file.

        Raises:
            InfrastructureError: it cannot be made.
            UsageError: another process writes it.
        """
        self.path = path
        self.trouble: InfrastructureError | None = None  # the first error that kept a line out of the file
        self._described: set[str] = set()  # guests whose conditions are in it
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise InfrastructureError(f"{path}: cannot store results: {error.strerror}; use --results") from None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise UsageError(f"--resume {path.stem}: it is being measured at this moment") from None

    def begin(self, heading: Mapping[str, Any], asked: Mapping[str, Any], keys: Mapping[str, Sequence[RunKey]]) -> None:
        """Write what the run is: the history's heading, the options, and the runs of each guest."""
        runs = {guest: [str(key) for key in found] for guest, found in keys.items()}
        append_line(self.path, {"kind": "run", "layout": SCHEMA, **heading, "asked": dict(asked), "runs": runs})

    def process(self, guest: str, boot: int, samples: GuestResult) -> None:
        """See Ledger."""
        line: dict[str, Any] = {"kind": "process", "guest": guest, "round": boot}
        if samples.conditions is not None and guest not in self._described:
            line["conditions"] = encode(samples.conditions)
        if self._keep(line | block(samples.runs.values())) and "conditions" in line:
            self._described.add(guest)

    def execution(self, guest: str, boot: int, done: Executed) -> None:
        """See Ledger."""
        self._keep({"kind": "execution", "guest": guest, "round": boot, **encode(done)})

    def _keep(self, line: dict[str, Any]) -> bool:
        """Append a line; whether it was written. A disk that is full for a while costs lines, not the measurement."""
        try:
            append_line(self.path, line)
        except InfrastructureError as error:
            self.trouble = self.trouble or error
            return False
        return True

    def close(self, complete: bool) -> None:
        """Release the file; remove it if the run is complete."""
        if self._handle < 0:
            return
        if complete or not self.path.exists():
            self.path.with_suffix(".lock").unlink(missing_ok=True)  # first: in the other order a kill could leave it
            self.path.unlink(missing_ok=True)
            with suppress(OSError):  # other runs are unfinished
                self.path.parent.rmdir()
        os.close(self._handle)
        self._handle = -1


@dataclass
class Found:
    """What an unfinished run left."""

    path: Path
    head: dict[str, Any]
    results: dict[str, GuestResult] = field(default_factory=dict)
    tallies: dict[tuple[str, int], Counter[RunKey]] = field(default_factory=dict)
    seconds: float = 0.0  # of all executions

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.path.stem

    @property
    def seed(self) -> int:
        """The seed of all random orders."""
        return decode(int, self.head.get("seed"))

    @property
    def asked(self) -> dict[str, Any]:
        """The options that it was started with."""
        return decode(dict[str, Any], self.head.get("asked", {}))

    @property
    def runs(self) -> dict[str, list[str]]:
        """What was to be measured, by guest."""
        return decode(dict[str, list[str]], self.head.get("runs", {}))


def waiting(folder: Path) -> list[Path]:
    """The files of all unfinished runs of a history that no process is measuring, oldest first."""
    return [path for path in sorted(folder.glob(f"[0-9][0-9][0-9][0-9]/*/{FOLDER}/*.jsonl")) if not _held(path)]


def _held(path: Path) -> bool:
    try:
        handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def release(lock: Path) -> None:
    """Remove a lock whose run has no file: the process was killed as it removed them."""
    path = lock.with_suffix(".jsonl")
    if not path.exists() and not _held(path):
        lock.unlink(missing_ok=True)


def find(folder: Path, run: str) -> Found:
    """What an unfinished run left, by the beginning of its id; `last`: the latest.

    Raises:
        UsageError: there is none, or several begin so.
        InfrastructureError: its file is damaged; names the line.
    """
    every = sorted(folder.glob(f"[0-9][0-9][0-9][0-9]/*/{FOLDER}/*.jsonl"), key=lambda path: path.stem)
    chosen = every[-1:] if run == "last" else [path for path in every if run and path.stem.startswith(run)]
    if len(chosen) == 1:
        return read(chosen[0])
    names = ", ".join(path.stem for path in (chosen or every)[-8:]) or "none"
    what = "several unfinished runs begin so" if chosen else f"no unfinished run in {folder}; there are"
    raise UsageError(f"--resume {run}: {what}: {names}")


def continued(option: Namespace) -> Found | None:
    """The run that --resume names, whose options these become; None without --resume.

    Raises:
        UsageError: there is none, several are meant, or an option has another value in it.
        InfrastructureError: its file is damaged.
    """
    if option.resume is None:
        return None
    found = find(paths.results(option.results), option.resume)
    resumed.take_up(option, found.asked, found.run_id)
    option.seed = found.seed
    return found


def read(path: Path) -> Found:
    """An unfinished run's file.

    Raises:
        InfrastructureError: it is damaged; names the line.
    """
    found: Found | None = None
    where = str(path)
    try:
        for place, line in lines(path, sealed=True):
            where = place
            if found is None:
                if line.get("kind") != "run" or line.get("layout") != SCHEMA:
                    raise Malformed(f"it is no unfinished run of layout {SCHEMA}")
                found = Found(path, line)
            else:
                _take(found, line)
        if found is None:
            raise Malformed("it holds nothing")
        if found.seed < 0 or not found.asked or not found.runs:
            raise Malformed("its first line lacks what was asked for")
    except (Malformed, KeyError) as error:
        raise InfrastructureError(f"{where}: {error}; remove the file and measure again") from None
    return found


def _take(found: Found, line: Mapping[str, Any]) -> None:
    guest, boot = decode(str, line["guest"]), decode(int, line["round"])
    result = found.results.setdefault(guest, GuestResult(guest, None, {}))
    if line["kind"] == "process":
        conditions = decode(Conditions, line["conditions"]) if "conditions" in line else None
        runs = {key: run for key, run in unblock(line).items() if run.status not in _RETRIED}
        tally = found.tallies.setdefault((guest, boot), Counter())
        for key, run in runs.items():
            earlier = result.runs[key].processes if key in result.runs else []
            known = {
                (one.boot, one.process) for one in earlier
            }  # a line may be there twice: the process was killed as it was written
            run.processes = [one for one in run.processes if (one.boot, one.process) not in known]
            tally[key] += len(run.processes)
            result.boots = max([result.boots, *(one.boot + 1 for one in run.processes)])
        merge(result, GuestResult(guest, conditions, runs))
    elif line["kind"] == "execution":
        done = decode(Executed, {name: line[name] for name in Executed.__dataclass_fields__})
        errors = [done.error] if done.error else []
        result.boots = max(result.boots, done.number + 1)
        merge(result, GuestResult(guest, None, {}, errors, done.seconds, damage=done.damage))
        found.seconds += done.seconds
    else:
        raise Malformed(f"kind {str(line['kind'])[:40]!r} is unknown")
