"""What is missing on this machine to build kernels: in one line, with one command that installs all of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Final

from ferrule import apt
from ferrule.errors import ToolMissing
from ferrule.kernels.recipe import Recipe

COMPILER: Final = ("rustc-web", "cargo-web", "rust-web-src")  # Debian's newest compiler, which is there for browsers
QEMU: Final = "qemu-system-x86"
COMPILER_COST: Final = "115 MB to download, 630 MB installed"
MOST: Final = "at most 300 MB to download, 1.7 GB installed"  # of all packages, on a Debian 12 that has none of them


def line(recipes: Sequence[Recipe], reasons: Sequence[str], lacking: Mapping[str, str]) -> str:
    """The error message.

    Args:
        recipes: of the kernels that were asked for.
        reasons: why no compiler here fits; empty where one does.
        lacking: missing tools, with the Debian packages that have them.
    """
    tools, packages = dict(lacking), [*(COMPILER if reasons else ()), *lacking.values()]
    if no_qemu():
        tools["QEMU, which boots it,"] = QEMU
        packages.append(QEMU)
    why = [*reasons, *([f"{_listed([*tools])} not found"] if tools else [])]
    names = ",".join(recipe.name for recipe in recipes)
    return f"{names}: {'; '.join(why)}; install it: {_command(recipes, packages, bool(reasons))}"


def no_qemu() -> str | None:
    """Why no built kernel can be booted here; None where it can. A build is possible all the same."""
    from ferrule.machine import qemu  # imports numpy, which is slow: not needed to parse a command's flags

    try:
        qemu.find()
    except ToolMissing as error:
        return str(error)
    return None


def _command(recipes: Sequence[Recipe], packages: Sequence[str], compiler: bool) -> str:
    """The command that installs all of it, and what that takes."""
    if shutil.which("apt-get") or not compiler:
        cost = "" if not compiler else f" ({COMPILER_COST if len(packages) == len(COMPILER) else MOST})"
        return apt.install(packages) + cost
    targets = " ".join(dict.fromkeys(f"--target {recipe.target}" for recipe in recipes))
    return (
        f"rustup toolchain install nightly --profile minimal {targets}"
        " (300 MB to download, 1 GB installed, two minutes)"
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
