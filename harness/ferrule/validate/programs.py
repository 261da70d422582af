"""Other benchmarks' own programs: where they are, how one is run once, and what it says that an operation takes.

perf, rt-tests and stress-ng are taken from PATH; will-it-scale, libMicro and UnixBench are built by the user, in one
folder. None of them is part of this project, and nothing of theirs is kept but the number that they print.
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
    marker: str  # a program of it: on PATH, or a pattern below the user's folder
    get: str  # what to do where it is missing
    reads: str  # finds the number in what it prints; the first that is found counts
    ns: float  # the number times this is ns; negative: it is a rate, and -ns over the number is
    centre: Centre  # what the number is of all that it measured
    version: tuple[str, ...] = ()  # prints its version; (): it has none
    built: bool = False  # by the user


_BUILD: Final = "build it in a folder of the one that --peers or $FERRULE_PEERS names"
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
    """Where the user's builds are: as the flag says, else as the environment does.

    Raises:
        UsageError: there is no such folder.
    """
    found = parsed or (Path(said) if (said := os.environ.get(ENVIRONMENT)) else None)
    if found is not None and not found.is_dir():
        raise UsageError(f"{'--peers' if parsed else f'${ENVIRONMENT}'} {found}: no such folder")
    return found


def find(folder: Path | None) -> dict[str, Path]:
    """By tool, the folder of its programs, of the tools that are here."""
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
    """Why its rows are left out."""
    return f"{tool} is not here: {TOOLS[tool].get}"


def version(tool: str, folder: Path) -> str:
    """As the tool itself says; of those that do not, when the program was built."""
    one = TOOLS[tool]
    program = folder / Path(one.marker).name
    if not one.version:
        return f"{tool}, built {time.strftime('%Y-%m-%d', time.gmtime(program.stat().st_mtime))}"
    done = subprocess.run([program, *one.version], capture_output=True, text=True, timeout=PATIENCE, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return f"{tool} {found[0] if found else 'of unknown version'}"


def run(command: Sequence[str], cpu: int, environment: Mapping[str, str]) -> str:
    """What a program prints in one run, pinned to one CPU.

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
    """What will-it-scale prints until it has told of `count` seconds; it goes on until it is stopped.

    Its own end comes after six seconds of warm-up. It writes line by line to a terminal alone, so it gets one.

    Raises:
        InfrastructureError: it ended before, or cannot be started.
    """
    ours, theirs = pty.openpty()
    pinned, said, shown = ["taskset", "-c", str(cpu), *command], "", " ".join(command)
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
        while len(_WINDOW.findall(said.replace("\r", ""))) < count:
            try:
                more = os.read(ours, 4096)
            except OSError:  # EIO: nobody has the other end any more
                more = b""
            if not more:
                raise InfrastructureError(f"{shown}: ended early: {one_line(said)[-200:]}")
            said += more.decode(errors="replace")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        os.close(ours)
    return said.replace("\r", "")


def read_windows(said: str) -> float:
    """Operations of the last second of which will-it-scale told.

    Raises:
        InfrastructureError: there is none, or it was idle.
    """
    found = _WINDOW.findall(said)
    if not found or not int(found[-1]):
        raise InfrastructureError(f"will-it-scale: no operation in what it said: {one_line(said)[-200:]}")
    return float(found[-1])


def read(said: str, pattern: str) -> float:
    """The number that a pattern finds first.

    Raises:
        InfrastructureError: there is none, or it is not above zero.
    """
    found = re.search(pattern, said, re.MULTILINE)
    if not found or float(found[1]) <= 0:
        raise InfrastructureError(f"no number by {pattern!r} in: {one_line(said)[-200:]}")
    return float(found[1])
