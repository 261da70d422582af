"""Runs cargo as a child process: with the chosen compiler, without the user's own flags, its messages in a log."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferrule.errors import BuildFailed, InfrastructureError
from ferrule.kernels.recipe import Recipe
from ferrule.kernels.toolchain import Toolchain
from ferrule.kernels.tools import Tools
from ferrule.machine import children

LOG: Final = "cargo.log"
WRAPPER: Final = "rustc-wrapper"
TAIL_LINES: Final = 12
# Variables that would change the kernel: a user's own choice of compiler, flags, profile and folders.
_FOREIGN: Final = re.compile(
    r"RUST(?!UP_HOME$).*|CARGO_(BUILD|PROFILE|TARGET|ENCODED|UNSTABLE)_.*|CARGO_TARGET_DIR|AX_.*|SMP|DWARF|HERMIT_.*|BINDGEN_.*"
)


@dataclass(frozen=True)
class Cargo:
    """Runs cargo in one folder."""

    toolchain: Toolchain
    tools: Tools
    folder: Path
    environment: Mapping[str, str]

    def metadata(self, *options: str) -> dict[str, Any]:
        """The output of `cargo metadata`.

        Raises:
            InfrastructureError: it failed; quotes its error.
        """
        found: dict[str, Any] = json.loads(self._run("metadata", "--format-version", "1", *options))
        return found

    def fetch(self, recipe: Recipe) -> None:
        """Fetch the crates of the lock file that the target needs; crates in cargo's cache need no network.

        Raises:
            InfrastructureError: it failed; quotes its error.
        """
        self._run("fetch", "--locked", "--target", recipe.target)

    def build(self, recipe: Recipe, flags: Sequence[str], step: Callable[[str], None]) -> None:
        """Build; `step` is called with the name of each part that is finished.

        Raises:
            BuildFailed: it does not compile; quotes the compiler's last lines and names the log.
        """
        command = ["build", "--locked", "--release", "--target", recipe.target]
        command += ["--message-format", "json-render-diagnostics"]
        if not self.toolchain.has_target:
            command += ["-Zbuild-std=core,alloc", "-Zbuild-std-features=compiler-builtins-mem"]
        with (self.folder / LOG).open("wb") as log:
            child = self._start(command, subprocess.PIPE, log.fileno(), {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)})
            with child:
                try:
                    for line in child.stdout or ():
                        for name in _finished(line):
                            step(name)
                    status = child.wait()
                finally:
                    children.kill(child)
        if status:
            where = self.folder / LOG
            lines = _from_error(where.read_text(errors="replace"), TAIL_LINES)[:TAIL_LINES]
            tail = "\n".join(f"    | {line}" for line in lines)
            raise BuildFailed(
                f"{recipe.name}: cargo ended with {children.ending_text(status)}; its whole output: {where}\n{tail}"
            )

    def _run(self, *command: str) -> bytes:
        child = self._start(command, subprocess.PIPE, subprocess.PIPE, {})
        try:
            out, err = child.communicate()
        finally:
            children.kill(child)
        if child.returncode:
            raise InfrastructureError(f"cargo {command[0]}: {reason(err.decode(errors='replace'))}")
        return out

    def _start(
        self, command: Sequence[str], stdout: int, stderr: int, more: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        kept = {key: value for key, value in os.environ.items() if not _FOREIGN.fullmatch(key)}
        clang = {"LIBCLANG_PATH": str(self.tools.libclang)} if self.tools.libclang else {}
        if self.tools.headers:  # libclang itself does not find them where no clang is installed
            clang["BINDGEN_EXTRA_CLANG_ARGS"] = shlex.join(["-idirafter", str(self.tools.headers)])
        environment = {
            **kept,
            **clang,
            **self.environment,
            "RUSTC": str(self.toolchain.rustc),
            "RUSTC_BOOTSTRAP": "1",  # allows unstable features in a stable compiler, too
            "RUSTC_WRAPPER": str(self.folder / WRAPPER),
            "CARGO_TERM_COLOR": "never",
            "CARGO_INCREMENTAL": "0",
            "CARGO_TARGET_DIR": str(self.folder / "target"),
            "CARGO_TARGET_X86_64_UNKNOWN_NONE_LINKER": str(self.tools.linker),
            **more,
        }
        argv = [str(self.toolchain.cargo), *command]
        try:
            return children.start(argv, stdout=stdout, stderr=stderr, env=environment, cwd=str(self.folder))
        except OSError as error:
            raise InfrastructureError(f"{argv[0]}: {error.strerror}") from None


def _finished(line: bytes) -> Iterator[str]:
    try:
        message = json.loads(line)
    except ValueError:
        return
    if message.get("reason") == "compiler-artifact" and not message.get("fresh"):
        yield message["target"]["name"]


def reason(text: str) -> str:
    """The first and the last line of cargo's error, without progress such as `Blocking waiting for file lock`."""
    lines = [line.strip() for line in _from_error(text, 1) if line.strip()]
    return ": ".join(dict.fromkeys([*lines[:1], *lines[-1:]])) or "failed without a message"


def _from_error(text: str, otherwise: int) -> list[str]:
    """The lines from the first error on, or the last `otherwise` lines where there is none."""
    lines = text.splitlines()
    errors = (number for number, line in enumerate(lines) if line.startswith("error"))
    return lines[next(errors, max(0, len(lines) - otherwise)) :]
