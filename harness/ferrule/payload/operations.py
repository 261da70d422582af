"""Which operations of os.h a workload calls, and which ports have them: read from the sources, uncompiled.

A workload may call an operation for some of its parameters only, and a kernel may refuse a call that its port has:
a run with --verify-only shows what really works.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ferrule import paths
from ferrule.payload import port

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|/\*.*?\*/|//[^\n]*', re.DOTALL)
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
_DEFINED = re.compile(r"^\s*#\s*define\s+(OS_HAS_\w+)", re.MULTILINE)
_GUARD = re.compile(r"^#ifndef (OS_HAS_\w+)(.*?)^#endif", re.MULTILINE | re.DOTALL)
_MISSING = re.compile(r"\bOS_MISSING\((os_\w+)")
_FUNCTION = re.compile(r"^[^\s#}][^;{}=]*?\b(\w+)\([^;{}]*\)\s*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_ATTRIBUTE = re.compile(r"__attribute__\(\((?:[^()]|\([^()]*\))*\)\)\s*")
_MACRO = re.compile(r"^#define (\w+)\((?:[^()]*)\)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_MADE_OF = re.compile(r"^[A-Z_]+\(([\w, ]+)\)$", re.MULTILINE)  # a whole workload, by a macro of a header's
_EITHER_WAY = re.compile(r"\bCALL\(run, (\w+)")  # raw or through a function: guest/workloads/library.h


def operations() -> dict[str, str]:
    """Every operation of os.h that a port may lack, with the OS_HAS_... macro of the ports that have it."""
    home = paths.guest() / "os"
    pages = [
        text_of(home / name) for name in _INCLUDE.findall(text_of(home / "os.h")) if name.startswith("operations/")
    ]
    return {name: found[1] for text in pages for found in _GUARD.finditer(text) for name in _MISSING.findall(found[2])}


def calls(workload: Path) -> tuple[str, ...]:
    """The operations that a workload's file calls, itself or through a header's functions, in the order of os.h."""
    text = text_of(workload)
    helpers = {name: body for header in texts_of(workload) for name, body in pieces(header)}
    words, seen = set(_WORD.findall(text)) - {"CALL"}, set[str]()  # CALL names its operation: _EITHER_WAY
    named = [*_EITHER_WAY.findall(text), *(name for made in _MADE_OF.findall(text) for name in made.split(", "))]
    words.update(f"os_{name}" for name in named)
    while fresh := (words & helpers.keys()) - seen:
        seen |= fresh
        for name in fresh:
            words.update(_WORD.findall(helpers[name]))
    return tuple(name for name in operations() if name in words)


def ports() -> dict[str, frozenset[str]]:
    """By port, the operations that it lacks."""
    known = operations()
    found = {}
    for name, folder in sorted(port.ports().items()):
        header = folder / "port.h"
        has = {name for file in (header, *_included(header)) for name in _DEFINED.findall(text_of(file))}
        found[name] = frozenset(call for call, guard in known.items() if guard not in has)
    return found


def comment(workload: Path) -> str:
    """The comment at the head of a workload's file, as paragraphs of one line each; empty where there is none."""
    found = re.match(r"\s*/\*(.*?)\*/", workload.read_text(encoding="utf-8"), re.DOTALL)
    lines = [re.sub(r"^\s*\*?\s?", "", line).rstrip() for line in found[1].splitlines()] if found else []
    return "\n".join(" ".join(part.split()) for part in "\n".join(lines).split("\n\n") if part.strip())


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """(name, body) of the functions and macros with arguments that a header defines."""
    plain = _ATTRIBUTE.sub("", text)
    for pattern in (_FUNCTION, _MACRO):
        yield from ((found[1], found[2]) for found in pattern.finditer(plain))


def texts_of(file: Path) -> list[str]:
    """The sources of the headers of ours that a file includes, and of those that they include; os.h is left out."""
    return [text_of(header) for header in _included(file)]


def _included(file: Path) -> list[Path]:
    """Headers of ours that a file includes, and those that they include; os.h and its own headers are left out."""
    guest = paths.guest()
    found: dict[Path, None] = {}
    waiting = [file]
    while waiting:
        current = waiting.pop()
        for name in _INCLUDE.findall(text_of(current)):
            places = (folder / name for folder in (current.parent, guest, guest / "os"))
            header = next((path.resolve() for path in places if path.is_file()), None)
            if header is not None and header.name != "os.h" and header not in found:
                found[header] = None
                waiting.append(header)
    return list(found)


@cache
def text_of(file: Path) -> str:
    """A source without its comments."""
    return _COMMENT.sub(lambda match: match[1] or " ", file.read_text(encoding="utf-8"))
