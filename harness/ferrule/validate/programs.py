"""Other benchmarks' own programs: finds them, runs one once, and reads the cost of an operation from its output.

perf, rt-tests and stress-ng are taken from PATH; will-it-scale, libMicro and UnixBench are built by the user, in one
folder. None of them is part of this project; only the number that they print is stored.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ferrule import apt
from ferrule.errors import InfrastructureError, UsageError
from ferrule.text import one_line

ENVIRONMENT: Final = "FERRULE_PEERS"
PATIENCE: Final = 180.0  # seconds that one run of a peer may take
_WINDOW: Final = re.compile(r"^min:\d+ max:\d+ total:(\d+)\s*$", re.MULTILINE)
Centre = Literal["mean", "median"]


@dataclass(frozen=True)
class Tool:
    """One benchmark: how its programs are found, and what they print."""

    name: str
    marker: str  # one of its programs: a name on PATH, or a pattern below the user's folder
    get: str  # how to install it
    reads: str  # finds the number in its output; the first match counts
    ns: float  # the number times this is ns; negative: the number is a rate, and -ns / number is ns
    centre: Centre  # the statistic that the number is
    version: tuple[str, ...] = ()  # arguments that print its version; (): it has none
    built: bool = False  # by the user


_BUILD: Final = "build it in a folder below the one that --peers or $FERRULE_PEERS names"
_BOGO: Final = r"metrc: \[\d+\] \S+ +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +([\d.]+) "  # operations a second, of real time
TOOLS: Final = {
    one.name: one
    for one in (
        Tool("perf", "perf", apt.install(["linux-perf"]), r"([\d.]+) usecs/op", 1e3, "mean", ("--version",)),
        Tool("rt-tests", "hackbench", apt.install(["rt-tests"]), r"Time: ([\d.]+)", 1e9, "mean", ("-h",)),
        Tool("stress-ng", "stress-ng", apt.install(["stress-ng"]), _BOGO, -1e9, "mean", ("--version",)),
        Tool("will-it-scale", "getppid1_processes", _BUILD, r"", -1e9, "mean", built=True),
        Tool("libMicro", "bin-*/getpid", _BUILD, r"^\w+ +\d+ +\d+ +([\d.]+) ", 1e3, "median", ("-V",), built=True),
        Tool("UnixBench", "pgms/context1", _BUILD, r"^COUNT\|(\d+)\|1\|lps", -1e9, "mean", built=True),
    )
}


def folder_of(parsed: Path | None) -> Path | None:
    """The folder of the user's builds: from the flag, else from the environment.

    Raises:
        UsageError: there is no such folder.
    """
    found = parsed or (Path(named) if (named := os.environ.get(ENVIRONMENT)) else None)
    if found is not None and not found.is_dir():
        raise UsageError(f"{'--peers' if parsed else f'${ENVIRONMENT}'} {found}: no such folder")
    return found


def find(folder: Path | None) -> dict[str, Path]:
    """The folder of programs by tool, for the tools that are available."""
    found: dict[str, Path] = {}
    for tool in TOOLS.values():
        if not tool.built:
            if program := shutil.which(tool.marker):
                found[tool.name] = Path(program).parent
            continue
        patterns = (f"{above}{tool.marker}" for above in ("", "*/", "*/*/"))
        programs = [path for pattern in patterns if folder for path in sorted(folder.glob(pattern))]
        if programs:
            found[tool.name] = programs[0].parent
    return found


def missing(tool: str) -> str:
    """The reason why the rows of a tool are left out."""
    return f"{tool} is not here: {TOOLS[tool].get}"


def version(tool: str, folder: Path) -> str:
    """The version that the tool prints; where it prints none, the date of the build."""
    one = TOOLS[tool]
    program = folder / Path(one.marker).name
    if not one.version:
        return f"{tool}, built {time.strftime('%Y-%m-%d', time.gmtime(program.stat().st_mtime))}"
    done = subprocess.run([program, *one.version], capture_output=True, text=True, timeout=PATIENCE, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return f"{tool} {found[0] if found else 'of unknown version'}"


def run(command: Sequence[str], cpu: int, environment: Mapping[str, str]) -> str:
    """The output of one run of a program, pinned to one CPU.

    Raises:
        InfrastructureError: it failed, did not end, or cannot be started.
    """
    pinned, shown = ["taskset", "-c", str(cpu), *command], " ".join(command)
    try:
        done = subprocess.run(
            pinned, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        raise InfrastructureError(f"{shown}: did not end in {PATIENCE:.0f} s") from None
    except OSError as error:
        raise InfrastructureError(f"{shown}: {error.strerror or error}") from None
    if done.returncode:
        last = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()][-1:]
        raise InfrastructureError(f"{shown}: exit status {done.returncode}: {one_line(' '.join(last))}")
    return done.stdout + done.stderr


def windows(command: Sequence[str], cpu: int, environment: Mapping[str, str], count: int) -> str:
    """The output of will-it-scale until it has printed `count` windows of a second; then it is killed.

    By itself it would only end after six seconds of warm-up. It gets a terminal, because only there does it write line
    by line.

    Raises:
        InfrastructureError: it ended before, or cannot be started.
    """
    ours, theirs = pty.openpty()
    pinned, output, shown = ["taskset", "-c", str(cpu), *command], "", " ".join(command)
    try:
        child = subprocess.Popen(
            pinned, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=environment
        )
    except OSError as error:
        os.close(ours)
        raise InfrastructureError(f"{shown}: {error.strerror or error}") from None
    finally:
        os.close(theirs)
    try:
        while len(_WINDOW.findall(output.replace("\r", ""))) < count:
            try:
                more = os.read(ours, 4096)
            except OSError:  # EIO: no process has the other end open any more
                more = b""
            if not more:
                raise InfrastructureError(f"{shown}: ended early: {one_line(output)[-200:]}")
            output += more.decode(errors="replace")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(ours)
    return output.replace("\r", "")


def read_windows(output: str) -> float:
    """Operations in the last second that will-it-scale printed.

    Raises:
        InfrastructureError: there is none, or it was idle.
    """
    found = _WINDOW.findall(output)
    if not found or not int(found[-1]):
        raise InfrastructureError(f"will-it-scale: no operation in its output: {one_line(output)[-200:]}")
    return float(found[-1])


def read(output: str, pattern: str) -> float:
    """The number in the first match of a pattern.

    Raises:
        InfrastructureError: there is none, or it is not above zero.
    """
    found = re.search(pattern, output, re.MULTILINE)
    if not found or float(found[1]) <= 0:
        raise InfrastructureError(f"no number by {pattern!r} in: {one_line(output)[-200:]}")
    return float(found[1])
