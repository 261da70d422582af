"""The folder that cargo builds in: our own crate around the kernel's crates, the lock file, edited copies of crates.

Crates are fetched by cargo itself from its registry, by name, version and checksum; edits are made in copies.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ferrule.errors import InfrastructureError
from ferrule.kernels import crates
from ferrule.kernels.cargo import Cargo
from ferrule.kernels.recipe import Edit, EditSet, Recipe

EDITED: Final = "edited"
_MAIN: Final = {"efi": "src/main.rs", "archive": "src/lib.rs"}


def lay(recipe: Recipe, edits: EditSet, cargo: Cargo, folder: Path) -> list[Mapping[str, Any]]:
    """Write the folder and fetch missing crates; returns cargo's metadata of each crate for the kernel's target.

    Raises:
        InfrastructureError: the crates cannot be fetched, are not those of the list, or an edit does not fit.
    """
    (folder / "src").mkdir(parents=True, exist_ok=True)
    own = {edit.crate for edit in edits.edits}
    _keep(folder / _MAIN[recipe.form], recipe.main.lstrip())
    _keep(folder / "Cargo.toml", manifest(recipe, ()))
    index = _index(cargo)
    lock = folder / "Cargo.lock"
    lock.write_text(crates.lock(recipe.crates, recipe.program, recipe.dependencies, index))
    cargo.fetch(recipe)
    packages = _packages(recipe, cargo)
    for crate in sorted(own):
        _edited(crate, packages, [edit for edit in edits.edits if edit.crate == crate], folder)
    _keep(folder / "Cargo.toml", manifest(recipe, sorted(own)))
    lock.write_text(crates.lock(recipe.crates, recipe.program, recipe.dependencies, index, own))
    return packages


def manifest(recipe: Recipe, own: Iterable[str]) -> str:
    """Cargo.toml of our own crate. `own`: crates, "NAME VERSION", that are replaced by edited copies."""
    kind = '[lib]\ncrate-type = ["staticlib"]\n' if recipe.form == "archive" else ""
    package = f'[package]\nname = "{recipe.program}"\nversion = "0.0.0"\nedition = "2024"\npublish = false\n'
    needs = [f"{name} = {{ {_inline(table)} }}" for name, table in sorted(recipe.dependencies.items())]
    patched = [f'{one.partition(" ")[0]} = {{ path = "{EDITED}/{one.replace(" ", "-")}" }}' for one in own]
    patch = ["", "[patch.crates-io]", *patched] if patched else []
    # A workspace of its own, so that cargo ignores a Cargo.toml in a folder above it.
    return "\n".join([package, kind, "[workspace]", "", "[dependencies]", *needs, *patch, ""])


def _inline(table: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items())  # JSON's values are TOML's here


def _index(cargo: Cargo) -> str:
    """The registry's name in cargo, which a lock file has for every crate."""
    (package,) = cargo.metadata("--no-deps", "--offline")["packages"]
    return str(package["dependencies"][0]["source"])


def _packages(recipe: Recipe, cargo: Cargo) -> list[Mapping[str, Any]]:
    """The metadata of the crates for the kernel's target, by cargo; checks that each is in the list."""
    packages = cargo.metadata("--locked", "--filter-platform", recipe.target)["packages"]
    known = {(one.name, one.version) for one in recipe.crates}
    found = [one for one in packages if one["name"] != recipe.program]
    for one in found:
        if (one["name"], one["version"]) not in known:
            raise InfrastructureError(f"{recipe.name}: cargo took {one['name']} {one['version']}, not in the list")
    return found


def _edited(crate: str, packages: Iterable[Mapping[str, Any]], edits: Iterable[Edit], folder: Path) -> None:
    """Make a copy of a crate with its edits."""
    name, _, version = crate.partition(" ")
    origin = next(
        (Path(one["manifest_path"]).parent for one in packages if (one["name"], one["version"]) == (name, version)),
        None,
    )
    if origin is None:
        raise InfrastructureError(f"{crate}: has edits but is not among the kernel's crates")
    copy, part = folder / EDITED / crate.replace(" ", "-"), folder / EDITED / ".part"
    if copy.is_dir():  # from an interrupted build: complete, as it is made by a rename
        return
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(origin, part, ignore=shutil.ignore_patterns(".cargo-ok", "Cargo.lock", "rust-toolchain*"))
    for edit in edits:
        path = part / edit.path
        path.chmod(0o644)
        path.write_bytes(apply(edit, path.read_bytes()))
    part.rename(copy)


def apply(edit: Edit, content: bytes) -> bytes:
    """A file after its substitutions.

    Raises:
        InfrastructureError: it is not the file that the edit was written for.
    """
    digest = hashlib.sha256(content).hexdigest()
    if digest != edit.sha256:
        raise InfrastructureError(f"{edit.crate}: {edit.path}: its SHA-256 is {digest}, not {edit.sha256}: not edited")
    for what, by, count in edit.replace:
        there = content.count(what.encode())
        if there != count:
            raise InfrastructureError(f"{edit.crate}: {edit.path}: {what!r} is there {there} times, not {count}")
        content = content.replace(what.encode(), by.encode())
    return content


def _keep(path: Path, text: str) -> None:
    """Write a file unless it has that content: cargo rebuilds what has a newer modification time."""
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
