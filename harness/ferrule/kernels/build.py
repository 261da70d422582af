"""Build a kernel by its recipe into the cache: an interrupted build is resumed, and no local path is in the image."""

from __future__ import annotations

import fcntl
import hashlib
import json
import resource
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferrule.checksum import seal
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.kernels import crates, image, missing, source, store, toolchain, tools
from ferrule.kernels.cargo import WRAPPER, Cargo
from ferrule.kernels.recipe import EditSet, Recipe
from ferrule.kernels.store import BUILD, KEY_DIGITS, LIST, MANIFEST, Made
from ferrule.kernels.toolchain import Toolchain
from ferrule.kernels.tools import Tools
from ferrule.text import number_of

Report = Callable[[str], None]
_ELF: Final = {"efi": "{program}", "archive": "lib{library}.a"}


@dataclass(frozen=True)
class Plan:
    """A kernel to build, with the compiler and tools for it, all of which are on this machine."""

    recipe: Recipe
    toolchain: Toolchain
    tools: Tools
    edits: EditSet

    @property
    def key(self) -> str:
        """Its name in the cache: a digest of list, edits, flags, compilers and linker."""
        made_by = [self.recipe.digest(self.edits), self.toolchain.version, self.tools.linker_version]
        made_by += self.tools.programs
        return hashlib.sha256(json.dumps(made_by).encode()).hexdigest()[:KEY_DIGITS]

    @property
    def folder(self) -> Path:
        """Its folder in the cache."""
        return store.folder(self.recipe.name) / self.key


def plans(recipes: Sequence[Recipe]) -> list[Plan]:
    """Find the compilers and tools that are needed; nothing is fetched.

    Raises:
        ToolMissing: a compiler or tool is not here; ends with the one command that installs all that is missing.
    """
    chosen = [(recipe, toolchain.choose(recipe)) for recipe in recipes]
    reasons = dict.fromkeys(toolchain.why_none(recipe) for recipe, compiler in chosen if compiler is None)
    lacking: dict[str, str] = {}
    for recipe, compiler in chosen:
        lacking |= tools.lacking(recipe, compiler)
    if reasons or lacking:
        raise ToolMissing(missing.line(recipes, [*reasons], lacking))
    return [_plan(recipe, compiler) for recipe, compiler in chosen if compiler is not None]


def _plan(recipe: Recipe, chosen: Toolchain) -> Plan:
    edits = recipe.edits(chosen.number)
    assert edits is not None, "a chosen compiler has a set of edits"
    return Plan(recipe, chosen, tools.find(recipe, chosen), edits)


def make(plan: Plan, note: Report, step: Report) -> Made:
    """Fetch, edit and build; keep the image with its manifest and remove the folder of the build.

    Args:
        plan: the kernel, compiler and tools.
        note: called with lines for people.
        step: called with the name of each crate that is built.

    Raises:
        InfrastructureError: a crate is not available, the disk is full, or the kernel does not compile.
    """
    recipe, final = plan.recipe, plan.folder
    work = final.with_name(final.name + BUILD)
    try:
        work.mkdir(parents=True, exist_ok=True)
        with _alone(work):
            made = store.read(recipe.name, final)
            if made is not None:  # another process was faster
                return made
            _room(recipe, work)
            started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
            cargo = Cargo(plan.toolchain, plan.tools, work, recipe.environment)
            if not (work / WRAPPER).is_file():  # else an interrupted build has left it
                _wrapper(work, plan.toolchain, None)
            note(f"{recipe.name}: fetching at most {number_of(len(recipe.crates), 'crate')} by cargo")
            packages = source.lay(recipe, plan.edits, cargo, work)
            _wrapper(work, plan.toolchain, _registry(packages, work))
            note(f"{recipe.name}: building {number_of(len(packages), 'crate')} by {plan.toolchain.version}")
            cargo.build(recipe, recipe.flags, step)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
            kept = work / "kept"
            _keep(plan, packages, kept, {"wall_seconds": round(time.monotonic() - started), "cpu_seconds": round(cpu)})
            shutil.rmtree(final, ignore_errors=True)
            kept.rename(final)
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        raise InfrastructureError(f"{error.filename or work}: {error.strerror or error}") from None
    made = store.read(recipe.name, final)
    assert made is not None, "it has just been written"
    return made


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """One build of a kernel at a time; a second one waits."""
    with work.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work.mkdir(exist_ok=True)
        yield


def _room(recipe: Recipe, work: Path) -> None:
    free = shutil.disk_usage(work).free >> 20
    if free < recipe.disk:
        raise InfrastructureError(
            f"{work}: {free} MB are free, the build takes {recipe.disk}; FERRULE_CACHE names another folder"
        )


def _registry(packages: list[Mapping[str, Any]], work: Path) -> Path:
    """The folder in which cargo has unpacked the registry's crates."""
    return next(path.parent for one in packages if (path := Path(one["manifest_path"]).parent).parent.parent != work)


def _wrapper(work: Path, chosen: Toolchain, registry: Path | None) -> None:
    """Write the script by which cargo calls the compiler, so that no path of this machine is in the image.

    The same flags given to cargo would change the names of objects.
    """
    folders = {work: "/kernel", registry: "/crates", chosen.sysroot / "lib" / "rustlib" / "src" / "rust": "/rust"}
    maps = [f"--remap-path-prefix={path}={short}" for path, short in folders.items() if path is not None]
    lints = "--cap-lints=warn"  # as cargo does for crates of a registry, but not for edited copies
    text = f'#!/bin/sh\nexec "$@" {shlex.join(maps)} {lints}\n'
    path = work / WRAPPER
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
        path.chmod(0o755)


def _keep(plan: Plan, packages: list[Mapping[str, Any]], into: Path, cost: Mapping[str, int]) -> None:
    """Store image, list and manifest."""
    recipe = plan.recipe
    names = {"program": recipe.program, "library": recipe.program.replace("-", "_")}
    built = into.parent / "target" / recipe.target / "release" / _ELF[recipe.form].format(**names)
    content = image.flat(built.read_bytes()) if recipe.form == "efi" else built.read_bytes()
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    (into / recipe.file).write_bytes(content)
    (into / LIST).write_text(crates.render(recipe.crates))
    sums = {(one.name, one.version): one.sha256 for one in recipe.crates}
    manifest = {
        "name": recipe.name,
        "about": recipe.about,
        "file": recipe.file,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "recipe": recipe.digest(plan.edits),
        "features": recipe.features,
        "compiler": plan.toolchain.version,
        "linker": plan.tools.linker_version,
        "programs": list(plan.tools.programs),
        "named": [f"{name} {table['version'].lstrip('=')}" for name, table in sorted(recipe.dependencies.items())],
        "edited": sorted({edit.crate for edit in plan.edits.edits}),
        "cost": cost,
        "crates": [
            {
                "name": one["name"],
                "version": one["version"],
                "sha256": sums[one["name"], one["version"]],
                "licence": one["license"] or one["license_file"] or "not said",
            }
            for one in sorted(packages, key=lambda one: (one["name"], one["version"]))
        ],
    }
    (into / MANIFEST).write_text(json.dumps(seal(manifest), indent=1, ensure_ascii=False) + "\n")
