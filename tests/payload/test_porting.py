"""The steps of docs/porting.md, done exactly: a port that builds and runs, in a copy of the tree and outside it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE
from tests.support.places import ROOT

_LISTING = re.compile(r"^<!-- file: (?P<path>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {found["path"]: found["text"] for found in _LISTING.finditer((ROOT / "docs/porting.md").read_text())}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the parts of the checkout that a measurement needs, with the documented port added."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("guest", "harness"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    for path, text in FILES.items():
        assert not (root / path).exists()
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)
    return root


def test_a_port_is_one_folder_and_one_file() -> None:
    folders = {Path(path).parent.as_posix() for path in FILES}
    assert folders == {"guest/os/dummy", "harness/ferrule/guests"}
    assert [path for path in FILES if path.startswith("harness")] == ["harness/ferrule/guests/dummy.py"]


def ferrule(cwd: Path, harness: Path, *arguments: str, more: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the harness in an interpreter of its own, with the packages of one more folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "FERRULE_ROOT"))}
    environment = kept | {"PYTHONPATH": os.pathsep.join(map(str, filter(None, (harness, more))))}
    command = [sys.executable, "-m", "ferrule.cli", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def outside(folder: Path) -> Path:
    """The documented files in a folder of the user: the port, and the guest's module beside it."""
    for path, text in FILES.items():
        target = folder / ("dummy.py" if path.endswith(".py") else f"dummy/{Path(path).name}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder


def package(home: Path) -> Path:
    """An installed package that contains these files, laid out as by pip."""
    outside(home / "your_package")
    (home / "your_package" / "__init__.py").touch()
    entries = re.search(
        r'^\[project\.entry-points\."(.+)"\]\n(.+)$', (ROOT / "docs/porting.md").read_text(), re.MULTILINE
    )
    assert entries is not None
    about = home / "your_package-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: your-package\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{entries[1]}]\n{entries[2].replace(chr(34), '')}\n")
    return home


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"),
    reason="the dummy OS is Linux on x86-64 under another name",
)
@pytest.mark.parametrize("way", ["tree", "folder", "package"])
def test_the_documented_port_builds_and_runs(way: str, tree: Path, tmp_path: Path) -> None:
    words = ["run", "--guest=dummy", "--verify-only"]
    if way == "tree":
        done = ferrule(tmp_path, tree / "harness", *words)
    elif way == "folder":
        outside(tmp_path / "bench")
        done = ferrule(tmp_path, ROOT / "harness", *words, "--extra-guest", "bench")
    else:
        done = ferrule(tmp_path, ROOT / "harness", *words, more=package(tmp_path / "site"))
    assert done.returncode == 0, done.stdout + done.stderr
    stored = next(tmp_path.glob("results/*/*/verify/dummy.jsonl"))
    (line,) = [json.loads(text) for text in stored.read_text().splitlines()]
    assert line["conditions"]["os"] == line["conditions"]["kernel"] == "dummy"
    controls = {entry["key"]["workload"] for entry in line["entries"] if entry["control"]}
    works = {name for name, found in line["verdicts"].items() if found["verdict"] == "works"}
    refused = {name: found for name, found in line["verdicts"].items() if name not in works}
    assert works - controls >= {"null_call"}
    assert works - controls <= {"null_call", "null_call_wrapped"}  # the same call through functions
    assert refused
    for name, found in refused.items():
        assert (name, found["verdict"], found["errno"]) == (name, "not_ported", None)
        assert found["reason"].startswith("os_")
    assert re.search(r"^syscall +null_call +works$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith((".c", ".h"))])
def test_the_listings_keep_the_style(path: str, tree: Path) -> None:
    program = Path(sys.executable).with_name("clang-format")
    if not program.exists():
        pytest.skip("clang-format from PyPI is not installed: other versions format differently")
    shutil.copy(ROOT / ".clang-format", tree)
    done = subprocess.run(
        [str(program), "--dry-run", "-Werror", str(tree / path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_module_passes_the_linters(tree: Path) -> None:
    program = Path(sys.executable).with_name("ruff")
    if not program.exists():
        pytest.skip("ruff is not installed")
    for action in (["check"], ["format", "--check"]):
        command = [str(program), *action, "--no-cache", "harness/ferrule/guests/dummy.py"]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
