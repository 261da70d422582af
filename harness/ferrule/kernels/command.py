"""`ferrule kernel get | list | remove`: builds kernels into the user's cache, lists and removes them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from tabulate import tabulate

from ferrule.errors import EXIT_OK, FerruleError, ToolMissing, UsageError
from ferrule.kernels import build, made_by, missing, recipe, store
from ferrule.text import number_of

STEP_LINES = 50  # crates between two lines of a log


def add(parser: argparse.ArgumentParser) -> None:
    """The three commands."""
    commands = parser.add_subparsers(required=True, metavar="get | list | remove")
    get = commands.add_parser("get", help="build kernels by cargo from pinned crates of its registry; once built, kept")
    get.add_argument("names", metavar="NAMES", help=f"comma-separated: {', '.join(recipe.names())}")
    get.set_defaults(action=_get)
    listed = commands.add_parser("list", help="kernels that can be built or have been built, and from what")
    listed.set_defaults(action=_list)
    remove = commands.add_parser("remove", help="remove kernels from the cache")
    remove.add_argument("names", metavar="NAMES", help="comma-separated")
    remove.set_defaults(action=_remove)


class Steps:
    """Shows the progress of a build: one updated line on a terminal, a line every STEP_LINES crates in a log."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._count = out, 0

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self._count = 0
        print(text, file=self._out, flush=True)

    def step(self, crate: str) -> None:
        """Count a crate, or its build script, that is finished."""
        self._count += 1
        if self._out.isatty():
            print(f"\r\x1b[K{number_of(self._count, 'part')} built: {crate}", end="", file=self._out, flush=True)
        elif self._count % STEP_LINES == 0:
            print(f"{number_of(self._count, 'part')} built", file=self._out, flush=True)

    def end(self) -> None:
        """Erase the updated line."""
        if self._count and self._out.isatty():
            print("\r\x1b[K", end="", file=self._out, flush=True)


def _names(text: str) -> list[str]:
    """Names of recipes, each once.

    Raises:
        UsageError: a name has no recipe, or no name is given.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError(f"kernel {text!r}: no kernel named; there are: {', '.join(recipe.names())}")
    for name in names:
        recipe.read(name)
    return names


def _get(parsed: argparse.Namespace) -> int:
    get(_names(parsed.names), sys.stderr)
    return EXIT_OK


def get(names: Sequence[str], out: TextIO) -> None:
    """Build these kernels into the cache; one that is there already is kept and needs no network.

    Raises:
        ToolMissing: a compiler or tool is missing; nothing was fetched.
        InfrastructureError: a build failed.
    """
    wanted = []
    for name in names:
        made = store.newest(name)
        if made is None:
            wanted.append(recipe.read(name))
        else:
            print(f"{name}: in the cache: {made.image}", file=out)
    plans = build.plans(wanted)
    if plans and (reason := missing.no_qemu()):
        print(f"these kernels cannot be booted yet: {reason}", file=out)
    for plan in plans:
        steps = Steps(out)
        steps.note(f"{plan.recipe.name}: {plan.recipe.cost}")
        if " ".join(plan.toolchain.version.split()[:2]) not in plan.edits.tried:
            tried = ", ".join(plan.edits.tried) or "no compiler of this range of versions"
            steps.note(f"{plan.recipe.name}: not yet tried with {plan.toolchain.version}; tried: {tried}")
        try:
            made = build.make(plan, steps.note, steps.step)
        finally:
            steps.end()
        cost = made.manifest["cost"]
        took = f"{cost['wall_seconds']} s, {cost['cpu_seconds']} s of CPU"
        steps.note(f"{made.name}: {made.image} (SHA-256 {made.manifest['sha256']}, {took})")


def _list(_: argparse.Namespace) -> int:
    rows = []
    made = store.all_made()
    for name in recipe.names():
        ours = [one for one in made if one.name == name]
        wanted = recipe.read(name)
        if not any(one.current for one in ours):
            rows.append((name, _state(wanted), wanted.about, ""))
        for one in ours:
            state = "in the cache" if one.current else "in the cache, built from an earlier list: not used"
            rows.append((name, state, f"{one.manifest['about']}; {one.manifest['compiler']}", str(one.image)))
    print(tabulate(rows, headers=("kernel", "state", "what", "file")))
    return EXIT_OK


def _state(wanted: recipe.Recipe) -> str:
    try:
        build.plans([wanted])
    except FerruleError as error:
        return str(error)
    return f"can be built: {wanted.cost}"


def _remove(parsed: argparse.Namespace) -> int:
    for name in _names(parsed.names):
        freed = store.remove(name)
        print(f"{name}: {freed / 1e6:.1f} MB removed" if freed else f"{name}: not in the cache")
    return EXIT_OK


def hint(name: str) -> tuple[str, str]:
    """What building a kernel takes on this machine, and a command: the build's, or one that installs missing tools."""
    try:
        wanted = build.plans([recipe.read(name)])[0].recipe
    except ToolMissing as error:
        why, _, command = str(error).partition("install it: ")
        return f"cannot be built here yet: {why.removeprefix(f'{name}: ').rstrip('; ')}", command
    return f"it can be built here: {wanted.cost}", made_by(name)


def offer(names: Sequence[str]) -> str | None:
    """One line about the guests whose kernels can be built here and are not in the cache; None if there are none."""
    plans = []
    for name in names:
        if name in recipe.names() and store.newest(name) is None:
            with suppress(FerruleError):
                plans.append(build.plans([recipe.read(name)])[0].recipe)
    if not plans:
        return None
    minutes, download = sum(one.minutes for one in plans), sum(one.download for one in plans)
    adds = " and ".join(one.about.partition(":")[0] for one in plans)
    listed = ",".join(one.name for one in plans)
    return f"ferrule kernel get {listed}: would add {adds} (about {minutes} min of CPU, {download} MB to download)"
