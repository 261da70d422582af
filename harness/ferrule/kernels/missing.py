"""What a build of kernels lacks on this machine: all of it in one line, with one command that installs it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Final

from ferrule import apt
from ferrule.errors import ToolMissing
from ferrule.kernels.recipe import Recipe

COMPILER: Final = ("rustc-web", "cargo-web", "rust-web-src")  # Debian's newest compiler, kept for browsers
QEMU: Final = "qemu-system-x86"
COMPILER_COST: Final = "115 MB to download, 630 MB installed"
MOST: Final = "at most 300 MB to download, 1.7 GB installed"  # of all there is, on a Debian 12 that has none of it


def line(recipes: Sequence[Recipe], reasons: Sequence[str], lacking: Mapping[str, str]) -> str:
    """A refusal.

    Args:
        recipes: what was asked for.
        reasons: why no compiler here fits; empty where one does.
        lacking: tools that are not here, with Debian's packages that have them.
    """
    told, packages = dict(lacking), [*(COMPILER if reasons else ()), *lacking.values()]
    if no_qemu():
        told["QEMU, which boots it,"] = QEMU
        packages.append(QEMU)
    why = [*reasons, *([f"{_listed([*told])} not found"] if told else [])]
    names = ",".join(recipe.name for recipe in recipes)
    return f"{names}: {'; '.join(why)}; install it: {_command(recipes, packages, bool(reasons))}"


def no_qemu() -> str | None:
    """Why nothing that is built can be booted here; None where it can. It is no reason not to build."""
    from ferrule.machine import qemu  # with numpy, which a command's flags do not wait for

    try:
        qemu.find()
    except ToolMissing as error:
        return str(error)
    return None


def _command(recipes: Sequence[Recipe], packages: Sequence[str], compiler: bool) -> str:
    """The command, fit for who asks, and what that takes."""
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
