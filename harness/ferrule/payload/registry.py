"""The list of workloads. The folder is the registry: each file's declaration row is read as text, uncompiled."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, get_args

from ferrule import paths
from ferrule.errors import UsageError

Per = Literal["call", "round_trip", "one_way", "iteration"]

_ROW = re.compile(r"^WORKLOAD(?:_ROW)?\s*\{(?P<fields>.*?)^\};", re.MULTILINE | re.DOTALL)
_STRING = r'"(?:[^"\\]|\\.)*"'
_FIELD = re.compile(
    rf"\s*\.(?P<key>\w+)\s*=\s*(?P<value>{_STRING}(?:\s*{_STRING})*|\w+)\s*(?:,|$)"
    r"|\s*(?:LOOPS|STEPS|STEPS_AND_TEARDOWN)\s*(?:,|$)"  # functions by their usual names (workload.h)
)
_COMMENT = re.compile(rf"({_STRING})|/\*.*?\*/|//[^\n]*", re.DOTALL)
_REFUSED = re.compile(
    r'(?:REFUSE\(run, "(?P<key>\w+)", "|PARAMETER\(run, (?P<name>\w+), )'
    r'(?P<least>-?\d+)(?:\.\.|, | or | \([^"]*\) or )(?P<most>-?\d+)'
)
_OWN_HEADER = re.compile(r'#include "(workloads/[\w/]+\.h)"')
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_CODE: Final = frozenset(("setup", "verify", "before", "after", "teardown", "loop", "each"))
_TEXT: Final = frozenset(("name", "family", "what", "params", "through"))
_NUMBER: Final = frozenset(("ends", "control", "hidden", "bytes", "switches", "max_batch", "alone", "waits"))


@dataclass(frozen=True)
class Declaration:
    """A workload's declaration row (fields: guest/workloads/workload.h)."""

    name: str
    family: str
    what: str  # one operation, in a line
    per: Per
    ends: int  # parties whose placement matters
    control: bool  # runs in every process, also when not asked for
    hidden: bool  # only on request
    bytes: int  # moved by one operation; 0: none, or it depends on a parameter
    switches: int  # context switches one operation needs; 0 as for bytes
    max_batch: int  # 0: no limit
    alone: bool  # two in one address space would share memory that each needs for itself
    waits: bool  # a timer ends the operation: a cost in core cycles has no meaning
    through: str  # the mechanism that carries its messages; empty: none that another workload uses
    params: tuple[tuple[str, int], ...]  # names and defaults
    ranges: Mapping[str, tuple[int, int]]  # smallest and largest value of parameters whose setup refuses others
    path: Path


def workload_files(extra: Sequence[Path] = ()) -> list[Path]:
    """Every workload's source: our own, then `extra` files and folders, always in the same order.

    Raises:
        UsageError: an extra path does not exist.
    """
    folder = paths.guest() / "workloads"
    found = sorted(folder.glob("*/*.c"), key=Path.as_posix)
    for path in extra:
        if path.is_dir():
            found += sorted(path.rglob("*.c"), key=Path.as_posix)
        elif path.is_file():
            found.append(path)
        else:
            raise UsageError(f"{path}: no such workload file or folder")
    return found


def workloads(extra: Sequence[Path] = ()) -> dict[str, Declaration]:
    """All declarations by name, in the order of families and files.

    Raises:
        UsageError: a file without a readable row, a name that is not its file's, or the same name twice.
    """
    found: dict[str, Declaration] = {}
    for path in workload_files(extra):
        row = read(path)
        if row.name in found:
            raise UsageError(f"{path}: workload {row.name} is already defined by {found[row.name].path}")
        found[row.name] = row
    return found


def find(name: str, extra: Sequence[Path] = ()) -> Declaration:
    """The declaration of one workload.

    Raises:
        UsageError: there is none of that name; the message proposes the nearest.
    """
    known = workloads(extra)
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(f"no workload {name}" + (f"; did you mean {near[0]}?" if near else "; see ferrule list"))


