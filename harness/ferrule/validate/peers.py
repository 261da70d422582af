"""Other benchmarks of the same operations with their default settings, for the comparison of speed."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferrule.errors import InfrastructureError
from ferrule.validate.programs import PATIENCE

LIBMICRO_NS = 256.0  # libMicro keeps nanoseconds since 1970 in a double; its last bit is worth this many


@dataclass(frozen=True)
class Peer:
    """One command of one tool for one of our workloads."""

    tool: str
    workload: str
    command: tuple[str, ...]
    pattern: str  # finds the value in its output
    ns: float  # the value times this is ns an operation of ours; negative: operations a second, this many ns apart
    grain: float = 0.0  # a sample is a multiple of this many ns; the pattern's second group: operations in a sample

    def values(self, cpu: int) -> tuple[list[float], float]:
        """Run it once, pinned to one CPU.

        Returns:
            ns an operation, one value for each of its replicates; and the resolution of these values, in ns.

        Raises:
            InfrastructureError: it failed, or printed no number.
        """
        command = ["taskset", "-c", str(cpu), *self.command]
        if self.tool == "pyperf":
            return _pyperf(command), 0.0
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        found = list(re.finditer(self.pattern, done.stdout + done.stderr, re.MULTILINE))
        if done.returncode or not found or float(found[-1][1]) <= 0:
            raise InfrastructureError(f"{' '.join(self.command)}: no number ({done.returncode}): {done.stderr[-300:]}")
        value = float(found[-1][1])
        step = self.grain / float(found[-1][2]) if self.grain else 0.0
        return [value * self.ns if self.ns > 0 else -self.ns / value], step


def _pyperf(command: Sequence[str]) -> list[float]:
    """The means of pyperf's worker processes, its own replicates."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        done = subprocess.run(
            [*command, "-o", str(path)], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        if done.returncode or not path.exists():
            raise InfrastructureError(f"pyperf: {done.stderr[-300:]}")
        (one,) = json.loads(path.read_text())["benchmarks"]
    runs = [run["values"] for run in one["runs"] if run.get("values")]
    return [1e9 * sum(values) / len(values) for values in runs]


def peers(folders: Mapping[str, Path]) -> list[Peer]:
    """All available peers; `folders` has the folders of programs by the tools' names (programs.py)."""
    found: list[Peer] = []
    if folder := folders.get("perf"):
        perf = str(folder / "perf")
        found += [
            Peer("perf bench", "null_call", (perf, "bench", "syscall", "basic"), r"([\d.]+) usecs/op", 1e3),
            Peer("perf bench", "pipe_latency", (perf, "bench", "sched", "pipe"), r"([\d.]+) usecs/op", 1e3),
        ]
    if folder := folders.get("will-it-scale"):
        programs = (
            *(("null_call", "getppid1", -1e9), ("pipe_latency", "context_switch1", -2e9)),
            *(("open_close", "open1", -1e9), ("page_fault", "page_fault1", -1e9)),
        )
        for workload, name, ns in programs:
            # -s 5 is the value of its own runtest.py; six windows of a second before them are its warm-up.
            program = (str(folder / f"{name}_processes"), "-t", "1", "-s", "5")
            found.append(Peer("will-it-scale", workload, program, r"^average:(\d+)", ns))
    if folder := folders.get("libMicro"):
        for workload, name, arguments in (("null_call", "getpid", ()), ("pipe_latency", "pipe", ("-m", "mp"))):
            columns = rf"^{name}\s+\d+\s+\d+\s+([\d.]+)\s+\d+\s+\d+\s+(\d+)"
            command = (str(folder / name), "-H", *arguments)
            found.append(Peer("libMicro", workload, command, columns, 1e3, LIBMICRO_NS))
    if importlib.util.find_spec("pyperf"):
        timed = ("-P", "-m", "pyperf", "timeit", "-q", "-s", "from os import getppid", "getppid()")
        found.append(Peer("pyperf", "null_call", (sys.executable, *timed), "", 1.0))
    return found
