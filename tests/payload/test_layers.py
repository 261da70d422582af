"""The payload's folders: which headers a C file may include, and no cycles among includes and calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

from tests.support.places import ROOT

GUEST = ROOT / "guest"
# What each room's files may include besides their own room, and the compiler's headers.
MAY_INCLUDE = {
    "core": (),
    "boot": ("core/",),
    "os": ("core/", "boot/"),
    "workloads": ("core/", "os/os.h"),
    "payload": ("core/", "os/os.h", "workloads/workload.h"),
}
# Interfaces: a file that defines or uses their functions includes them.
INTERFACES = re.compile(r"os/os\.h|os/operations/\w+\.h|workloads/workload\.h")

_TOLD = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_ATTRIBUTE = re.compile(r"__attribute__\(\(.*?\)\)+\s*")
_DECLARATION = re.compile(r"^(?:extern [^;{]*|[A-Za-z_][\w *]*\([^;{}]*\))\s*;", re.MULTILINE)
_FUNCTION = re.compile(r"^(?!static\b|typedef\b|#)[A-Za-z_][\w \*]*?\b(\w+)\([^;{}]*\) \{", re.MULTILINE)


def sources(guest: Path) -> dict[str, str]:
    """Text of every C file by its path in guest/."""
    files = sorted(path for ending in ("c", "h") for path in guest.rglob(f"*.{ending}"))
    return {path.relative_to(guest).as_posix(): path.read_text() for path in files}


def included(file: str, files: Mapping[str, str]) -> Iterator[str]:
    """Paths that a file includes. `port.h` of os.h is every port's."""
    parts = PurePosixPath(file).parts
    folders = [PurePosixPath(*parts[:-1]), PurePosixPath(), PurePosixPath(*parts[:2])]
    for name in _INCLUDE.findall(files[file]):
        if file == "os/os.h" and name == "port.h":
            yield from (path for path in files if re.fullmatch(r"os/\w+/port\.h", path))
            continue
        found = [path for folder in folders if (path := (folder / name).as_posix()) in files]
        assert found, f"{file} includes {name}, which is nowhere"
        yield found[0]


def unit(file: str) -> str:
    """A source and the header of its name are one."""
    return file.rpartition(".")[0]


def scope(file: str) -> str:
    """The scope of a file's names: a port has its own, `os/redox`; all other files share the payload's."""
    parts = file.split("/")
    port = parts[0] == "os" and len(parts) > 2 and parts[1] != "operations"
    return "/".join(parts[:2]) if port else ""


def bare(text: str) -> str:
    """The text without comments, strings, attributes and declarations."""
    return _DECLARATION.sub("", _ATTRIBUTE.sub("", _TOLD.sub("", text)))


def arrows(guest: Path) -> dict[str, set[str]]:
    """Unit -> units of which it includes a header or calls a function; variables are not followed."""
    files = sources(guest)
    spoken_for = {word for name in files if INTERFACES.fullmatch(name) for word in re.findall(r"\w+", files[name])}
    texts = {file: bare(text) for file, text in files.items()}
    defined: dict[str, list[str]] = {}
    for file in files:
        if file.endswith(".c"):
            for name in set(_FUNCTION.findall(texts[file])) - spoken_for:
                defined.setdefault(name, []).append(file)
    graph: dict[str, set[str]] = {}
    for file, text in texts.items():
        needs = {unit(other) for other in included(file, files)}
        for name in set(re.findall(r"(?<!->)(?<!\.)\b(\w+)\(", text)):
            by = defined.get(name, [])
            if len(by) == 1 and scope(by[0]) in ("", scope(file)):
                needs.add(unit(by[0]))
        graph.setdefault(unit(file), set()).update(needs - {unit(file)})
    return graph


def circle(guest: Path) -> list[str] | None:
    """The units of one cycle, if there is any."""
    try:
        TopologicalSorter(arrows(guest)).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return None


@pytest.mark.parametrize("file", sorted(sources(GUEST)))
def test_a_room_includes_those_below_it_only(file: str) -> None:
    room = file.split("/", maxsplit=1)[0]
    allowed = (f"{room}/", *MAY_INCLUDE[room])
    for other in included(file, sources(GUEST)):
        assert other.startswith(allowed), f"{file} includes {other}"
        assert scope(other) in ("", scope(file)) or file == "os/os.h", f"{file} includes another port's {other}"


def test_nothing_runs_in_a_circle() -> None:
    assert circle(GUEST) is None


@pytest.mark.parametrize(
    ("files", "around"),
    [
        ({"core/a.h": '#include "core/b.h"', "core/b.h": '#include "core/a.h"'}, {"core/a", "core/b"}),
        (
            {"core/a.c": "void here(void) {\n    there();\n}\n", "core/b.c": "long there(long x) {\n    here();\n}\n"},
            {"core/a", "core/b"},
        ),
        (
            {
                "os/x/port.h": "static inline long f(void) {\n    return made();\n}\n",
                "os/x/a.c": '#include "port.h"\nlong made(void) {\n}\n',
            },
            {"os/x/port", "os/x/a"},
        ),
    ],
    ids=["includes", "calls", "a header and who defines for it"],
)
def test_a_circle_is_seen(files: dict[str, str], around: set[str], tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert set(circle(tmp_path) or ()) == around
