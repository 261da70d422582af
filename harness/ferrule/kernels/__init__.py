"""Real kernels by package name: built by cargo from a pinned list of crates, and kept in the user's cache.

Guests get from here the file of a built kernel, the facts about its build, and the command that builds it.
"""

from __future__ import annotations

from pathlib import Path

from ferrule.kernels import recipe, store

__all__ = ["facts", "files", "made_by", "names"]

names = recipe.names


def made_by(name: str) -> str:
    """The command that builds a kernel."""
    return f"ferrule kernel get {name}"


def files(name: str) -> dict[str, Path]:
    """The kernel's file in the cache, by its key in guests.toml; empty where there is none."""
    made = store.newest(name)
    return {} if made is None else {"kernel": made.image}


def facts(image: Path) -> dict[str, str]:
    """Facts about a kernel built here, for the conditions of results; empty for any other kernel."""
    return next((made.facts() for made in store.all_made() if made.image == image), {})
