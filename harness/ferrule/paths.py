"""Where things are: the sources that are compiled, the suites, the folder the user works in, and the user's cache.

A package brings the payload's sources with it (`_guest/`); in a checkout they are its `guest/`. What a user makes or
keeps (results, baselines, guests.toml) belongs to the current folder; anywhere inside a checkout, to the checkout's
root.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from ferrule.errors import InfrastructureError, UsageError

NAME_ANOTHER: Final = "set FERRULE_CACHE to a folder that can be written and run from"

PACKAGE: Final = Path(__file__).resolve().parent
_PACKED: Final = PACKAGE / "_guest"  # in a wheel: pyproject.toml puts guest/ there
_CORE: Final = "core"  # a folder `guest` that contains this holds the payload's sources

_other: ContextVar[Path | None] = ContextVar("other", default=None)


@contextmanager
def rooted(folder: Path) -> Iterator[None]:
    """In the `with` block, take the payload's sources from a checkout: to build its payload with this harness."""
    token = _other.set(folder)
    try:
        yield
    finally:
        _other.reset(token)


def guest() -> Path:
    """The payload's sources, which come with this package. `FERRULE_ROOT` names a checkout to use instead.

    Raises:
        UsageError: the checkout that was named has no sources.
    """
    named = _other.get() or os.environ.get("FERRULE_ROOT")
    if not named and _PACKED.is_dir():
        return _PACKED
    root = Path(named) if named else PACKAGE.parents[1]
    if not (root / "guest" / _CORE).is_dir():
        raise UsageError(f"{root}: no guest/ sources here; name a Ferrule checkout (--base, --candidate, FERRULE_ROOT)")
    return root / "guest"


def checkout() -> Path | None:
    """The checkout that this package runs from; None where it was installed from a wheel."""
    return None if _PACKED.is_dir() else PACKAGE.parents[1]


def suites() -> Path:
    """The folder of the suites' files, and of pytest's settings for them."""
    return PACKAGE / "suites"


def workplace() -> Path:
    """The folder of results, baselines and guests.toml: the current one, or the root of the checkout around it."""
    here = current()
    return next((folder for folder in (here, *here.parents) if _is_checkout(folder)), here)


def current() -> Path:
    """The current folder.

    Raises:
        InfrastructureError: it was removed.
    """
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise InfrastructureError("the current folder was removed; change to another one") from None


def _is_checkout(folder: Path) -> bool:
    return (folder / "guest" / _CORE).is_dir() and (folder / "harness" / PACKAGE.name).is_dir()


def results(asked: str | Path | None = None) -> Path:
    """The folder of the history: the one asked for, else results/ of the workplace."""
    return Path(asked) if asked else workplace() / "results"


def cache(*parts: str) -> Path:
    """A folder in the user's cache (`FERRULE_CACHE`, else XDG_CACHE_HOME, else ~/.cache), made on first use.

    Raises:
        InfrastructureError: there is no home, or the folder cannot be made or written.
    """
    base = os.environ.get("FERRULE_CACHE")
    folder = (Path(base) if base else _user_cache() / "ferrule").joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InfrastructureError(f"cache {folder}: {error.strerror}; {NAME_ANOTHER}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InfrastructureError(f"cache {folder}: cannot be written; {NAME_ANOTHER}")
    return folder


def _user_cache() -> Path:
    if (named := Path(os.environ.get("XDG_CACHE_HOME", ""))).is_absolute():  # its specification: ignore relative paths
        return named
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # HOME is unset, and the user is not in the password database
        raise InfrastructureError(f"cache: there is no home folder; {NAME_ANOTHER}") from None
