"""Guests by name. The folder is the registry: a module here with `create(name, options)` is a guest of that name.

A name is the module's, alone (`linux`) or as the scheme of an address (`ssh://user@host:port`).
"""

from __future__ import annotations

import importlib
import pkgutil

from ferrule.errors import UsageError
from ferrule.guests.base import Ending, Execution, Guest
from ferrule.guests.options import GuestOptions

__all__ = ["Ending", "Execution", "Guest", "GuestOptions", "available", "create", "create_all"]

_FOUNDATIONS = {"base", "options"}  # what guests share; not guests


def available() -> dict[str, str]:
    """Name of every guest and what it is: the first line of its module. For `ferrule list`."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _FOUNDATIONS)
    about = {name: importlib.import_module(f"{__name__}.{name}").__doc__ or "" for name in names}
    return {name: text.partition("\n")[0] for name, text in about.items()}


def create(name: str, options: GuestOptions | None = None) -> Guest:
    """The guest called `name`, ready to execute payloads. Nothing is booted yet.

    Raises:
        UsageError: no such guest, or an option that it cannot honour.
        InfrastructureError: what the guest needs is not here (ToolMissing says how to get it).
    """
    kind = name.partition("://")[0]
    known = {module.name for module in pkgutil.iter_modules(__path__)} - _FOUNDATIONS
    if kind not in known:
        raise UsageError(f"--guest {name}: unknown guest; there are {', '.join(sorted(known))}")
    guest: Guest = importlib.import_module(f"{__name__}.{kind}").create(name, options or GuestOptions())
    return guest


def create_all(names: str, options: GuestOptions | None = None) -> list[Guest]:
    """The guests of a comma-separated list such as `local,linux`, in that order, each name once.

    Raises:
        UsageError: as for create(), or the list is empty.
        InfrastructureError: as for create(). Guests already made are closed.
    """
    wanted = list(dict.fromkeys(part.strip() for part in names.split(",") if part.strip()))
    if not wanted:
        raise UsageError(f"--guest {names!r}: no guest named; there are {', '.join(available())}")
    guests: list[Guest] = []
    try:
        for name in wanted:
            guests.append(create(name, options))
    except BaseException:
        for guest in guests:
            guest.close()
        raise
    return guests
