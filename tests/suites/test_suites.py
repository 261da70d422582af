"""The suites as a package, and suites of a user's own: found from any folder, whatever pytest is told there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule import paths

from tests.support.patience import PATIENCE

SUITE = """\
from ferrule.plugin import Measurement
from ferrule.suite import family

@family({family!r}{variants})
def test_mine(measurement: Measurement) -> None:
    measurement.report()
"""


def collected(cwd: Path, *arguments: str) -> list[str]:
    """Ids of the tests that pytest finds, started in a folder of the user's."""
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "--guest=local", "--place=same_core", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize("python_files", ["", "bench_*.py", "check_*.py"])
def test_the_suites_are_found_by_name_once_whatever_the_users_settings(python_files: str, tmp_path: Path) -> None:
    if python_files:
        (tmp_path / "pytest.ini").write_text(f"[pytest]\npython_files = {python_files}\n")
    found = collected(tmp_path, "--pyargs", "ferrule.suites", "--suite=syscall,control")
    assert "test_syscall[null_call-local]" in found
    assert "test_control[empty_loop-local]" in found
    assert len(found) == len(set(found))


def test_the_suites_are_found_by_name_and_by_folder_alike(tmp_path: Path) -> None:
    by_name = collected(tmp_path, "--pyargs", "ferrule.suites")
    assert by_name == collected(tmp_path, str(paths.suites()))
    assert len({name.partition("[")[0] for name in by_name}) > 5


def test_a_suite_of_the_users_names_our_workloads_and_parameters(tmp_path: Path) -> None:
    (tmp_path / "bench_mine.py").write_text(SUITE.format(family="ipc", variants=', pipe_bandwidth=[{"size": 128}]'))
    found = collected(tmp_path, "bench_mine.py", "--workload=pipe_bandwidth")
    assert found == ["test_mine[pipe_bandwidth[size=128]-local]"]


def test_a_suite_of_the_users_holds_workloads_of_the_users(tmp_path: Path) -> None:
    ours = (paths.guest() / "workloads/syscall/null_call.c").read_text()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/my_call.c").write_text(ours.replace('"null_call"', '"my_call"').replace('"syscall"', '"mine"'))
    (tmp_path / "bench_mine.py").write_text(SUITE.format(family="mine", variants=""))
    for choice in ((), ("--suite=mine",), ("--workload=my_call",)):
        assert collected(tmp_path, "bench_mine.py", "--extra=mine", *choice) == ["test_mine[my_call-local]"]
    found = collected(tmp_path, "--pyargs", "ferrule.suites.bench_elsewhere", "--extra=mine")
    assert found == ["test_elsewhere[my_call-local]"]


def test_the_workplace_is_the_folder_one_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.workplace() == tmp_path
    assert paths.results() == tmp_path / "results"
    assert paths.results("elsewhere") == Path("elsewhere")
    for folder in ("guest/core", "harness/ferrule", "docs/deep"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "docs" / "deep")
    assert paths.workplace() == tmp_path, "anywhere in a checkout it is the checkout"


def test_sources_of_another_checkout(tmp_path: Path) -> None:
    (tmp_path / "guest" / "core").mkdir(parents=True)
    with paths.rooted(tmp_path):
        assert paths.guest() == tmp_path / "guest"
    assert paths.guest() != tmp_path / "guest"
    assert os.environ.get("FERRULE_ROOT") is None
