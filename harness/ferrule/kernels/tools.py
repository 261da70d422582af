"""The tools that a kernel's build needs besides a Rust compiler: a linker, a C compiler for build scripts, libclang."""

from __future__ import annotations

import glob
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.kernels.recipe import Recipe
from ferrule.kernels.toolchain import Toolchain
from ferrule.programs import output

_LIBCLANG: Final = (
    "/usr/lib/llvm-*/lib/libclang*.so*",
    "/usr/lib/*/libclang*.so*",
    "/usr/lib64/libclang*.so*",
    "/usr/lib/libclang*.so*",
    "/usr/local/lib/libclang*.so*",
)
_HEADERS: Final = "clang/*/include"


@dataclass(frozen=True)
class Tools:
    """Paths and versions of the tools."""

    linker: Path
    linker_version: str
    libclang: Path | None  # its folder
    headers: Path | None = None  # the folder of clang's own headers
    programs: tuple[str, ...] = ()  # first line of `--version` of each of the recipe's programs, e.g. C compilers


def lacking(recipe: Recipe, toolchain: Toolchain | None) -> dict[str, str]:
    """Missing tools, each with the Debian packages that have it; called before anything is fetched.

    Args:
        recipe: of the kernel to build.
        toolchain: the compiler, whose own linker is used if it has one; None where there is no compiler yet.
    """
    found = {"a linker (rust-lld or ld.lld)": "lld"} if _linker(toolchain) is None else {}
    if recipe.libclang and _libclang() is None:
        found["libclang"] = "libclang-dev"
    if not shutil.which("cc"):
        found["a C compiler for the crates' build scripts (cc)"] = "gcc libc6-dev"
    return found | {program: package for program, package in recipe.programs.items() if not shutil.which(program)}


def find(recipe: Recipe, toolchain: Toolchain) -> Tools:
    """All tools; call it only when none is missing."""
    linker, libclang = _linker(toolchain), _libclang() if recipe.libclang else None
    assert linker is not None, "lacking() was called before"
    return Tools(
        linker,
        output([str(linker), "-flavor", "gnu", "--version"])
        or output([str(linker), "--version"])
        or "of no known version",
        libclang,
        next(iter(sorted(libclang.glob(_HEADERS), reverse=True)), None) if libclang else None,
        tuple(version.partition("\n")[0] for one in recipe.programs if (version := output([one, "--version"]))),
    )


def _linker(toolchain: Toolchain | None) -> Path | None:
    own = toolchain and toolchain.sysroot / "lib" / "rustlib" / toolchain.host / "bin" / "rust-lld"
    named = shutil.which("rust-lld") or shutil.which("ld.lld")
    # rust-lld is one program for all object formats; the compiler selects one by -flavor gnu.
    return own if own and own.exists() else Path(named) if named else None


def _libclang() -> Path | None:
    """The folder of the newest libclang, for bindgen: one with clang's headers beside it is preferred.

    Where no clang is installed that could report its headers' folder, libclang looks for them beside itself.
    """
    asked = os.environ.get("LIBCLANG_PATH")
    if asked:
        return Path(asked)
    paths = (Path(path) for pattern in _LIBCLANG for path in glob.glob(pattern))  # noqa: PTH207
    return max((path.parent for path in paths if "cpp" not in path.name), key=_suits, default=None)


def _suits(folder: Path) -> tuple[bool, int]:
    """A sort key: whether clang's headers are beside a library, and its version where the folder's name has one."""
    version = re.search(r"llvm-(\d+)", str(folder))
    return any(folder.glob(_HEADERS)), int(version[1]) if version else 0
