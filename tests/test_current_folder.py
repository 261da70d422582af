"""What the current folder and the environment hold for other programs does not change how Ferrule starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule.validate.cost import measure

from tests.support.patience import PATIENCE

RUN = ("run", "--guest=local", "--workload=null_call", "--verify-only", "--no-history")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


def ferrule(*words: str, cwd: Path, check: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    """`-P`: as the installed program `ferrule`, which does not import from the current folder either."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "ferrule", *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == check, done.stdout + done.stderr
    return done


def shadow(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.py").write_text(f"raise RuntimeError('imported {name} from the current folder')\n")


@on_linux
@pytest.mark.parametrize("name", ["ferrule", "pytest", "signal", "numpy"])
def test_a_module_of_the_current_folder_replaces_none_of_a_measurement(name: str, tmp_path: Path) -> None:
    shadow(tmp_path, name)
    assert "1 result on 1 guest" in ferrule(*RUN, cwd=tmp_path).stdout


def test_a_module_of_the_current_folder_replaces_none_of_the_validation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow(tmp_path, "ferrule", "numpy", "random")
    monkeypatch.chdir(tmp_path)
    assert measure(1)["same"]


@on_linux
@pytest.mark.parametrize(
    ("variable", "value"),
    [("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1"), ("PYTEST_ADDOPTS", "-p no:benchmark -p no:ferrule")],
)
def test_a_measurement_names_the_plugins_that_it_needs(
    variable: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert "1 result on 1 guest" in ferrule(*RUN, cwd=tmp_path).stdout


@on_linux
@pytest.mark.parametrize("words", [RUN, ("compare", "last~1", "last")], ids=lambda words: words[0])
def test_a_current_folder_that_was_removed_is_named(words: tuple[str, ...], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = f"import os; os.rmdir({str(gone)!r}); from ferrule.cli import main; raise SystemExit(main({[*words]!r}))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=gone,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "ferrule: the current folder was removed; change to another one\n")


@on_linux
def test_a_fault_of_a_pytest_plugin_is_no_regression(tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text("def pytest_load_initial_conftests():\n    raise ValueError('faulty')\n")
    done = ferrule(*RUN, "-p", "faulty", cwd=tmp_path, check=3, PYTHONPATH=os.pathsep.join([*sys.path, str(tmp_path)]))
    assert done.stderr.startswith("ferrule: ")
    assert "Traceback" not in done.stderr


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    assert "null_call" in ferrule("list", "null_call", cwd=tmp_path).stdout
    assert "--nonsense" in ferrule("list", "--nonsense", cwd=tmp_path, check=2).stderr
