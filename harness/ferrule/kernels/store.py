"""Kernels in the user's cache: each in a folder named by what it was made of, with a manifest beside the image."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferrule import paths
from ferrule.checksum import check
from ferrule.errors import InfrastructureError
from ferrule.kernels import recipe
from ferrule.kernels.recipe import Recipe
from ferrule.text import STEERING

MANIFEST: Final = "manifest.json"
LIST: Final = "crates.txt"
BUILD: Final = ".build"  # suffix of a folder in which one is being made
KEY_DIGITS: Final = 16
LONGEST: Final = 1000  # characters of a text in a manifest


@dataclass(frozen=True)
class Made:
    """A kernel that was built."""

    name: str
    image: Path
    manifest: Mapping[str, Any]
    current: bool  # made of what the recipe says today

    @property
    def folder(self) -> Path:
        """Where all of it is."""
        return self.image.parent

    def facts(self) -> dict[str, str]:
        """What stands in the conditions of every result."""
        said = self.manifest
        edited = ", ".join(said["edited"]) or "none"
        return {
            "kernel.crates": f"{', '.join(said['named'])}; {len(said['crates'])} in all, list {said['recipe'][:12]}",
            "kernel.compiler": "; ".join([said["compiler"], said["linker"], *said.get("programs", ())]),
            "kernel.edited": edited,
            **({"kernel.features": said["features"]} if said["features"] else {}),
        }


def folder(name: str) -> Path:
    """Where the kernels of a recipe are."""
    return paths.cache("kernels", name)


def all_made() -> list[Made]:
    """Every kernel in the cache, of one name the newest first; none where there is no cache to look into."""
    found: list[Made] = []
    try:
        for name in recipe.names():
            ones = [made for path in sorted(folder(name).iterdir()) if (made := read(name, path)) is not None]
            found += sorted(ones, key=lambda one: one.image.stat().st_mtime, reverse=True)
    except (OSError, InfrastructureError):
        return found
    return found


def newest(name: str) -> Made | None:
    """The kernel that a guest takes: the newest that is made of what the recipe says today."""
    return next((one for one in all_made() if one.name == name and one.current), None)


def remove(name: str) -> int:
    """Remove all kernels of a name, and what a build of one left; how many bytes that frees."""
    where = folder(name)
    size = sum(path.stat().st_size for path in where.rglob("*") if path.is_file() and not path.is_symlink())
    try:
        shutil.rmtree(where)
    except OSError as error:
        raise InfrastructureError(f"{error.filename or where}: {error.strerror}") from None
    return size


def read(name: str, path: Path) -> Made | None:
    """The kernel in a folder; None where there is none that is whole, or its manifest is none of ours."""
    try:
        said = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if not _sound(said) or not _whole(said):
            return None
        image = path / said["file"]
        whole = image.is_file() and image.stat().st_size == said["bytes"]
    except (OSError, ValueError, RecursionError):
        return None
    return Made(name, image, said, _current(recipe.read(name), said["recipe"])) if whole else None


def _sound(said: object) -> bool:
    """Whether a manifest holds what is read of it: texts to be shown, a file beside it, and numbers."""
    if not isinstance(said, dict) or not all(isinstance(said.get(key), list) for key in ("named", "edited", "crates")):
        return False
    texts = [said.get(key) for key in ("name", "about", "file", "sha256", "recipe", "features", "compiler", "linker")]
    texts += [*said["named"], *said["edited"]]
    cost = said["cost"] if isinstance(said.get("cost"), dict) else {}
    numbers = [said.get("bytes"), cost.get("wall_seconds"), cost.get("cpu_seconds")]
    return (
        all(isinstance(text, str) and not STEERING.search(text) and len(text) < LONGEST for text in texts)
        and all(type(number) in (int, float) for number in numbers)
        and Path(said["file"]).name == said["file"]
    )


def _whole(said: Mapping[str, Any]) -> bool:
    """Whether a manifest is the one that was stored; those of before there were checksums have none."""
    try:
        check(said)
    except ValueError:
        return False
    return True


def _current(wanted: Recipe, digest: str) -> bool:
    return any(wanted.digest(one) == digest for one in wanted.sets)
