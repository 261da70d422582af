"""The files of one series of stored runs, and what of them a new run needs to read.

A series is what one guest gave on one machine in a year: <guest>.jsonl, and when that is full <guest>+2.jsonl and so
on, so that every hosting service accepts each of them. A brief of each line is kept in the cache to find the lines that
a new run is compared with: only those few are then read. A brief that is missing or does not match its file is made
again from it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from ferrule import files, paths
from ferrule.checksum import check, compact, seal
from ferrule.errors import FerruleError, InfrastructureError
from ferrule.records.conditions import digest
from ferrule.records.samples import Conditions
from ferrule.report.codec import Malformed, decode, loads
from ferrule.report.journal import parse

LIMIT: Final = 64 << 20  # bytes a file: hosting services refuse 100 MiB, and warn at 50 MiB of text at most
LAYOUT: Final = 2  # of the briefs


def parts(home: Path, name: str) -> list[Path]:
    """The files of a series, oldest first."""
    more = [(int(number), path) for path in home.glob("*.jsonl") if (number := _number(path, name)) is not None]
    return [path for _, path in sorted(more)]


def _number(path: Path, name: str) -> int | None:
    """The number of the part that a file is; None: it is not of this series."""
    stem, plus, number = path.stem.partition("+")
    if stem != name or (plus and not (number.isascii() and number.isdecimal() and number[0] != "0")):
        return None
    return int(number) if plus else 1


def target(home: Path, name: str, size: int) -> Path:
    """The file that a line of so many bytes goes into."""
    existing = parts(home, name)
    if not existing:
        return home / f"{name}.jsonl"
    if existing[-1].stat().st_size + size <= LIMIT:
        return existing[-1]
    return home / f"{name}+{(_number(existing[-1], name) or 1) + 1}.jsonl"


@dataclass(frozen=True)
class Brief:
    """The fields of a line that decide whether it is needed."""

    offset: int
    size: int  # newline left out
    crc: int  # of the line
    ts: str
    run_id: str
    interrupted: bool
    machine: str
    guest: str
    accel: str
    conditions: str  # digest of all that may move a number, the payload's build left out
    believed: list[str]  # runs that have a value which is believed


_NAMES: Final = [one.name for one in fields(Brief)]


def needed(
    files_: Sequence[Path], whose: tuple[str, str], keys: Iterable[str], conditions: Conditions, until: str
) -> Iterator[tuple[Path, Brief]]:
    """The latest line with a believed value of each run under the same accelerator, and under equal conditions.

    Args:
        files_: of a series, oldest first.
        whose: guest and machine: two guests' names may give the same file name.
        keys: runs, as text.
        conditions: of the fresh results.
        until: lines of a later moment are left out: a clock was wrong when they were written.
    """
    equal = digest(conditions)
    accel_left, equal_left = set(keys), set(keys)
    for path in reversed(files_):
        for brief in reversed(briefs(path)):
            if (brief.guest, brief.machine, brief.accel) != (*whose, conditions.accel) or brief.ts > until:
                continue
            here = set(brief.believed)
            equally = here & equal_left if brief.conditions == equal else set()
            if here & accel_left or equally:
                yield path, brief
            accel_left -= here
            equal_left -= equally
            if not (accel_left or equal_left):
                return


def holds(home: Path, name: str, run_id: str, *, interrupted: bool) -> bool:
    """Whether a run that is complete now is stored as complete: it is then not stored again."""
    every = [brief for path in parts(home, name) for brief in briefs(path)]
    found = [brief for brief in every if brief.run_id == run_id]
    return bool(found) and found[-1].interrupted == interrupted and not interrupted


def order(path: Path) -> tuple[Path, str, int]:
    """By folder, series and part."""
    stem, _, number = path.stem.partition("+")
    return path.parent, stem, int(number) if number.isdecimal() else 1


def briefs(path: Path) -> list[Brief]:
    """The brief of every line of a file, in its order; known ones come from the cache.

    Raises:
        InfrastructureError: a line is damaged.
    """
    kept = _kept(path)
    end = kept[-1].offset + kept[-1].size + 1 if kept else 0
    fresh = [*_read(path, end)]
    if fresh:
        _keep(path, [*kept, *fresh])
    return [*kept, *fresh]


def line_of(path: Path, brief: Brief) -> dict[str, Any]:
    """The line that a brief is of.

    Raises:
        InfrastructureError: it cannot be read, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(brief.offset)
            line = stream.read(brief.size)
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None
    return _parsed(line, path, brief.offset)


def where(path: Path, offset: int) -> str:
    """`file:line` of an offset: for messages only, because it reads the file up to there."""
    try:
        with path.open("rb") as stream:
            lines = stream.read(offset).count(b"\n")
    except OSError:
        return str(path)
    return f"{path}:{lines + 1}"


def _parsed(text: bytes, path: Path, offset: int) -> dict[str, Any]:
    try:
        return parse(text, str(path))
    except InfrastructureError:
        return parse(text, where(path, offset))


def _read(path: Path, offset: int) -> Iterator[Brief]:
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    return  # torn, or being written
                text = line[:-1]
                yield _brief(_parsed(text, path, offset), offset, text)
                offset += len(line)
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None


def _brief(line: Mapping[str, Any], offset: int, text: bytes) -> Brief:
    """A line's brief. One of a malformed line has no believed runs: reading the line whole reports the fault."""
    accel = equal = ""
    believed: list[str] = []
    with suppress(Malformed, KeyError, TypeError, AttributeError):
        doubted = {} if line.get("accepted") else line.get("doubts", {})
        conditions = decode(Conditions, line["conditions"])
        accel, equal = conditions.accel, digest(conditions)
        believed = [key for key, value in line.items() if is_shape(value) and key not in doubted]
    ts, run_id, machine, guest = (str(line.get(name, "")) for name in ("ts", "run_id", "machine", "guest"))
    about = (ts, run_id, line.get("interrupted") is True, machine, guest, accel, equal)
    return Brief(offset, len(text), zlib.crc32(text), *about, believed)


def is_shape(value: object) -> bool:
    """Whether a key of a line is a run: it holds eight numbers."""
    return isinstance(value, list) and len(value) == 8 and all(isinstance(one, int | float) for one in value)


def place(path: Path) -> Path:
    """Where in the cache the briefs of a file are."""
    return paths.cache("briefs") / f"{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:24]}.json"


def _kept(path: Path) -> list[Brief]:
    """The briefs in the cache, when they match the file: the last line that they cover is unchanged."""
    with suppress(OSError, ValueError, KeyError, TypeError, FerruleError, RecursionError, OverflowError):
        data = loads(place(path).read_bytes())
        if data["layout"] == LAYOUT and data["file"] == str(path.absolute()) and check(data):
            rows = decode(list[list[Any]], data["briefs"])
            kept = [decode(Brief, dict(zip(_NAMES, one, strict=True))) for one in rows]
            if kept and _fits(path, kept[-1]) and _fits(path, kept[len(kept) // 2]):
                return kept
    return []


def _fits(path: Path, brief: Brief) -> bool:
    with path.open("rb") as stream:
        stream.seek(brief.offset)
        line = stream.read(brief.size + 1)
    return line.endswith(b"\n") and zlib.crc32(line[:-1]) == brief.crc


def _keep(path: Path, found: Sequence[Brief]) -> None:
    """Write briefs to the cache; where that fails, they are made again the next time."""
    rows = [[*asdict(one).values()] for one in found]
    document = seal({"layout": LAYOUT, "file": str(path.absolute()), "briefs": rows})
    with suppress(OSError, FerruleError):
        files.write_whole(place(path), compact(document))
