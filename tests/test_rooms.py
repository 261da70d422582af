"""The rooms of the harness: a room imports only rooms above it in rooms.toml, and no two modules import each other."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "harness" / "ferrule"
ORDER: list[str] = tomllib.loads((PACKAGE / "rooms.toml").read_text())["order"]
PLACE = {name: number for number, names in enumerate(ORDER) for name in names.split(", ")}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def name_of(path: Path) -> str:
    """`ferrule.payload.plan`; `ferrule.payload` for its `__init__.py`."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def room_of(module: str) -> str:
    """`payload` of `ferrule.payload.plan`."""
    return module.split(".")[1]


def imported(path: Path) -> Iterator[str]:
    """Our modules that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "ferrule":
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                if full in NAMES or node.module in NAMES:
                    yield full if full in NAMES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in NAMES)


def test_every_module_has_a_room_and_every_room_a_line() -> None:
    found = {room_of(name) for name in NAMES}
    assert found == set(PLACE)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_up_the_page(path: Path) -> None:
    here = room_of(name_of(path))
    wrong = [name for name in imported(path) if PLACE[room_of(name)] > PLACE[here]]
    assert not wrong, f"{here} may import from the rooms above it in rooms.toml only"


def test_no_two_modules_import_each_other() -> None:
    TopologicalSorter({name_of(path): set(imported(path)) - {name_of(path)} for path in MODULES}).prepare()


@pytest.mark.parametrize("room", sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()))
def test_a_room_says_in_a_line_what_enters_and_what_leaves(room: str) -> None:
    docstring = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text())) or ""
    assert len(docstring.partition("\n")[0].split()) >= 8, f"{room}: {docstring!r}"


def test_tests_mirror_the_rooms() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    tested = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    folders = {name for name in tested if not name.endswith(".py")}
    assert folders == rooms
