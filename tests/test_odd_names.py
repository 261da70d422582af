"""Folder names as users choose them: with brackets, commas, quotes, blanks and non-Latin letters."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule.cli import importable

from tests.support.patience import PATIENCE
from tests.support.places import ROOT

OWN = """from ferrule.suite import family


@family("ipc", pipe_latency=({"size": 777},))
def test_own(measurement):
    measurement.report()
"""
ODD = "a [1], \"q\" 'x' \N{LATIN SMALL LETTER E WITH ACUTE}"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


@pytest.mark.parametrize("name", [ODD, "plain"])
def test_a_checkout_and_all_folders_of_such_names_measure(name: str, tmp_path: Path) -> None:
    """The current folder has a foreign conftest.py that imports a missing module; it must not be loaded."""
    home = tmp_path / name
    for part in ("harness", "guest"):
        shutil.copytree(ROOT / part, home / part, ignore=shutil.ignore_patterns("__pycache__"))
    work, scratch = home / "work [2], x", home / "tmp [3], t"
    (work / "tests").mkdir(parents=True)
    (work / "tests" / "conftest.py").write_text("import no_such_module_anywhere\n")
    scratch.mkdir()
    here = {"TMPDIR": str(scratch), "FERRULE_CACHE": str(home / "cache [4],"), "PYTHONPATH": str(home / "harness")}
    words = ["run", "--guest=local", "--workload=null_call", "--verify-only", "--results=res [5],"]
    run = [sys.executable, "-m", "ferrule.cli", *words]
    done = subprocess.run(
        run, cwd=work, env={**os.environ, **here}, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (work / "res [5],").glob("*/*/verify/*")] == ["local.jsonl"]


@pytest.mark.parametrize("named", ["", "/bench_own.py", "/bench_own.py::test_own"])
def test_a_suite_in_a_folder_of_such_a_name_measures(named: str, tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "bench_own.py").write_text(OWN)
    words = [sys.executable, "-m", "ferrule.cli", "run", f"{ODD}{named}", "--guest=local", "--verify-only"]
    words += ["--workload=pipe_latency", "--no-history", "--json=run.json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "size=777" in (tmp_path / "run.json").read_text()


@pytest.mark.parametrize("text", ["pipe_latency[size=4096]," * 300, "[\0", "no_such[folder]"])
def test_text_that_can_be_no_folders_name_is_unchanged(text: str) -> None:
    """It may be the value of a flag, such as a long list of workloads."""
    assert importable(["--workload", text]) == ["--workload", text]


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")
def test_a_temporary_folder_with_a_comma_reaches_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferrule.machine.qemu import RESULTS, Machine, Qemu, find

    image = tmp_path / "a, b" / "image"
    image.parent.mkdir()
    image.write_bytes(b"x")
    running = Qemu(Machine(find(), "tcg", image, image, ports={RESULTS: "file"}))
    try:
        assert running.machine.initrd is not None
        assert "," not in str(running.machine.initrd)
        running.streams.wait()
        errors = running.errors.text()
    finally:
        running.close()
    assert "No such file" not in errors
