"""Kernels in the user's cache: each in a folder named by a digest of its build's inputs, with image and manifest."""

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
BUILD: Final = ".build"  # suffix of a folder in which a kernel is being built
KEY_DIGITS: Final = 16
LONGEST: Final = 1000  # characters of a text in a manifest


@dataclass(frozen=True)
class Made:
    """A kernel that was built."""

    name: str
    image: Path
    manifest: Mapping[str, Any]
    current: bool  # built from the recipe as it is now

    @property
    def folder(self) -> Path:
        """The folder with image and manifest."""
        return self.image.parent

    def facts(self) -> dict[str, str]:
        """Facts for the conditions of every result."""
        built = self.manifest
        edited = ", ".join(built["edited"]) or "none"
        return {
            "kernel.crates": f"{', '.join(built['named'])}; {len(built['crates'])} in all, list {built['recipe'][:12]}",
            "kernel.compiler": "; ".join([built["compiler"], built["linker"], *built.get("programs", ())]),
            "kernel.edited": edited,
            **({"kernel.features": built["features"]} if built["features"] else {}),
        }


def folder(name: str) -> Path:
    """The folder with the kernels of a recipe."""
    return paths.cache("kernels", name)


def all_made() -> list[Made]:
    """Every kernel in the cache, of one name the newest first; none where the cache cannot be read."""
    found: list[Made] = []
    try:
        for name in recipe.names():
            ones = [made for path in sorted(folder(name).iterdir()) if (made := read(name, path)) is not None]
            found += sorted(ones, key=lambda one: one.image.stat().st_mtime, reverse=True)
    except (OSError, InfrastructureError):
        return found
    return found


def newest(name: str) -> Made | None:
    """The kernel that a guest uses: the newest one built from the recipe as it is now."""
    return next((one for one in all_made() if one.name == name and one.current), None)


def remove(name: str) -> int:
    """Remove all kernels of a name, and the rest of an interrupted build; returns how many bytes that frees."""
    where = folder(name)
    size = sum(path.stat().st_size for path in where.rglob("*") if path.is_file() and not path.is_symlink())
    try:
        shutil.rmtree(where)
    except OSError as error:
        raise InfrastructureError(f"{error.filename or where}: {error.strerror}") from None
    return size


def read(name: str, path: Path) -> Made | None:
    """The kernel in a folder; None where there is no complete one with a valid manifest."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        if not _sound(manifest) or not _whole(manifest):
            return None
        image = path / manifest["file"]
        whole = image.is_file() and image.stat().st_size == manifest["bytes"]
    except (OSError, ValueError, RecursionError):
        return None
    return Made(name, image, manifest, _current(recipe.read(name), manifest["recipe"])) if whole else None


def _sound(manifest: object) -> bool:
    """Whether a manifest has the fields that are read here: printable texts, a plain file name, and numbers."""
    if not isinstance(manifest, dict) or not all(
        isinstance(manifest.get(key), list) for key in ("named", "edited", "crates")
    ):
        return False
    texts = [
        manifest.get(key) for key in ("name", "about", "file", "sha256", "recipe", "features", "compiler", "linker")
    ]
    texts += [*manifest["named"], *manifest["edited"]]
    cost = manifest["cost"] if isinstance(manifest.get("cost"), dict) else {}
    numbers = [manifest.get("bytes"), cost.get("wall_seconds"), cost.get("cpu_seconds")]
    return (
        all(isinstance(text, str) and not STEERING.search(text) and len(text) < LONGEST for text in texts)
        and all(type(number) in (int, float) for number in numbers)
        and Path(manifest["file"]).name == manifest["file"]
    )


def _whole(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest is unchanged, by its checksum; older manifests have no checksum and pass."""
    try:
        check(manifest)
    except ValueError:
        return False
    return True


def _current(wanted: Recipe, digest: str) -> bool:
    return any(wanted.digest(one) == digest for one in wanted.sets)
