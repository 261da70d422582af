"""What a kernel is made of and how: NAME.toml, and NAME.crates for its crates, both beside this module."""

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
Form = Literal["efi", "archive"]  # of what comes out: a flat EFI image, or a static library


@dataclass(frozen=True)
class Edit:
    """Substitutions in one file of a crate, of whose content they are."""

    crate: str  # "NAME VERSION"
    path: str
    sha256: str  # of the file before
    replace: tuple[tuple[str, str, int], ...]  # what, by what, and how often it is there


@dataclass(frozen=True)
class EditSet:
    """What has to be edited for compilers of a range; nothing, where the crates are as the compiler wants them."""

    first: Version
    end: Version | None  # the first that is not of the range; None: no end
    edits: tuple[Edit, ...] = ()
    tried: tuple[str, ...] = ()  # with which compilers: "rustc 1.96.0"

    def fits(self, version: Version) -> bool:
        """Whether a compiler is of the range."""
        return self.first <= version and (self.end is None or version < self.end)

    def __str__(self) -> str:
        first, end = (".".join(map(str, version)) for version in (self.first, self.end or ()))
        return f"{first} or newer" if not end else f"{first} to before {end}"


@dataclass(frozen=True)
class Recipe:
    """One kernel."""

    name: str
    about: str
    file: str  # what the image is called
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
    programs: Mapping[str, str] = field(default_factory=dict)  # that its crates' builds run, with Debian's packages
    features: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str:
        """The name of the crate of ours that is built."""
        return f"ferrule-{self.name}"

    @property
    def cost(self) -> str:
        """What it takes, for people."""
        return f"about {self.minutes} min of CPU, {self.download} MB to download, {self.disk} MB of disk meanwhile"

    def edits(self, version: Version) -> EditSet | None:
        """The set for a compiler; None where there is none."""
        return next((one for one in self.sets if one.fits(version)), None)

    def digest(self, edits: EditSet) -> str:
        """Of all that decides what comes out, but for the compiler."""
        said = [self.target, self.main, self.flags, self.dependencies, self.environment, self.form]
        changed = [[one.crate, one.path, one.sha256, one.replace] for one in edits.edits]
        content = json.dumps([said, crates.render(self.crates), changed], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def names() -> list[str]:
    """The kernels that there are recipes for."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@functools.cache
def read(name: str) -> Recipe:
    """The recipe of a kernel.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in names():
        raise UsageError(f"kernel {name}: there is no recipe for it; there are: {', '.join(names())}")
    file = FOLDER / f"{name}.toml"
    said = tomllib.loads(file.read_text(encoding="utf-8"))
    listed = file.with_suffix(".crates")
    return Recipe(**_fields(name, said, crates.parse(listed.read_text(encoding="utf-8"), listed.name)))


def _fields(name: str, said: dict[str, Any], listed: Sequence[Crate]) -> dict[str, Any]:
    always = said.pop("always", [])  # whatever the compiler
    sets = tuple(_set(table, always) for table in said.pop("edits"))
    return {**said, "name": name, "flags": tuple(said["flags"]), "crates": tuple(listed), "sets": sets}


def _set(table: dict[str, Any], always: Sequence[dict[str, Any]]) -> EditSet:
    first, end = (tuple(map(int, text.split("."))) if text else None for text in table["rustc"])
    edits = [
        Edit(one["crate"], one["path"], one["sha256"], tuple((what, by, count) for what, by, count in one["replace"]))
        for one in [*always, *table.get("file", [])]
    ]
    return EditSet(first or (), end, tuple(edits), tuple(table.get("tried", ())))
