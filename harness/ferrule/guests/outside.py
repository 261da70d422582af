"""Lists the guests in a folder or an installed package by parsing the sources, without running them.

A package names its guests by entry points of the group `ferrule.guests`, each a module:

    [project.entry-points."ferrule.guests"]
    dummy = "ferrule_dummy.guest"

Ports of the payload are in the folder of that module, as in a folder of --extra-guest.
"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

GROUP: Final = "ferrule.guests"
_CREATE: Final = re.compile(r"^def create\b", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """The module of a guest."""

    name: str
    path: Path
    what: str  # the first line of its docstring
    embedded: bool  # needs no address: the module has unavailable()
    module: str = ""  # the name to import it by; empty: its own in ferrule.guests


@cache
def in_folder(folder: Path) -> tuple[Source, ...]:
    """The guests of a folder: its modules with create(); other modules are ignored."""
    found = (_read(path, path.stem) for path in sorted(folder.glob("*.py")) if path.stem.isidentifier())
    return tuple(source for source in found if source is not None)


@cache
def installed() -> dict[str, Source]:
    """The guests of installed packages by name."""
    found = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            spec = importlib.util.find_spec(entry.module)
        except (Exception, SystemExit):  # of its package, imported here: reported when the guest is asked for
            spec = None
        path = Path((spec.origin if spec else None) or entry.module)
        broken = Source(entry.name, path, "its package cannot be imported", False, entry.module)
        found[entry.name] = _read(path, entry.name, entry.module) or broken
    return found


def _read(path: Path, name: str, module: str = "") -> Source | None:
    """A guest from the text of a module; None where the module is not a guest's."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    try:
        tree = ast.parse(text)
    except (ValueError, SyntaxError) as error:  # reported in full when the guest is asked for
        return Source(name, path, f"cannot be read: {error}", False, module) if _CREATE.search(text) else None
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            defined |= {alias.asname or alias.name for alias in node.names}
    if "create" not in defined or path.stem == "__init__":
        return None
    what = (ast.get_docstring(tree) or "").partition("\n")[0]
    return Source(name, path, what, "unavailable" in defined, module)
