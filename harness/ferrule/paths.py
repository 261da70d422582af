"""Where things are: the checkout that this package runs from, and the cache for what is built and downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from ferrule.errors import InfrastructureError, UsageError

NAME_ANOTHER: Final = "set FERRULE_CACHE to a folder that can be written and run from"

_other: ContextVar[Path | None] = ContextVar("other", default=None)


@contextmanager
def rooted(folder: Path) -> Iterator[None]:
    """Let root() be another checkout for a while: to build its payload with this harness."""
    token = _other.set(folder)
    try:
        yield
    finally:
        _other.reset(token)


def root() -> Path:
    """The checkout: holds guest/, suites/ and results/. `FERRULE_ROOT` overrides where it is looked for.

    Raises:
        UsageError: no guest/ folder there; Ferrule runs from a checkout, the payload's sources are part of it.
    """
    found = _other.get() or Path(os.environ.get("FERRULE_ROOT") or Path(__file__).resolve().parents[2])
    if not (found / "guest" / "core").is_dir():
        raise UsageError(f"{found}: no guest/ sources here; run from a Ferrule checkout or set FERRULE_ROOT to one")
    return found


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
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named)
    try:
        return Path.home() / ".cache"
    except RuntimeError:  # HOME is unset, and the user is in no list
        raise InfrastructureError(f"cache: there is no home folder; {NAME_ANOTHER}") from None