def read(path: Path) -> Declaration:
    """The declaration row of one workload file.

    Raises:
        UsageError: names the file and the field.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from None
    return _declared(path, os.path.basename(os.path.abspath(path.parent)), text)  # noqa: PTH100, PTH119 - `..` counts


@lru_cache(maxsize=512)  # a run reads all of them a dozen times
def _declared(path: Path, folder: str, text: str) -> Declaration:
    rows = list(_ROW.finditer(_COMMENT.sub(lambda match: match[1] or " ", text)))
    if len(rows) != 1:
        raise UsageError(f"{path}: holds {len(rows)} declaration rows (WORKLOAD {{ ... }};), must be one")
    fields = _fields(path, rows[0]["fields"])
    for key in ("name", "family", "what", "per", "ends"):
        if key not in fields:
            raise UsageError(f"{path}: the row has no .{key}")
    for key, place in (("name", path.stem), ("family", folder)):
        if fields[key] != place:
            raise UsageError(f"{path}: .{key} is {fields[key]!r}, must be {place!r} like its file and folder")
    if not _NAME.fullmatch(fields["name"]):
        raise UsageError(f"{path}: a workload is named in a-z, 0-9 and _, shorter than 32, not {fields['name']!r}")
    numbers = {key: int(fields.get(key, "0")) for key in _NUMBER}
    if numbers["ends"] not in (1, 2):
        raise UsageError(f"{path}: .ends is 1 or 2, not {numbers['ends']}")
    return Declaration(
        name=fields["name"],
        family=fields["family"],
        what=fields["what"],
        per=_per(path, fields["per"]),
        ends=numbers["ends"],
        control=bool(numbers["control"]),
        hidden=bool(numbers["hidden"]),
        bytes=numbers["bytes"],
        switches=numbers["switches"],
        max_batch=numbers["max_batch"],
        alone=bool(numbers["alone"]),
        waits=bool(numbers["waits"]),
        through=fields.get("through", ""),
        params=tuple(_params(path, fields.get("params", "").split())),
        ranges=_ranges(text),
        path=path,
    )


def _ranges(text: str) -> dict[str, tuple[int, int]]:
    """Ranges that setups accept, read from their checks, such as PARAMETER(run, size, 1, 4096).

    The checks may be in headers of guest/workloads/, which are read as well.
    """
    found: dict[str, tuple[int, int]] = {}
    left, seen = [text], set[str]()
    while left:
        source = left.pop()
        ranges = _REFUSED.finditer(source)
        found = {one["key"] or one["name"]: (int(one["least"]), int(one["most"])) for one in ranges} | found
        for name in _OWN_HEADER.findall(source):
            if name not in seen and (file := paths.guest() / name).is_file():
                left.append(file.read_text(encoding="utf-8"))
            seen.add(name)
    return found


def _fields(path: Path, row: str) -> Mapping[str, str]:
    """`.key = literal, ...` as texts: strings joined and unquoted, numbers as written; functions are left out."""
    fields: dict[str, str] = {}
    rest = row.strip()
    while rest:
        match = _FIELD.match(rest)
        if match is None or not match[0]:
            raise UsageError(f"{path}: the row cannot be read at {rest.splitlines()[0]!r}: keep to .field = literal")
        rest = rest[match.end() :].lstrip()
        key, value = match["key"], match["value"]
        if key is None or key in _CODE:
            continue
        text = value.startswith('"')
        if key not in _TEXT | _NUMBER | {"per"} or text != (key in _TEXT) or (key in _NUMBER and not value.isdecimal()):
            raise UsageError(f"{path}: .{key} = {value}: no such field, or not a literal of its kind")
        if key in fields:
            raise UsageError(f"{path}: .{key} is given twice")
        fields[key] = "".join(part[1:-1] for part in re.findall(_STRING, value)) if text else value
    return fields


def _per(path: Path, value: str) -> Per:
    for per in get_args(Per):
        if value == f"PER_{per.upper()}":
            return per  # type: ignore[no-any-return]
    raise UsageError(f"{path}: .per is {value}, must be PER_CALL, PER_ROUND_TRIP, PER_ONE_WAY or PER_ITERATION")


def _params(path: Path, words: Iterable[str]) -> Iterable[tuple[str, int]]:
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not _NAME.fullmatch(key) or not re.fullmatch(r"-?\d+", value):
            raise UsageError(f"{path}: .params holds {word!r}, must be name=integer")
        yield key, int(value)
