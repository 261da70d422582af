"""The inputs of a port of the payload: the sources in its folder, and the settings of its `build.toml`, if it has one.

Ports are the folders of guest/os/, and of further folders outside the tree: in the build tree all are in guest/os/.
The build.toml may contain

    arches = ["x86_64"]             the architectures that the port is written for; without it, all
    pie = true                      the image is relocated at load (static PIE)
    flags = ["-mgeneral-regs-only"] further options of the compiler, for all of the program
    link = ["-Wl,..."]              further options of the link
    [objects.NAME]                  a part compiled with options of its own, linked as NAME.o
    sources = ["boot/*.S"]          patterns relative to guest/
    flags = ["-mno-red-zone"]
    [library]                       the kernel is an archive of the user's that the program is linked against
    name = "libhermit.a"            its name in messages
    optional = ["sys_mmap"]         functions that it may lack: HAVE_SYS_MMAP is defined where it has this one
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ferrule import paths, tomlfile
from ferrule.errors import UsageError

START: Final = "start.c"  # what every port has
_further: Final[list[Path]] = []  # folders of ports outside the tree
_KEYS: Final = {"arches", "flags", "library", "link", "objects", "pie"}
_OBJECT_KEYS: Final = {"sources", "flags"}
_LIBRARY_KEYS: Final = {"name", "optional"}


@dataclass(frozen=True)
class Part:
    """A part of a program that is compiled on its own."""

    sources: tuple[Path, ...]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Library:
    """An archive of the user's that the program is linked against."""

    name: str
    optional: tuple[str, ...] = ()  # functions that it may lack


@dataclass(frozen=True)
class Port:
    """One folder of guest/os/."""

    sources: tuple[Path, ...]  # of the port itself; the Linux guest's init.c is a program of its own
    extras: tuple[Path, ...] = ()  # build.toml, what it names, and link scripts
    arches: tuple[str, ...] = ()  # empty: all
    flags: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    objects: Mapping[str, Part] = field(default_factory=dict)
    library: Library | None = None
    pie: bool = False


def add(folder: Path) -> list[str]:
    """Add the ports of a folder outside the tree; returns their names.

    Raises:
        UsageError: there is no such folder, or a port in it has the name of an existing one.
    """
    if not folder.is_dir():
        raise UsageError(f"--extra-guest {folder}: no such folder")
    folder = folder.resolve()
    found = [path.parent.name for path in sorted(folder.glob(f"*/{START}"))]
    if folder not in _further:
        for name in found:
            if name in (known := ports()):
                raise UsageError(f"{folder / name}: there is a port {name} already, {known[name]}: rename the folder")
        _further.append(folder)
    return found


def ports() -> dict[str, Path]:
    """Folder of every port by its name."""
    return {path.parent.name: path.parent for home in _homes() for path in sorted(home.glob(f"*/{START}"))}


def headers() -> list[Path]:
    """Every header that a source of the payload may include."""
    return [path for folder in (paths.guest(), *_further) for path in folder.rglob("*.h")]


def place(path: Path) -> str:
    """The path of a file of guest/ or of a port in the build tree."""
    guest = paths.guest()
    if path.is_relative_to(guest):
        return f"guest/{path.relative_to(guest).as_posix()}"
    home = next(home for home in _further if path.is_relative_to(home))
    return f"guest/os/{path.relative_to(home).as_posix()}"


def _homes() -> tuple[Path, ...]:
    return (paths.guest() / "os", *_further)


def read(os: str) -> Port:
    """The port called `os`.

    Raises:
        UsageError: there is none of that name, or its build.toml does not follow the format above.
    """
    known = ports()
    if os not in known:
        raise UsageError(f"os {os}: there is no port of that name in guest/os/; there are: {', '.join(sorted(known))}")
    folder = known[os]
    sources = tuple(path for path in sorted(folder.glob("*.c")) if path.name != "init.c")
    file = folder / "build.toml"
    if not file.is_file():
        return Port(sources)
    settings = tomlfile.read(file)
    _known(file, settings, _KEYS)
    tables = settings.get("objects", {})
    if not isinstance(tables, dict):
        raise UsageError(f"{file}: objects: must be tables, [objects.NAME]")
    objects = {name: _part(file, name, table) for name, table in sorted(tables.items())}
    extras = (file, *sorted(folder.glob("*.ld")), *(path for part in objects.values() for path in part.sources))
    pie = settings.get("pie", False)
    if not isinstance(pie, bool):
        raise UsageError(f"{file}: pie: must be true or false")
    return Port(
        sources,
        extras,
        _words(file, settings, "arches"),
        _words(file, settings, "flags"),
        _words(file, settings, "link"),
        objects,
        _library(file, settings["library"]) if "library" in settings else None,
        pie,
    )


def _library(file: Path, table: Any) -> Library:
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise UsageError(f"{file}: library: must be a table with a name")
    _known(file, table, _LIBRARY_KEYS)
    return Library(table["name"], _words(file, table, "optional"))


def _part(file: Path, name: str, table: Any) -> Part:
    if not isinstance(table, dict):
        raise UsageError(f"{file}: objects.{name}: must be a table")
    _known(file, table, _OBJECT_KEYS)
    found: list[Path] = []
    for pattern in _words(file, table, "sources"):
        matches = sorted(paths.guest().glob(pattern))
        if not matches and (inside := pattern.removeprefix("os/")) != pattern:
            matches = sorted(path for folder in _further for path in folder.glob(inside))
        if not matches:
            raise UsageError(f"{file}: objects.{name}: nothing in guest/ matches {pattern}")
        found += matches
    if not found:
        raise UsageError(f"{file}: objects.{name}: has no sources")
    return Part(tuple(found), _words(file, table, "flags"))


def _known(file: Path, table: Mapping[str, Any], keys: set[str]) -> None:
    for key in table:
        if key not in keys:
            raise UsageError(f"{file}: unknown key {key}; there are {', '.join(sorted(keys))}")


def _words(file: Path, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    words = table.get(key, [])
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UsageError(f"{file}: {key}: must be a list of strings")
    return tuple(words)
