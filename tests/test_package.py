"""The package as users get it: built, installed beside its dependencies, and used in an empty folder."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import site
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from ferrule import paths

from tests.support.places import ROOT

needs_builder = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("hatchling", "venv", "ensurepip")),
    reason="hatchling builds the package, and venv with ensurepip installs it",
)
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="no qemu-system-x86_64")
on_linux_x86 = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the documented port is Linux's on x86-64"
)
pytestmark = needs_builder


def environment() -> dict[str, str]:
    """Our environment variables, without those that name this checkout."""
    ours = ("PYTEST_", "PYTHONPATH", "FERRULE_ROOT")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}


def build(source: Path, what: str, into: Path) -> Path:
    """A wheel or an sdist of a tree, by its own build backend."""
    program = f"import hatchling.build as backend, sys; print(backend.build_{what}(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(into)], cwd=source, capture_output=True, text=True, timeout=120, check=True
    )
    return into / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@dataclass(frozen=True)
class Installed:
    """An environment with the package in it, and an empty folder to run in."""

    programs: Path
    home: Path

    def __call__(self, *command: str, check: int = 0) -> str:
        """Run one of its programs there; returns its output."""
        program = str(self.programs / command[0])
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.home,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == check, done.stdout + done.stderr
        return done.stdout


def install(package: Path, home: Path) -> Installed:
    """A fresh environment with the package in it; its dependencies are those of the environment that runs the tests."""
    subprocess.run([sys.executable, "-m", "venv", str(home / "env")], check=True, timeout=120)
    scheme = sysconfig.get_paths(vars={"base": str(home / "env"), "platbase": str(home / "env")}, scheme="venv")
    beside = {sysconfig.get_path("purelib"), *site.getsitepackages()}
    (Path(scheme["purelib"]) / "beside.pth").write_text("\n".join(sorted(beside)) + "\n")
    pip = [str(home / "env/bin/python"), "-m", "pip", "-q", "--disable-pip-version-check", "install"]
    subprocess.run(
        [*pip, "--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed", str(package)],
        check=True,
        env=environment(),
        timeout=300,
    )
    (home / "empty").mkdir()
    return Installed(home / "env" / "bin", home / "empty")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(wheel, tmp_path_factory.mktemp("installed"))


def test_the_wheel_holds_what_a_measurement_reads(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"ferrule/_guest/{path.relative_to(paths.guest())}" for path in paths.guest().rglob("*") if path.is_file()
    }
    package = ROOT / "harness"
    wanted |= {
        str(path.relative_to(package))
        for path in (package / "ferrule").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and ".pytest_cache" not in path.parts
    }
    assert wanted <= packed
    assert {name.partition("/")[0].partition("-")[0] for name in packed} == {"ferrule"}


def test_the_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as packed:
        packed.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()
    (tmp_path / "dist").mkdir()
    again = build(tree, "wheel", tmp_path / "dist")
    assert again.read_bytes() == wheel.read_bytes()


def test_an_sdist_installs_and_measures(sdist: Path, tmp_path: Path) -> None:
    ferrule = install(sdist, tmp_path)
    out = ferrule("ferrule", "run", "--guest=local", "--quick", "--workload=null_call")
    assert "null_call" in out
    assert list(ferrule.home.glob("results/*/*/local.jsonl"))


def test_nothing_of_the_checkout_is_used(installed: Installed) -> None:
    program = "from ferrule import paths; print(paths.guest(), paths.suites(), paths.checkout())"
    out = installed("python", "-c", program)
    assert str(ROOT) not in out
    assert out.split()[-1] == "None"


@needs_qemu
def test_measure_and_publish(installed: Installed) -> None:
    words = ("--quick", "--accel=icount", "--workload=null_call,pipe_latency")
    out = installed("ferrule", "run", "--guest=local,floor", *words)
    assert "floor (icount)" in out
    lines = [next(installed.home.glob(f"results/*/*/{guest}.jsonl")).read_text() for guest in ("local", "floor")]
    assert all(json.loads(line)["commit"] is None for text in lines for line in text.splitlines())
    assert "results/published/" in installed("ferrule", "publish")
    assert not (installed.home / ".benchmarks").exists(), "nothing is left where nothing was saved"


def test_the_suites_by_name_under_pytest_itself(installed: Installed) -> None:
    words = ("--guest=local", "--verify-only", "--workload=null_call", "--no-history")
    assert "1 passed" in installed("python", "-m", "pytest", "--pyargs", "ferrule.suites", *words)


@needs_qemu
def test_gate_against_a_baseline_in_the_folder(installed: Installed) -> None:
    words = ("gate", "--guest=floor", "--workload=null_call", "--boots=2")
    installed("ferrule", *words, "--update-baseline")
    assert list(installed.home.glob("results/baselines/floor-*.json"))
    assert "ok" in installed("ferrule", *words)


def test_list_doctor_validate(installed: Installed) -> None:
    assert "pipe_latency" in installed("ferrule", "list")
    assert "local" in installed("ferrule", "doctor", "--guest=local")
    installed("ferrule", "validate", "--short", "--only=cost,page", "--corpus=kept")
    assert (installed.home / "results/validation.md").is_file()


@on_linux_x86
def test_a_suite_a_workload_and_a_port_of_ones_own(installed: Installed) -> None:
    from tests.payload.test_porting import outside

    mine = installed.home / "mine"
    mine.mkdir()
    ours = (paths.guest() / "workloads/syscall/null_call.c").read_text()
    (mine / "my_call.c").write_text(ours.replace('"null_call"', '"my_call"').replace('"syscall"', '"mine"'))
    (installed.home / "bench_mine.py").write_text(
        "from ferrule.suite import family\n\n\n@family('mine')\ndef test_mine(measurement):\n    measurement.report()\n"
    )
    outside(installed.home / "ports")
    words = ("--extra=mine", "--extra-guest=ports", "--guest=local,dummy", "--verify-only", "--no-history")
    out = installed("python", "-m", "pytest", "bench_mine.py", *words)
    assert "2 passed" in out
    assert "mine" in out
