"""Runs that are killed at random moments and resumed, and the checks of what they leave behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferrule.report import raw

ASKED = (
    *("--guest=local,floor", "--accel=icount", "--quick", "--processes=5", "--seed=5"),
    *("--workload=null_call,invalid_call,clock_read", "--accept"),
)
OK, BROKEN = 0, 3


class Place:
    """A folder with results and temporary files only; the cache is shared with all tests."""

    def __init__(self, folder: Path) -> None:
        self.results, self.temporary = folder / "results", folder / "tmp"
        self.temporary.mkdir(parents=True)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ferrule.cli", "run", f"--results={self.results}", *arguments]
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *arguments: str) -> tuple[int, str]:
        child = self.start(*arguments)
        output, _ = child.communicate(timeout=600)
        return child.returncode, output.decode()

    def children(self, name: str = "") -> list[int]:
        """Processes with the temporary folder in their command line and `name` in their program's path."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
                if os.fsencode(self.temporary) in line and name.encode() in line.split(b"\0")[0]:
                    found.append(int(entry.name))
        return found

    def unfinished(self) -> list[Path]:
        return sorted(self.results.glob("*/*/unfinished/*.jsonl"))

    def structure(self) -> dict[str, Any]:
        """The one stored run: by guest and run key its status, its number of processes, and their batch counts."""
        found: dict[str, Any] = {}
        for path in sorted(self.results.glob("*/*/*.jsonl")):
            line = json.loads(path.read_text().splitlines()[-1])
            samples = raw.load(path.parent / line["raw"])
            for key, run in samples.runs.items():
                numbers = Counter((one.boot, one.process) for one in run.processes)
                assert not numbers or max(numbers.values()) == 1, f"{path.stem}: {key}: a process came twice"
                found[f"{path.stem} {key}"] = (
                    run.status,
                    len(run.processes),
                    {len(one.ticks) for one in run.processes},
                )
            assert line["interrupted"] is False
        return found

    def lines(self) -> list[int]:
        """How many lines each guest's file has that are not marked as interrupted."""
        files = sorted(self.results.glob("*/*/*.jsonl"))
        return [sum('"interrupted":false' in line for line in path.read_text().splitlines()) for path in files]

    def left_over(self) -> list[str]:
        """What should not be there when nothing runs: processes, temporary folders, half-written files, locks."""
        deadline = time.monotonic() + 10
        while self.children() and time.monotonic() < deadline:  # the kernel is still ending them
            time.sleep(0.02)
        stray = [path for path in self.results.rglob("*") if path.name.startswith(".") or path.suffix == ".lock"]
        inside = [path for path in self.temporary.iterdir() if not path.name.startswith("pytest-of-")]
        return [*(f"process {one}" for one in self.children()), *map(str, stray), *map(str, inside)]


def kill_and_resume(place: Place, draw: random.Random, seconds: float, again: float = 0.3) -> int:
    """Kill a run of ASKED in its first `seconds`, resume it, kill it again with chance `again`; returns the kills."""
    kills, arguments = 0, list(ASKED)
    while True:
        child = place.start(*arguments)
        try:
            if kills == 0 or draw.random() < again:
                child.communicate(timeout=draw.random() * seconds)
            else:
                output = child.communicate(timeout=600)[0].decode()
                assert child.returncode == OK, output
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.communicate()
            kills += 1
        if place.unfinished():
            arguments = ["--resume=last"]
        elif any(place.results.glob("*/*/*.jsonl")):
            return kills


def run_while_qemu_is_killed(place: Place, draw: random.Random, kills: int) -> int:
    """A run of ASKED whose QEMU is killed `kills` times, at any moment; resumed when it fails. Returns the kills."""
    done, arguments = 0, list(ASKED)
    for _ in range(20):
        child = place.start(*arguments)
        while child.poll() is None:
            time.sleep(draw.random() * 0.3)
            victims = place.children("qemu-system") if done < kills else []
            for victim in victims[:1]:
                with suppress(ProcessLookupError):
                    os.kill(victim, draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
                    done += 1
        output = child.communicate()[0].decode()
        if not place.unfinished():
            assert child.returncode == OK, output
            return done
        assert child.returncode == BROKEN, output
        arguments = ["--resume=last"]
    raise AssertionError("resumed 20 times and not finished")


def check(place: Place, undisturbed: dict[str, Any], guests: Sequence[str] = ("floor", "local")) -> None:
    assert place.structure() == undisturbed
    assert place.lines() == [1] * len(guests)
    assert not place.unfinished()
    assert place.left_over() == []
