"""The calls of one operation of a workload, in source order, and the kernel's call for each; read from the sources.

All ends are listed: the timed one, and those that answer. A conditional call is listed like any other. A port's calls
through a table of functions (`->`) cannot be read from the sources; they are marked as UNSEEN.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ferrule.payload import port
from ferrule.payload.operations import operations, pieces, ports, text_of, texts_of

_TIMED = ("loop", "op")  # the first of these that a workload defines is timed
_ENTRY = re.compile(r"^static void (\w+)\(void \*\w+\) \{", re.MULTILINE)  # entry point of another end
_TURNS = re.compile(r"\b(?:while|for|do)\b")  # an end's code before its loop is no part of an operation
_PREPARED = frozenset({"peer_enter", "ring_enter"})  # functions called by that code
_WHOLE = re.compile(r"^([A-Z_]+)\(([\w, ]+)\)$", re.MULTILINE)  # a workload by a macro of a header's
_MACRO = re.compile(r"^#define (\w+)\(([\w, ]*)\)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
_STEP = re.compile(r"\bCALL\(run, (\w+)|\b(\w+)\s*\(")
_KERNEL = re.compile(
    r"\bCALL_([A-Z][A-Z0-9_]*)\b|\b(sys_\w+)\s*\(|\b(vdso_clock)\s*\(|\b\w*call0?\((?:\w+_INVALID_CALL|CALLS)\b"
    r"|->(\w+)\s*\(|\b(\w+)\s*\("
)
_NO_CALL = frozenset({"TRAP", "NUMBER", "ARGUMENT", "BEGIN_THREAD"})  # macros of the call mechanism, no calls
UNKNOWN = "a number that it does not know"
_NAMED = {"invalid": UNKNOWN, "none": UNKNOWN, "vdso_clock": "clock_gettime in the vDSO"}
UNSEEN = "\u2026"  # calls through a table of functions
NESTED = 4  # macros within macros


@dataclass(frozen=True)
class Step:
    """One operation of os.h."""

    name: str
    kernels: Mapping[str, str | None]  # the kernel's calls, by port; None: the port lacks the operation


@dataclass(frozen=True)
class Calls:
    """The calls of one operation."""

    timed: Sequence[Step]
    others: Sequence[Step]  # of the ends that answer


def calls(workload: Path) -> Calls:
    """The operations of os.h that the timed loop and the other ends' loops run through, each once."""
    text, headers = _unfolded(workload), texts_of(workload)
    known = {name: body for header in headers for name, body in pieces(header)} | dict(pieces(text))
    if not any(name in dict(pieces(text)) for name in _TIMED):  # a header defines it
        text = "\n".join([text, *headers])
    timed = next((name for name in _TIMED if name in known), None)
    first = list(_walk(known[timed], known, {timed})) if timed else []
    rest = [name for entry in _ENTRY.findall(text) for name in _answering(entry, known)]
    return Calls(_steps(first), _steps(rest))


def _steps(names: Sequence[str]) -> list[Step]:
    return [Step(name, {os: found.get(name) for os, found in answers().items()}) for name in dict.fromkeys(names)]


def _answering(entry: str, known: Mapping[str, str]) -> list[str]:
    """Operations in the loop of an end that answers; all its operations where it has no loop."""
    body = known[entry]
    looped = list(_looped(body, known, {entry}))
    return looped if looped or _TURNS.search(body) else list(_walk(body, known, {entry}))


def _looped(body: str, known: Mapping[str, str], seen: set[str]) -> Iterator[str]:
    if (found := _TURNS.search(body)) is not None:
        yield from _walk(body[found.start() :], known, seen)
        return
    for _, name in _STEP.findall(body):
        if name in known and name not in seen and name not in _PREPARED:
            yield from _looped(known[name], known, seen | {name})


def _walk(body: str, known: Mapping[str, str], seen: set[str]) -> Iterator[str]:
    """Operations in the order of the text; those of our own functions come where the function is called."""
    for called, named in _STEP.findall(body):
        name = f"os_{called}" if called else named
        if name in operations():
            yield name
        elif name in known and name not in seen:
            yield from _walk(known[name], known, seen | {name})


def _unfolded(workload: Path) -> str:
    """A workload's text, with macros of headers that define the whole workload expanded."""
    text = text_of(workload)
    macros = {
        found[1]: (found[2].split(", "), found[3]) for header in texts_of(workload) for found in _MACRO.finditer(header)
    }
    for _ in range(NESTED):
        text = _WHOLE.sub(lambda found: _applied(found, macros), text)
    return text


def _applied(found: re.Match[str], macros: Mapping[str, tuple[list[str], str]]) -> str:
    names, body = macros.get(found[1], ([], found[0]))
    for one, value in zip(names, found[2].split(", "), strict=False):
        body = re.sub(rf"\b{one}\b", value, body)
    return "\n".join(line.removesuffix("\\").rstrip().removeprefix("    ") for line in body.splitlines())


@cache
def answers() -> Mapping[str, Mapping[str, str]]:
    """By port, the kernel calls of each operation of os.h; operations that the port lacks are left out."""
    lacks = ports()
    return {name: _answers(folder, lacks[name]) for name, folder in sorted(port.ports().items())}


def _answers(folder: Path, lacks: frozenset[str]) -> Mapping[str, str]:
    known = {name: body for file in sorted(folder.glob("*.[ch]")) for name, body in pieces(text_of(file))}
    has = [name for name in operations() if name not in lacks and name in known]
    return {name: ", ".join(dict.fromkeys(_asked(known[name], known, {name}))) or "no call" for name in has}


def _asked(body: str, known: Mapping[str, str], seen: set[str]) -> Iterator[str]:
    for found in _KERNEL.finditer(body):
        number, function, vdso, table, named = found.groups()
        if number:
            if number not in _NO_CALL:
                yield _NAMED.get(number.lower(), number.lower())
        elif function or vdso:
            yield _NAMED.get(function or vdso, function or vdso)
        elif table:
            yield UNSEEN
        elif named is None:
            yield UNKNOWN
        elif named in known and named not in seen:
            yield from _asked(known[named], known, seen | {named})
