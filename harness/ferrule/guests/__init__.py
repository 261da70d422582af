"""Guests by name. The folder is the registry: a module here with `create(name, options)` is a guest of that name.

A name is the module's, alone (`linux`) or as the scheme of an address (`ssh://user@host:port`). A module that also has
`unavailable(options)` is a guest that may be at hand without being told where.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from ferrule.errors import UsageError
from ferrule.machine.guest import Ending, Execution, Guest
from ferrule.machine.options import GuestOptions

__all__ = [
    "Ending",
    "Execution",
    "Guest",
    "GuestOptions",
    "available",
    "create",
    "embedded",
    "unavailable",
]

_FOUNDATIONS = {"base", "options", "linux_ssh"}  # what guests are made of; not guests


def available() -> dict[str, str]:
    """Name of every guest and what it is: the first line of its module. For `ferrule list`."""
    return {name: (_module(name).__doc__ or "").partition("\n")[0] for name in sorted(_names())}


def embedded() -> list[str]:
    """Guests that need no address: what a run without --guest tries, in the order of tables: the host comes first."""
    found = [name for name in sorted(_names()) if hasattr(_module(name), "unavailable")]
    return sorted(found, key=lambda name: name != "local")


def unavailable(name: str, options: GuestOptions | None = None) -> str | None:
    """Why an embedded guest cannot be had here, with what to do about it; None when it can or only trying tells."""
    told = getattr(_module(name.partition("://")[0]), "unavailable", None)
    reason: str | None = told(options or GuestOptions()) if told else None
    return reason


def create(name: str, options: GuestOptions | None = None) -> Guest:
    """The guest called `name`, ready to execute payloads. Nothing is booted yet.

    Raises:
        UsageError: no such guest, or an option that it cannot honour.
        InfrastructureError: what the guest needs is not here (ToolMissing says how to get it).
    """
    kind = name.partition("://")[0]
    if kind not in _names():
        raise UsageError(f"--guest {name}: unknown guest; there are {', '.join(sorted(_names()))}")
    guest: Guest = _module(kind).create(name, options or GuestOptions())
    return guest


def _names() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)} - _FOUNDATIONS


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
