"""The noxfile's own logic, and the locks it installs from."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.patience import PATIENCE
from tests.support.places import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def load_noxfile() -> ModuleType:
    spec = importlib.util.spec_from_file_location("house_noxfile", ROOT / "noxfile.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entries(lock: Path) -> list[tuple[Requirement, list[str]]]:
    """Each requirement of a lock with its hashes."""
    logical = lock.read_text().replace("\\\n", " ").splitlines()
    found = []
    for line in filter(str.strip, logical):
        requirement, *hashes = line.split(" --hash=")
        found.append((Requirement(requirement), [text.strip() for text in hashes]))
    return found


def holds(requirement: Requirement, python: str) -> bool:
    environment = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux"}
    return requirement.marker is None or requirement.marker.evaluate(environment)


@pytest.fixture(scope="module")
def noxfile() -> ModuleType:
    pytest.importorskip("nox")
    return load_noxfile()


def test_there_is_a_lock_for_each_purpose() -> None:
    assert [lock.stem for lock in LOCKS] == ["anatomy", "bench", "compiler", "dev", "fuzz", "nox", "validate"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_locks_hold_names_versions_and_hashes_only(lock: Path) -> None:
    assert "://" not in lock.read_text()
    for requirement, hashes in entries(lock):
        assert re.fullmatch(r"==[0-9a-z.+!]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text) for text in hashes), requirement


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_locks_satisfy_the_ranges_on_every_python(lock: Path, python: str, noxfile: ModuleType) -> None:
    locked: dict[str, str] = {}
    for requirement, _ in entries(lock):
        if holds(requirement, python):
            name = canonicalize_name(requirement.name)
            assert name not in locked, f"{name} is locked twice for Python {python}"
            locked[name] = str(requirement.specifier).removeprefix("==")
    for text in noxfile.ranges(lock.stem):
        wanted = Requirement(text)
        if not holds(wanted, python):
            continue
        version = locked[canonicalize_name(wanted.name)]
        assert wanted.specifier.contains(Version(version)), f"{text}: {version} is locked; run nox -s lock"


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_agree_with_each_other(python: str) -> None:
    versions: dict[str, set[str]] = {}
    for lock in LOCKS:
        for requirement, _ in entries(lock):
            if holds(requirement, python):
                versions.setdefault(requirement.name, set()).add(str(requirement.specifier))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 1), (2, 2), (3, 3), (-9, 3)])
def test_exit_codes_pass_through_nox(code: int, expected: int, tmp_path: Path) -> None:
    pytest.importorskip("nox")
    child = f"import os, sys; sys.exit({code}) if {code} >= 0 else os.kill(os.getpid(), {-code})"
    (tmp_path / "noxfile.py").write_text(
        "import sys, nox\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import noxfile as house\n"
        "@nox.session(venv_backend='none')\n"
        f"def ends(session): house.passing_through(session, sys.executable, '-c', {child!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "nox", "-f", str(tmp_path / "noxfile.py"), "-s", "ends"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == expected, done.stderr


def test_relative_paths_are_the_callers_from_any_folder(tmp_path: Path) -> None:
    pytest.importorskip("nox")
    (tmp_path / "project").mkdir()
    (tmp_path / "caller").mkdir()
    (tmp_path / "caller" / "test_mine.py").touch()
    (tmp_path / "project" / "noxfile.py").write_text(
        "import os, sys, nox\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import noxfile as house\n"
        "@nox.session(venv_backend='none')\n"
        "def here(session):\n"
        "    print(*(house.of_caller(session, word) for word in session.posargs))\n"
        "    house.passing_through(session, sys.executable, '-c', 'import os; print(os.getcwd())')\n"
        "    print(os.getcwd())\n"
    )
    words = ["-s", "here", "--", "test_mine.py::test_one", "-k", "absent.py"]
    done = subprocess.run(
        [sys.executable, "-m", "nox", "-f", "../project/noxfile.py", *words],
        cwd=tmp_path / "caller",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    caller, project = str(tmp_path / "caller"), str(tmp_path / "project")
    assert done.stdout.splitlines() == [f"{caller}/test_mine.py::test_one -k absent.py", caller, project]


def test_the_noxfile_starts_from_any_folder(tmp_path: Path) -> None:
    pytest.importorskip("nox")
    command = [sys.executable, str(ROOT / "noxfile.py"), "--list"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "bench" in done.stdout
    assert not list(tmp_path.iterdir())


def start_over(tmp_path: Path, preparation: str) -> subprocess.CompletedProcess[str]:
    """The noxfile, alone in a folder, started by a Python without site-packages and with another defect."""
    (tmp_path / "noxfile.py").write_text((ROOT / "noxfile.py").read_text())
    program = f"import runpy, sys; {preparation}; runpy.run_path('noxfile.py', run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_missing_venv_is_one_line_with_the_command(tmp_path: Path) -> None:
    done = start_over(tmp_path, "sys.modules['ensurepip'] = None")
    assert done.returncode == 3
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "apt-get install -y python3-venv" in done.stderr


def test_old_python_is_one_line(tmp_path: Path) -> None:
    done = start_over(tmp_path, "sys.version_info = (3, 10, 9)")
    assert done.returncode == 3
    assert done.stderr.startswith("noxfile.py: Python 3.11 or newer is needed")
    assert len(done.stderr.splitlines()) == 1


def test_what_an_older_python_reads_has_no_newer_syntax() -> None:
    """Python 3.6 must parse the file as far as the line that reports the wrong version."""
    ast.parse((ROOT / "noxfile.py").read_text(), feature_version=(3, 6))
    assert "from __future__" not in re.sub(r"#[^\n]*", "", (ROOT / "noxfile.py").read_text())


def in_a_session(tmp_path: Path, program: str, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The noxfile of a checkout like ours whose session `bench` is this program."""
    text = (ROOT / "noxfile.py").read_text()
    start = text.index('    """Measure this machine')
    end = text.index("\n\n\n", start)
    (tmp_path / "noxfile.py").write_text(f"{text[:start]}{program}{text[end:]}")
    for name in ("pyproject.toml", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    command = [sys.executable, "noxfile.py", *flags, "-s", "bench"]
    around = {**os.environ, **environment}
    return subprocess.run(
        command, cwd=tmp_path, env=around, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("    session.run('false', external=True)", 3),
        ("    passing_through(session, sys.executable, '-c', 'exit(1)')", 1),
        ("    passing_through(session, sys.executable, '-c', 'exit(2)')", 2),
        ("    raise RuntimeError('a fault')", 3),
    ],
    ids=["a tool", "a regression", "usage", "a fault"],
)
def test_only_a_regression_is_one(program: str, code: int, tmp_path: Path) -> None:
    pytest.importorskip("nox")
    done = in_a_session(tmp_path, program, "--no-venv")
    assert done.returncode == code, done.stderr


