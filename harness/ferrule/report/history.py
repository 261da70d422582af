"""The history of results: one line a campaign and guest, in results/<year>/<machine>/<guest>.jsonl.

The shape is that of sel4bench's results: every run key holds [min, q1, median, mean, q3, max, sd, n] of its process
values, beside facts about the run (results/metrics.yml says what each key means). All batches and histograms go
compressed into <guest>.raw/<run_id>.jsonl.gz, so that every number can be computed again.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import re
import secrets
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from ferrule import __version__, paths
from ferrule.errors import InfrastructureError, UsageError
from ferrule.records.samples import Conditions, GuestResult, RunResult, Sampling
from ferrule.report.codec import Malformed, decode, encode, loads, shown
from ferrule.report.columns import Column, Declared, Entry, columns
from ferrule.report.journal import append_line, lines, write_whole
from ferrule.text import one_line

SCHEMA = 1
# What names files and stands in tables. A machine's name is a folder's and a page's: it leads nowhere else.
_FORMS: Final = {
    "run_id": re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,79}"),
    "machine": re.compile(r"[0-9a-z](?:[0-9a-z._-]{0,118}[0-9a-z])?"),
    "guest": re.compile(r".{1,300}"),
    "ts": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
}
_KINDS: Final[Mapping[str, type]] = dict.fromkeys(("run_id", "ts", "machine", "budget", "ferrule", "guest"), str) | {
    "boots": int,
    "seed": int,
    "accepted": bool,
}
_LATER: Final[dict[str, Any]] = {"sampling": None, "doubts": {}, "accepted": False}  # keys that older lines lack


@dataclass(frozen=True)
class Stored:
    """One line of the history."""

    run_id: str
    ts: str
    machine: str
    budget: str
    seed: int
    ferrule: str
    commit: str | None
    column: Column
    path: Path  # the file it is in


@dataclass(frozen=True)
class RawHead:
    """The first line of a file of samples; the others are runs."""

    guest: str
    boots: int
    conditions: Conditions | None


def append(
    folder: Path,
    results: Sequence[GuestResult],
    *,
    seed: int,
    budget: str,
    declared: Mapping[str, Declared] | None = None,
    moment: datetime | None = None,
) -> Path:
    """Store one campaign: a line and a raw file for every guest that gave anything.

    Args:
        folder: the history's root.
        results: one a guest.
        seed: of the campaign.
        budget: its name.
        declared: workloads' declarations by name; our own when not given.
        moment: when; now when not given.

    Returns:
        The machine's folder of this year.

    Raises:
        InfrastructureError: nothing can be written there.
    """
    head = heading(seed, budget, moment)
    where = home(folder, head)
    for result, column in zip(results, columns(results, declared), strict=True):
        if result.conditions is None and not result.runs:
            continue
        name = slug(result.guest)
        raw = Path(f"{name}.raw") / f"{head['run_id']}.jsonl.gz"
        write_whole(where / raw, _pack(result))
        line = head | {"guest": result.guest, "seconds": round(result.seconds, 3), "raw": raw.as_posix()}
        append_line(where / f"{name}.jsonl", line | _line(column))
    return where


def heading(seed: int, budget: str, moment: datetime | None = None) -> dict[str, Any]:
    """The keys that the lines of one campaign share; `moment` is now when not given."""
    now = (moment or datetime.now(UTC)).astimezone(UTC)
    run_id = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    head = {"schema": SCHEMA, "ts": f"{now:%Y-%m-%dT%H:%M:%SZ}", "run_id": run_id, "machine": machine_name()}
    return head | {"ferrule": __version__, "commit": commit_of(paths.checkout()), "seed": seed, "budget": budget}


def home(folder: Path, head: Mapping[str, Any]) -> Path:
    """Where lines with this heading belong: a folder a year and machine."""
    return folder / str(head["ts"])[:4] / str(head["machine"])


def _line(column: Column) -> dict[str, Any]:
    """The part of a line that a column fills."""
    line: dict[str, Any] = {
        "boots": column.boots,
        "errors": list(column.errors),
        "conditions": encode(column.conditions),
        "sampling": encode(column.sampling),
        "doubts": dict(column.doubts),
        "accepted": column.accepted,
    }
    shapes = {str(entry.key): eight(entry.summary.per_process) for entry in column.entries if entry.summary}
    return line | shapes | {"entries": [encode(entry) for entry in column.entries]}


def eight(values: Sequence[float]) -> list[float]:
    """[min, q1, median, mean, q3, max, sd, n]; quartiles by linear interpolation, sd with n-1 (0 for one value)."""
    x = np.asarray(values, dtype=np.float64)
    q1, median, q3 = np.quantile(x, (0.25, 0.5, 0.75))
    sd = float(np.std(x, ddof=1)) if x.size > 1 else 0.0
    return [float(v) for v in (x.min(), q1, median, x.mean(), q3, x.max(), sd)] + [int(x.size)]


def load(folder: Path, files: str = "*.jsonl") -> list[Stored]:
    """Everything stored, oldest first; what a crash tore off is not there.

    Args:
        folder: the history's root.
        files: pattern of the files in each machine's folder.

    Raises:
        InfrastructureError: a line is damaged; names file, line and key.
    """
    found = []
    for path in sorted(folder.glob(f"[0-9][0-9][0-9][0-9]/*/{files}")):
        for where, line in lines(path):
            found.append(_stored(where, line, path))
    return sorted(found, key=lambda one: (one.ts, one.run_id, one.column.guest))


def of_guest(folder: Path, guest: str) -> list[Stored]:
    """What is stored of a guest on this machine, oldest first.

    Raises:
        InfrastructureError: a line is damaged; names file, line and key.
    """
    machine = machine_name()
    found = load(folder, f"{slug(guest)}.jsonl")
    return [one for one in found if one.machine == machine and one.column.guest == guest]


def load_run(folder: Path, run_id: str) -> list[Stored]:
    """All guests of one campaign. A beginning of the run id will do when only one campaign has it.

    Raises:
        UsageError: no campaign, or several, go by that id.
    """
    if not run_id:
        raise UsageError("a run id is empty; ids are in the history's lines and in the published pages")
    every = load(folder)
    ids = sorted({one.run_id for one in every if one.run_id.startswith(run_id)})
    if len(ids) == 1:
        return [one for one in every if one.run_id == ids[0]]
    if ids:
        raise UsageError(f"run {run_id}: several runs begin so: {', '.join(ids)}")
    known = ", ".join(dict.fromkeys(one.run_id for one in every[-8:])) or "none"
    raise UsageError(f"run {run_id}: not in {folder}; the latest are: {known}")


def _stored(where: str, line: Mapping[str, Any], path: Path) -> Stored:
    try:
        if line.get("schema") != SCHEMA:
            raise InfrastructureError(f"{where}: schema {shown(line.get('schema'))}, this Ferrule reads {SCHEMA}")
        said = {**line} | {name: line.get(name, default) for name, default in _LATER.items()}
        fields: dict[str, Any] = {name: decode(kind, said[name], f".{name}") for name, kind in _KINDS.items()}
        column = Column(
            fields["guest"],
            decode(Conditions, line["conditions"], ".conditions") if line["conditions"] is not None else None,
            fields["boots"],
            tuple(decode(list[Entry], line["entries"], ".entries")),
            tuple(decode(list[str], line["errors"], ".errors")),
            decode(Sampling, said["sampling"], ".sampling") if said["sampling"] is not None else None,
            decode(dict[str, str], said["doubts"], ".doubts"),
            fields["accepted"],
        )
        text = {name: fields[name] for name in ("run_id", "ts", "machine", "budget", "ferrule")}
        for name, form in _FORMS.items():
            if form.fullmatch(fields[name]) is None:
                raise Malformed(f"{shown(fields[name])} is none", f".{name}")
        commit = None if line["commit"] is None else decode(str, line["commit"], ".commit")
        return Stored(seed=fields["seed"], commit=commit, column=column, path=path, **text)
    except KeyError as error:
        raise InfrastructureError(f"{where}: key {error.args[0]} is missing") from None
    except Malformed as error:
        raise InfrastructureError(f"{where}: {error}") from None


def _pack(result: GuestResult) -> bytes:
    """All samples of one guest: the conditions, then a line a run. The same samples give the same bytes."""
    rows = [encode(RawHead(result.guest, result.boots, result.conditions))]
    rows += [encode(run) for run in result.runs.values()]
    text = "".join(json.dumps(row, allow_nan=False, separators=(",", ":")) + "\n" for row in rows)
    return gzip.compress(text.encode(), mtime=0)


def load_raw(path: Path) -> GuestResult:
    """The samples behind a stored line.

    Raises:
        InfrastructureError: the file is missing or damaged.
    """
    try:
        rows = [loads(line) for line in gzip.decompress(path.read_bytes()).split(b"\n") if line]
        if not rows:
            raise Malformed("it is empty")
        head, runs = decode(RawHead, rows[0]), [decode(RunResult, row) for row in rows[1:]]
        return GuestResult(head.guest, head.conditions, {run.key: run for run in runs}, boots=head.boots)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise InfrastructureError(f"{path}: no raw samples can be read: {one_line(str(error))}") from None


def slug(text: str) -> str:
    """A name that is safe as a file's on every system: ssh://a@b:1 is ssh_a_b_1."""
    return re.sub(r"[^0-9a-zA-Z.-]+", "_", text).strip("_.-").lower() or "unnamed"


def machine_name() -> str:
    """What this machine is, without saying whose: its processor's name and how many of them."""
    model = platform.processor() or platform.machine()
    try:
        named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
        model = named[1] if named else model
    except OSError:  # no such file where Linux is not
        pass
    return f"{slug(re.sub(r'[(](R|TM|C)[)]|CPU|@', ' ', model))}-{os.cpu_count() or 1}cpu"


def commit_of(checkout: Path | None) -> str | None:
    """The commit of the checkout, with `+` when files differ from it; None where there is no git or no checkout."""
    if checkout is None:
        return None
    command = ["git", "-C", str(checkout), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
