"""Where things are: the checkout that this package runs from, and the cache for what is built and downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from ferrule.errors import UsageError

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
    """A folder in the user's cache (`FERRULE_CACHE`, else XDG_CACHE_HOME, else ~/.cache), made on first use."""
    base = os.environ.get("FERRULE_CACHE")
    home = Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ferrule"
    folder = home.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
