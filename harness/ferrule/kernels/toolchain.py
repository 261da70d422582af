"""Chooses the Rust compiler for a kernel: one of rustup's, or the distribution's with its library's sources."""

from __future__ import annotations

import functools
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.kernels.recipe import Recipe, Version
from ferrule.programs import output

_SYSTEM: Final = Path("/usr/bin")


@dataclass(frozen=True)
class Toolchain:
    """A compiler with its cargo, and whether it has the library for a kernel's target."""

    rustc: Path
    cargo: Path
    version: str  # "rustc 1.96.0 (ac68faa20 2026-05-25)"
    sysroot: Path
    host: str
    has_target: bool  # a compiled core and alloc for the target
    has_source: bool  # their source

    @property
    def number(self) -> Version:
        """Major and minor."""
        found = re.search(r"(\d+)\.(\d+)", self.version)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    @property
    def nightly(self) -> bool:
        """Whether its version says that it is a nightly."""
        return "nightly" in self.version

    def lacks(self, recipe: Recipe) -> str | None:
        """Why it cannot build a kernel; None when it can."""
        if recipe.edits(self.number) is None:
            wanted = ", or ".join(map(str, recipe.sets))
            return f"{self.version}: {recipe.name}'s crates are built with rustc {wanted}"
        if not (self.has_target or self.has_source):
            return f"{self.version}: has neither the target {recipe.target} nor the library's source"
        return None


def choose(recipe: Recipe) -> Toolchain | None:
    """The best that is here: a nightly with the target, any with it, any with the library's source; None: none fits."""
    fitting = [one for one in found(recipe.target) if one.lacks(recipe) is None]
    return max(fitting, key=lambda one: (one.has_target, one.has_target and one.nightly, one.number), default=None)


def why_none(recipe: Recipe) -> str:
    """Why no compiler here fits."""
    reasons = filter(None, (one.lacks(recipe) for one in found(recipe.target)))
    return "; ".join(reasons) or "there is no Rust compiler here"


@functools.cache
def found(target: str) -> tuple[Toolchain, ...]:
    """All compilers here: rustup's, the one on PATH, the distribution's."""
    seen: dict[Path, Toolchain] = {}
    for rustc in _compilers():
        made = _ask(rustc, target)
        if made is not None:
            seen.setdefault(made.sysroot, made)
    return tuple(seen.values())


def _compilers() -> Iterator[Path]:
    if shutil.which("rustup"):
        for line in (output(["rustup", "toolchain", "list"]) or "").splitlines():
            path = output(["rustup", "which", "rustc", "--toolchain", line.split()[0]]) if line.split() else None
            if path:
                yield Path(path)
    on_path = shutil.which("rustc")
    for rustc in (*([Path(on_path)] if on_path else []), _SYSTEM / "rustc"):
        if rustc.exists():
            yield rustc


def _ask(rustc: Path, target: str) -> Toolchain | None:
    version = output([str(rustc), "-vV"])
    sysroot = output([str(rustc), "--print", "sysroot"])
    libraries = output([str(rustc), "--print", "target-libdir", "--target", target])
    if not version or not sysroot or not libraries:
        return None
    root = Path(sysroot)
    own = root / "bin" / "rustc"
    cargo = root / "bin" / "cargo"
    if not cargo.exists():
        return None
    host = re.search(r"^host: (\S+)$", version, re.MULTILINE)
    source = root / "lib" / "rustlib" / "src" / "rust" / "library" / "core" / "Cargo.toml"
    return Toolchain(
        own if own.exists() else rustc,
        cargo,
        version.partition("\n")[0],
        root,
        host[1] if host else "",
        any(Path(libraries).glob("libcore-*.rlib")) and any(Path(libraries).glob("liballoc-*.rlib")),
        source.exists(),
    )
