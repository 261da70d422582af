"""Real kernels by package name: built by cargo from crates of a pinned list, and kept in the user's cache.

What a guest asks: the file of a kernel that is there, what it is made of, and the command that makes it.
"""

from __future__ import annotations

from pathlib import Path

from ferrule.kernels import recipe, store

__all__ = ["facts", "files", "made_by", "names"]

names = recipe.names


def made_by(name: str) -> str:
    """What makes it."""
    return f"ferrule kernel get {name}"


def files(name: str) -> dict[str, Path]:
    """The kernel's file in the cache by the key that guests.toml has for it; nothing where there is none."""
    made = store.newest(name)
    return {} if made is None else {"kernel": made.image}


def facts(image: Path) -> dict[str, str]:
    """What a kernel of ours is made of, for the conditions of results; nothing where it is not of ours."""
    return next((made.facts() for made in store.all_made() if made.image == image), {})
