"""Recipes of kernels: NAME.toml, and NAME.crates with its crates, both beside this module."""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from ferrule.errors import UsageError
from ferrule.kernels import crates
from ferrule.kernels.crates import Crate

FOLDER: Final = Path(__file__).parent
Version = tuple[int, ...]  # of a compiler: major, minor
Form = Literal["efi", "archive"]  # of the kernel's file: a flat EFI image, or a static library


@dataclass(frozen=True)
class Edit:
    """Substitutions in one file of a crate, for one content of that file."""

    crate: str  # "NAME VERSION"
    path: str
    sha256: str  # of the file before
    replace: tuple[tuple[str, str, int], ...]  # old text, new text, and how often the old text must be there


@dataclass(frozen=True)
class EditSet:
    """The edits for a range of compilers; no edits where the crates compile unchanged."""

    first: Version
    end: Version | None  # the first version after the range; None: no end
    edits: tuple[Edit, ...] = ()
    tried: tuple[str, ...] = ()  # compilers that it was tried with: "rustc 1.96.0"

    def fits(self, version: Version) -> bool:
        """Whether a compiler is in the range."""
        return self.first <= version and (self.end is None or version < self.end)

    def __str__(self) -> str:
        first, end = (".".join(map(str, version)) for version in (self.first, self.end or ()))
        return f"{first} or newer" if not end else f"{first} to before {end}"


@dataclass(frozen=True)
class Recipe:
    """How one kernel is built."""

    name: str
    about: str
    file: str  # name of the image's file
    form: Form
    target: str
    main: str
    flags: tuple[str, ...]
    dependencies: Mapping[str, Mapping[str, Any]]
    crates: tuple[Crate, ...]
    sets: tuple[EditSet, ...]
    minutes: int
    download: int
    disk: int
    libclang: bool = False
    programs: Mapping[str, str] = field(default_factory=dict)  # run by build scripts -> the Debian package that has it
    features: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str:
        """The name of our own crate around the kernel, which is built."""
        return f"ferrule-{self.name}"

    @property
    def cost(self) -> str:
        """What a build takes, for people."""
        return f"about {self.minutes} min of CPU, {self.download} MB to download, {self.disk} MB of disk meanwhile"

    def edits(self, version: Version) -> EditSet | None:
        """The set of edits for a compiler; None where there is none."""
        return next((one for one in self.sets if one.fits(version)), None)

    def digest(self, edits: EditSet) -> str:
        """Digest of everything that determines the kernel's file, except the compiler."""
        inputs = [self.target, self.main, self.flags, self.dependencies, self.environment, self.form]
        changed = [[one.crate, one.path, one.sha256, one.replace] for one in edits.edits]
        content = json.dumps([inputs, crates.render(self.crates), changed], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def names() -> list[str]:
    """The kernels that have a recipe."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@functools.cache
def read(name: str) -> Recipe:
    """The recipe of a kernel.

    Raises:
        UsageError: there is no recipe of that name.
    """
    if name not in names():
        raise UsageError(f"kernel {name}: there is no recipe for it; there are: {', '.join(names())}")
    file = FOLDER / f"{name}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    listed = file.with_suffix(".crates")
    return Recipe(**_fields(name, table, crates.parse(listed.read_text(encoding="utf-8"), listed.name)))


def _fields(name: str, table: dict[str, Any], listed: Sequence[Crate]) -> dict[str, Any]:
    always = table.pop("always", [])  # edits for every compiler
    sets = tuple(_set(one, always) for one in table.pop("edits"))
    return {**table, "name": name, "flags": tuple(table["flags"]), "crates": tuple(listed), "sets": sets}


def _set(table: dict[str, Any], always: Sequence[dict[str, Any]]) -> EditSet:
    first, end = (tuple(map(int, text.split("."))) if text else None for text in table["rustc"])
    edits = [
        Edit(one["crate"], one["path"], one["sha256"], tuple((what, by, count) for what, by, count in one["replace"]))
        for one in [*always, *table.get("file", [])]
    ]
    return EditSet(first or (), end, tuple(edits), tuple(table.get("tried", ())))
