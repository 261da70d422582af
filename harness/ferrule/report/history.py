"""The history of results: one line a campaign and guest, in results/<year>/<machine>/<guest>.jsonl.

The shape is that of sel4bench's results: every run key holds [min, q1, median, mean, q3, max, sd, n] of its process
values, beside facts about the run (results/metrics.yml says what each key means). All batches and histograms go
compressed into <guest>.raw/<run_id>.json.xz (raw.py), so that every number can be computed again. A run that was
interrupted and resumed has two lines: the later one replaces the earlier.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from ferrule import __version__, paths, programs
from ferrule.checksum import compact
from ferrule.errors import InfrastructureError, UsageError
from ferrule.records.samples import Conditions, GuestResult, Sampling, Start
from ferrule.report import ahead, raw, series
from ferrule.report.codec import Malformed, decode, encode, shown
from ferrule.report.columns import Column, Declared, Entry, columns
from ferrule.report.journal import append_line, is_sealed, numbered, parse, write_whole
from ferrule.report.names import check_names
from ferrule.text import one_line

SCHEMA = 1
MANY: Final = 8  # runs that a message lists
_KINDS: Final[Mapping[str, type]] = dict.fromkeys(("run_id", "ts", "machine", "budget", "ferrule", "guest"), str) | {
    "boots": int,
    "seed": int,
    "accepted": bool,
    "interrupted": bool,
}
_LATER: Final[dict[str, Any]] = {  # keys that older lines lack
    **{"sampling": None, "doubts": {}, "accepted": False, "damage": {}, "interrupted": False, "starts": []},
}


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
    sealed: bool = True  # whether the line has a checksum


def append(
    folder: Path,
    results: Sequence[GuestResult],
    *,
    seed: int,
    budget: str,
    declared: Mapping[str, Declared] | None = None,
    moment: datetime | None = None,
    run_id: str | None = None,
) -> Path:
    """Store one campaign: a line and a raw file for every guest with results.

    Each guest is stored on its own: one that cannot be stored does not affect the others.

    Args:
        folder: the history's root.
        results: one a guest.
        seed: of the campaign.
        budget: its name.
        declared: workloads' declarations by name; our own when not given.
        moment: when; now when not given.
        run_id: of a run that has one; a guest stored under it is not stored again, unless that was interrupted.

    Returns:
        The machine's folder of this year.

    Raises:
        InfrastructureError: nothing can be written there, or not all of it.
    """
    head = heading(seed, budget, moment, run_id)
    where = home(folder, head)
    failed: list[str] = []
    for result in results:
        if result.conditions is None and (result.interrupted or not result.runs):
            continue
        try:
            _append_one(where, head, result, declared)
        except InfrastructureError as error:
            failed.append(str(error))
        except (ValueError, ArithmeticError) as error:  # numbers that no valid guest sends
            failed.append(f"{result.guest}: its results cannot be stored: {one_line(str(error))}")
    if failed:
        raise InfrastructureError("; ".join(failed))
    return where


def _append_one(
    where: Path, head: Mapping[str, Any], result: GuestResult, declared: Mapping[str, Declared] | None
) -> None:
    (column,) = columns([result], declared)
    name = slug(result.guest)
    if series.holds(where, name, str(head["run_id"]), interrupted=result.interrupted):
        return
    path = Path(f"{name}.raw") / f"{head['run_id']}.json.xz"
    write_whole(where / path, raw.pack(result))
    line = {**head, "guest": result.guest, "seconds": round(result.seconds, 3), "raw": path.as_posix()} | _line(column)
    append_line(series.target(where, name, len(compact(line)) + 32), line)


def heading(seed: int, budget: str, moment: datetime | None = None, run_id: str | None = None) -> dict[str, Any]:
    """The keys that the lines of one campaign share; `moment` is now and `run_id` a new one when not given."""
    now = (moment or datetime.now(UTC)).astimezone(UTC)
    run_id = run_id or f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
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
        "damage": dict(column.damage),
        "interrupted": column.interrupted,
        "starts": [encode(one) for one in column.starts],
    }
    shapes = {str(entry.key): eight(entry.summary.per_process) for entry in column.entries if entry.summary}
    return line | shapes | {"entries": [encode(entry) for entry in column.entries]}


def eight(values: Sequence[float]) -> list[float]:
    """[min, q1, median, mean, q3, max, sd, n]; quartiles by linear interpolation, sd with n-1 (0 for one value)."""
    x = np.asarray(values, dtype=np.float64)
    q1, median, q3 = np.quantile(x, (0.25, 0.5, 0.75))
    sd = float(np.std(x, ddof=1)) if x.size > 1 else 0.0
    return [float(v) for v in (x.min(), q1, median, x.mean(), q3, x.max(), sd)] + [int(x.size)]


def load(folder: Path, files: str = "*.jsonl", within: bytes = b"") -> list[Stored]:
    """Everything stored, oldest first, without torn last lines and lines that a later one replaces.

    Args:
        folder: the history's root.
        files: pattern of the files in each machine's folder.
        within: only lines that hold these bytes.

    Raises:
        InfrastructureError: a line is damaged; names file, line and key.
    """
    found: dict[tuple[Path, str, str], Stored] = {}
    for path in sorted(folder.glob(f"[0-9][0-9][0-9][0-9]/*/{files}"), key=series.order):
        for where, text in numbered(path):
            if within in text:
                one = _stored(where, parse(text, where), path, sealed=is_sealed(text))
                found[path.parent, one.run_id, one.column.guest] = one
    return sorted(found.values(), key=lambda one: (one.ts, one.run_id, one.column.guest))


def references(folder: Path, column: Column) -> list[Column]:
    """The stored columns that a fresh column is compared with, of the same guest and machine, oldest first.

    For each run the latest believed value under the same accelerator, and the latest under equal conditions; nothing
    else is read, however long the history is.

    Raises:
        InfrastructureError: a line is damaged; names file and line.
    """
    if column.conditions is None:
        return []
    machine, name = machine_name(), slug(column.guest)
    homes = sorted(folder.glob(f"[0-9][0-9][0-9][0-9]/{machine}"))
    paths_ = [path for home in homes for path in series.parts(home, name)]
    keys = [str(entry.key) for entry in column.entries]
    found = series.needed(paths_, (column.guest, machine), keys, column.conditions, ahead.now())
    stored = [_of_brief(path, one) for path, one in found]
    return [one.column for one in sorted(stored, key=lambda one: one.ts)]


def _of_brief(path: Path, brief: series.Brief) -> Stored:
    line = series.line_of(path, brief)
    try:
        return _stored(str(path), line, path)
    except InfrastructureError:
        return _stored(series.where(path, brief.offset), line, path)


def load_run(folder: Path, run_id: str) -> list[Stored]:
    """All guests of one campaign. A prefix of the run id is enough when it is unique.

    Raises:
        UsageError: no campaign, or several, have that id or prefix.
    """
    if not run_id:
        raise UsageError("a run id is empty; ids are in the history's lines and in the published pages")
    every = [one for one in load(folder, within=os.fsencode(run_id)) if one.run_id.startswith(run_id)]
    ids = sorted({one.run_id for one in every})
    if len(ids) == 1:
        return every
    if ids:
        more = f" and {len(ids) - MANY} more" if len(ids) > MANY else ""
        raise UsageError(f"run {run_id}: several runs begin so: {', '.join(ids[-MANY:])}{more}")
    known = ", ".join(latest(folder)) or "none"
    raise UsageError(f"run {run_id}: not in {folder}; the latest are: {known}")


def read_last(path: Path) -> list[Stored]:
    """The last run in one file of a history.

    Raises:
        UsageError: the file holds none.
        InfrastructureError: a line is damaged; names file and line.
    """
    stored = [_stored(where, parse(text, where), path, sealed=is_sealed(text)) for where, text in numbered(path)]
    if not stored:
        raise UsageError(f"{path}: holds no stored run")
    return [one for one in stored if one.run_id == stored[-1].run_id][-1:]


def latest(folder: Path, count: int = MANY) -> list[str]:
    """The ids of the latest runs, oldest first."""
    files, until = folder.glob("[0-9][0-9][0-9][0-9]/*/*.jsonl"), ahead.now()
    ids = {one.run_id: one.ts for path in files for one in series.briefs(path) if one.ts <= until}
    return sorted(ids, key=lambda one: (ids[one], one))[-count:]


def _stored(where: str, line: Mapping[str, Any], path: Path, *, sealed: bool = True) -> Stored:
    try:
        if line.get("schema") != SCHEMA:
            raise InfrastructureError(f"{where}: schema {shown(line.get('schema'))}, this Ferrule reads {SCHEMA}")
        filled = {**line} | {name: line.get(name, default) for name, default in _LATER.items()}
        fields: dict[str, Any] = {name: decode(kind, filled[name], f".{name}") for name, kind in _KINDS.items()}
        column = Column(
            fields["guest"],
            decode(Conditions, line["conditions"], ".conditions") if line["conditions"] is not None else None,
            fields["boots"],
            tuple(decode(list[Entry], line["entries"], ".entries")),
            tuple(decode(list[str], line["errors"], ".errors")),
            decode(Sampling, filled["sampling"], ".sampling") if filled["sampling"] is not None else None,
            decode(dict[str, str], filled["doubts"], ".doubts"),
            fields["accepted"],
            decode(dict[str, int], filled["damage"], ".damage"),
            fields["interrupted"],
            tuple(decode(list[Start], filled["starts"], ".starts")),
        )
        text = {name: fields[name] for name in ("run_id", "ts", "machine", "budget", "ferrule")}
        check_names(fields)
        commit = None if line["commit"] is None else decode(str, line["commit"], ".commit")
        return Stored(seed=fields["seed"], commit=commit, column=column, path=path, sealed=sealed, **text)
    except KeyError as error:
        raise InfrastructureError(f"{where}: key {error.args[0]} is missing") from None
    except Malformed as error:
        raise InfrastructureError(f"{where}: {error}") from None


def slug(text: str) -> str:
    """A name that is a safe file name on every system: ssh://a@b:1 is ssh_a_b_1."""
    return re.sub(r"[^0-9a-zA-Z.-]+", "_", text).strip("_.-").lower() or "unnamed"


def machine_name() -> str:
    """This machine's name without an owner's: its processor's name and the number of CPUs."""
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
    return programs.output(command) or None
