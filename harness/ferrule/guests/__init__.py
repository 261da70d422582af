"""Guests by name. The folder is the registry: a module here with `create(name, options)` is a guest of that name.

A guest's name is that of the module, alone (`linux`) or as the scheme of an address (`ssh://user@host:port`). A module
that also has `unavailable(options)` is a guest that needs no address; a run without --guest tries it. A module with
`lacking(options)` instead, which returns the same, is measured only when it is named. Guests from outside the tree are
those of the folders given to add(), and of installed packages (outside.py). Modules are only parsed to list them; one
is imported, and so run, when its guest is asked for.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

from ferrule.errors import FerruleError, InfrastructureError, UsageError
from ferrule.guests import outside
from ferrule.guests.outside import Source
from ferrule.images import guestfile
from ferrule.machine.guest import Ending, Execution, Guest
from ferrule.machine.options import GuestOptions, kind
from ferrule.payload import port

__all__ = [
    "Ending",
    "Execution",
    "Guest",
    "GuestOptions",
    "add",
    "available",
    "check_tables",
    "create",
    "embedded",
    "kind",
    "unavailable",
]


def add(folder: Path) -> None:
    """Add the guests (`NAME.py`) and the ports (`OS/start.c`) of a folder outside the tree, for --extra-guest.

    Raises:
        UsageError: there is no such folder, it has no guest and no port, or a guest's name is in use.
    """
    if (home := str(folder.resolve())) in __path__:
        return
    found, known = outside.in_folder(folder.resolve()), _sources()
    for source in found:
        if source.name in known:
            raise UsageError(f"{source.path}: there is a guest {source.name} already, {known[source.name].path}")
    if not port.add(folder) and not found:
        raise UsageError(
            f"--extra-guest {folder}: holds no guest (a NAME.py with create()) and no port (a folder with {port.START})"
        )
    __path__.append(home)


def available() -> dict[str, str]:
    """Name of every guest -> its description, the first line of its module. For `ferrule list`."""
    return {name: source.what for name, source in sorted(_sources().items())}


def embedded() -> list[str]:
    """Guests that need no address: those that a run without --guest tries. In the order of tables: the host first."""
    found = [name for name, source in sorted(_sources().items()) if source.embedded]
    return sorted(found, key=lambda name: name != "local")


def unavailable(name: str, options: GuestOptions | None = None) -> str | None:
    """Why a guest without an address is not available here, and what to do; None when it is or only a boot would show.

    Raises:
        UsageError: no such guest, or guests.toml is wrong.
    """
    module = _module(kind(name))
    check = getattr(module, "unavailable", None) or getattr(module, "lacking", None)
    check_tables(options or GuestOptions())
    reason: str | None = check(options or GuestOptions()) if check else None
    return reason


def check_tables(options: GuestOptions) -> None:
    """Refuse tables and keys of guests.toml that no guest reads.

    A guest with files has NEEDS, SETTINGS and a table of its name.

    Raises:
        UsageError: names the table or key and the known ones.
    """
    file, tables = guestfile.tables(options)
    for name, table in tables.items():
        source = _sources().get(kind(name))
        if source is None:
            raise UsageError(f"{file}: guest.{name}: there is no such guest; there are {', '.join(sorted(_sources()))}")
        module = _module(kind(name))
        needs, home = getattr(module, "NEEDS", None), getattr(module, "TABLE", name)
        if home != name:
            raise UsageError(f"{file}: guest.{name}: is never read; write its keys into [guest.{home}]")
        if needs is not None and getattr(module, "LABELLED", False) is (kind(name) != name):
            guestfile.check_keys(file, name, table, needs, getattr(module, "SETTINGS", ()))
        elif source.path.parent == Path(__file__).parent:
            raise UsageError(f"{file}: guest.{name}: is never read; the {name} guest takes no files of yours")


def create(name: str, options: GuestOptions | None = None) -> Guest:
    """The guest called `name`, ready to execute payloads. Nothing is booted yet.

    Raises:
        UsageError: no such guest, or an option that it cannot honour.
        InfrastructureError: something that the guest needs is missing (ToolMissing says how to get it), or its module
            fails.
    """
    guest: Guest = _module(kind(name)).create(name, options or GuestOptions())
    return guest


def _sources() -> dict[str, Source]:
    """Every guest's module by the guest's name: of our folder, of further folders, of installed packages."""
    found = {source.name: source for home in __path__ for source in outside.in_folder(Path(home))}
    return {**outside.installed(), **found}


def _module(name: str) -> ModuleType:
    source = _sources().get(name)
    if source is None:
        raise UsageError(f"--guest {name}: unknown guest; there are {', '.join(sorted(_sources()))}")
    try:
        module = importlib.import_module(source.module or f"{__name__}.{name}")
        if source.module:
            port.add(source.path.parent)  # a package's ports are in the same folder as its guests
    except FerruleError:
        raise
    except (Exception, SystemExit) as error:
        if source.path.parent == Path(__file__).parent:
            raise
        raise InfrastructureError(f"guest {name}: {source.path}: {type(error).__name__}: {error}") from error
    return module
