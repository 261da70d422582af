"""Which C compiler builds the payload and the timing core: `$CC`, else `cc`, else zig from PyPI."""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ferrule import apt, programs
from ferrule.errors import BuildFailed, ToolMissing, UsageError

ARCHES = ("x86_64", "aarch64", "riscv64")
SECONDS = 1800  # timeout of one call: none takes a minute, but a busy machine may be twenty times as slow
TAIL_LINES = 12


@dataclass(frozen=True)
class Compiler:
    """A C compiler driver. `version` is recorded with every result: the code of a timing loop depends on it."""

    command: tuple[str, ...]
    kind: Literal["gcc", "clang", "zig"]
    version: str

    def run(self, arguments: Sequence[str | Path], what: str, cwd: Path | None = None) -> None:
        """Compile or link.

        Raises:
            BuildFailed: the compiler failed or took too long; the message begins with `what`, the thing being built.
        """
        command = [*self.command, *map(str, arguments)]
        try:
            done = subprocess.run(command, cwd=cwd, capture_output=True, check=False, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            raise BuildFailed(f"{what}: {self.version} did not finish within {SECONDS} s") from None
        except OSError as error:
            raise BuildFailed(f"{what}: {self.command[0]}: {error.strerror}") from None
        if done.returncode:
            output = (done.stderr + done.stdout).decode(errors="replace").splitlines()
            tail = "\n".join(f"    | {line}" for line in output[-TAIL_LINES:])
            raise BuildFailed(f"{what}: {self.version} ended with status {done.returncode}\n{tail}")


def host_compiler() -> Compiler:
    """The compiler for programs that run here.

    Raises:
        UsageError: `$CC` names something that is no C compiler.
        ToolMissing: there is none.
    """
    return _found(os.environ.get("CC", ""), os.environ.get("PATH", ""), None)


def python_compiler() -> Compiler | None:
    """The compiler that built this Python, where it is installed: this Python can load its output."""
    words = tuple(shlex.split(sysconfig.get_config_var("CC") or ""))
    return _identify(words[:1]) if words and shutil.which(words[0]) else None


def target_compiler(arch: str) -> Compiler:
    """The compiler for freestanding programs of an architecture (ARCHES).

    `$CC` and `cc` are used when they make code for it; then the distributions' cross compilers, then zig.

    Raises:
        UsageError: an unknown architecture, or `$CC` names something that is no C compiler.
        ToolMissing: there is none.
    """
    if arch not in ARCHES:
        raise UsageError(f"architecture {arch}: not one of {', '.join(ARCHES)}")
    return _found(os.environ.get("CC", ""), os.environ.get("PATH", ""), arch)


def describe(compiler: Compiler) -> str:
    """A compiler as text for the user: `gcc (Debian 12.2.0-14) 12.2.0 [cc]`."""
    return f"{compiler.version} [{shlex.join(compiler.command)}]"


@functools.cache
def _found(cc: str, path: str, arch: str | None) -> Compiler:
    """Search once for each environment; `path` is only part of the cache's key."""
    del path
    for compiler in _candidates(cc, arch):
        if arch is None or compiler.kind == "zig" or _makes(compiler, arch):
            return compiler
    native = arch in (None, platform.machine())
    package = "gcc" if native else f"gcc-{str(arch).replace('_', '-')}-linux-gnu"
    wanted = "C compiler" if native else f"C compiler for {arch}"
    raise ToolMissing(f"no {wanted}: {apt.install([package])} (or: {sys.executable} -m pip install ziglang)")


def _candidates(cc: str, arch: str | None) -> Iterator[Compiler]:
    target = () if arch is None else ("-target", f"{arch}-freestanding-none")
    if cc:
        try:
            words = tuple(shlex.split(cc))
        except ValueError as error:
            raise UsageError(f"CC={cc}: {error}; correct its quotes, or unset CC") from None
        named = _identify(words) if words else None
        if named is None:
            raise UsageError(f"CC={cc}: cannot be run as a C compiler; unset CC or name another")
        if named.kind == "zig" and "-target" not in words:
            named = replace(named, command=(*words, *target))
        yield named
    names = ["cc"] if arch is None else ["cc", f"{arch}-linux-gnu-gcc"]
    for name in names:
        found = _identify((name,)) if shutil.which(name) else None
        if found is not None:
            yield found
    if importlib.util.find_spec("ziglang") is not None:
        zig = _identify((sys.executable, "-P", "-m", "ziglang", "cc", *target))
        if zig is not None:
            yield zig


def _identify(command: tuple[str, ...]) -> Compiler | None:
    """The compiler that a command is, by its `--version`; None when it cannot be run."""
    output = programs.output([*command, "--version"])
    if not output:
        return None
    first = output.splitlines()[0].strip()
    if "ziglang" in command or Path(command[0]).name == "zig":
        return Compiler(command, "zig", f"zig cc, {first}")
    return Compiler(command, "clang" if "clang" in first else "gcc", first)


def _makes(compiler: Compiler, arch: str) -> bool:
    """Whether a compiler makes code for an architecture without further options."""
    return (programs.output([*compiler.command, "-dumpmachine"]) or "").startswith(f"{arch}-")
