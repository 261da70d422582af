"""What a kernel's build needs besides a Rust compiler: a linker, a C compiler for build scripts, libclang."""

from __future__ import annotations

import glob
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.errors import ToolMissing
from ferrule.kernels.recipe import Recipe
from ferrule.kernels.toolchain import Toolchain, said

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
    """Where they are."""

    linker: Path
    linker_version: str
    libclang: Path | None  # its folder
    headers: Path | None = None  # clang's own, beside it
    programs: tuple[str, ...] = ()  # what each of the recipe's says of its version: C compilers among them


def find(recipe: Recipe, toolchain: Toolchain) -> Tools:
    """All that is needed, looked for before anything is fetched.

    Raises:
        ToolMissing: names what is missing and the command that installs all of it.
    """
    linker, libclang = _linker(toolchain), _libclang() if recipe.libclang else None
    missing = {"a linker (rust-lld or ld.lld)": "lld"} if linker is None else {}
    if recipe.libclang and libclang is None:
        missing["libclang"] = "libclang-dev"
    if not shutil.which("cc"):
        missing["a C compiler for the crates' build scripts (cc)"] = "gcc libc6-dev"
    missing |= {program: package for program, package in recipe.programs.items() if not shutil.which(program)}
    if linker is None or missing:
        sudo = "" if os.geteuid() == 0 else "sudo "
        command = f"{sudo}apt-get install -y --no-install-recommends {' '.join(missing.values())}"
        raise ToolMissing(f"{recipe.name}: {' and '.join(missing)} not found; install it: {command}")
    return Tools(
        linker,
        said([str(linker), "-flavor", "gnu", "--version"]) or said([str(linker), "--version"]) or "of no known version",
        libclang,
        next(iter(sorted(libclang.glob(_HEADERS), reverse=True)), None) if libclang else None,
        tuple(version.partition("\n")[0] for one in recipe.programs if (version := said([one, "--version"]))),
    )


def _linker(toolchain: Toolchain) -> Path | None:
    own = toolchain.sysroot / "lib" / "rustlib" / toolchain.host / "bin" / "rust-lld"
    named = shutil.which("rust-lld") or shutil.which("ld.lld")
    # rust-lld is one program for all object formats; the compiler tells it which (-flavor gnu).
    return own if own.exists() else Path(named) if named else None


def _libclang() -> Path | None:
    """The folder of the newest, as bindgen wants to be told it: one with clang's headers beside it, if any has.

    Where no clang is installed to be asked for them, the library looks for them beside itself.
    """
    asked = os.environ.get("LIBCLANG_PATH")
    if asked:
        return Path(asked)
    paths = (Path(path) for pattern in _LIBCLANG for path in glob.glob(pattern))  # noqa: PTH207
    return max((path.parent for path in paths if "cpp" not in path.name), key=_suits, default=None)


def _suits(folder: Path) -> tuple[bool, int]:
    """Whether clang's headers are beside a library, and its version where the folder's name has one."""
    version = re.search(r"llvm-(\d+)", str(folder))
    return any(folder.glob(_HEADERS)), int(version[1]) if version else 0