def test_unavailable_packages_are_no_regression(tmp_path: Path) -> None:
    pytest.importorskip("nox")
    done = in_a_session(tmp_path, "    install(session, 'bench')", PIP_NO_INDEX="1", UV_NO_INDEX="1")
    assert done.returncode == 3, done.stderr
    assert done.stderr.splitlines()[-1].startswith("noxfile.py: the packages could not be installed")


def test_ranges_are_what_the_project_states(noxfile: ModuleType) -> None:
    assert set(noxfile.ranges("bench")) <= set(noxfile.ranges("dev"))
    assert any(text.startswith("hatchling") for text in noxfile.ranges("bench")), "editable installs build with it"
    assert [Requirement(text).name for text in noxfile.ranges("compiler")] == ["ziglang"]


@pytest.mark.parametrize(
    ("words", "names", "rest"),
    [
        (["--quick"], "", ["--quick"]),
        (["--get", "starry,hermit", "--quick"], "starry,hermit", ["--quick"]),
        (["--quick", "--get=hermit", "-k", "x"], "hermit", ["--quick", "-k", "x"]),
    ],
)
def test_kernels_to_build_are_no_words_of_the_run(
    noxfile: ModuleType, words: list[str], names: str, rest: list[str]
) -> None:
    assert noxfile.wanted_kernels(words) == (names, rest)


@pytest.mark.parametrize("words", [["--get"], ["--get="]])
def test_get_without_a_name_is_wrong_usage(noxfile: ModuleType, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        noxfile.wanted_kernels(words)
    assert ended.value.code == 2
