"""Limits of time that a user notices: CPU seconds of commands on an idle machine (nox -s clock)."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.clock, pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")]

MEASURE = "run --guest=local --workload=null_call --quick --no-history"
WITHOUT = "-p no:hypothesispytest -p no:xdist"  # of the tests' environment: a user has none of them


def cpu(words: str, home: Path) -> float:
    """CPU seconds of a command and its children: the least of three, after one that fills caches."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    spent = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "ferrule.cli", *words.split()]
        subprocess.run(command, cwd=home, env=environment, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(spent[1:])


@pytest.mark.parametrize("words", ["--version", "--help", "list", "list pipe_latency", "run --help"])
def test_a_look_takes_under_half_a_second(words: str, tmp_path: Path) -> None:
    assert cpu(words, tmp_path) < 0.5


def test_a_run_of_one_workload_takes_under_two_seconds(tmp_path: Path) -> None:
    assert cpu(f"{MEASURE} {WITHOUT}", tmp_path) < 2.0
