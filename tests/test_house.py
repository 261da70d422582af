"""Rules for the whole repository: documents match the code, files are short, nothing local leaks."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.places import ROOT

OS_NAMES = re.compile(r"\b(linux|redox|aero|hermit)\b", re.IGNORECASE)


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks, or would add, under these patterns."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    try:
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


DOCUMENTS = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
DOCUMENTS += sorted((ROOT / "guest").rglob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_to_files_resolve(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{name_of(document)}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_named_paths_exist(document: Path) -> None:
    """Paths in backticks that begin with one of our folders exist, unless they hold a <hole> or a wildcard."""
    for path in re.findall(r"`((?:guest|harness|suites|tests|docs|requirements)/[\w./-]*)`", document.read_text()):
        assert (ROOT / path).exists(), f"{name_of(document)}: {path}"


def test_documented_sessions_exist() -> None:
    text = (ROOT / "noxfile.py").read_text()
    sessions = set(re.findall(r"^def (\w+)\(session: nox\.Session\)|^    \"(\w+)\": \(\"", text, re.MULTILINE))
    sessions = {name for pair in sessions for name in pair if name}
    for document in DOCUMENTS:
        for session in re.findall(r"(?:noxfile\.py|nox) -s (\w+)", document.read_text()):
            assert session in sessions, f"{name_of(document)}: {session}"


def test_documented_commands_exist() -> None:
    script = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["ferrule"]
    assert script == "ferrule.cli:main"
    usage = subprocess.run(
        [sys.executable, "-c", "import sys; from ferrule.cli import main; sys.exit(main(['--help']))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "harness",
    ).stdout
    for document in DOCUMENTS:
        for command in re.findall(r"`ferrule (\w+)", document.read_text()):
            assert re.search(rf"^\s+{command}\s", usage, re.MULTILINE), f"{name_of(document)}: ferrule {command}"


def own_flags() -> set[str]:
    return set(re.findall(r'"(--[a-z][a-z0-9-]*)"', (ROOT / "harness/ferrule/options/flags.py").read_text()))


def test_every_flag_is_documented() -> None:
    text = "".join(document.read_text() for document in DOCUMENTS)
    documented = set(re.findall(r"--[a-z][a-z0-9-]*", text))
    assert own_flags() - documented == set()


def test_every_documented_flag_of_a_measurement_exists() -> None:
    """Whatever follows `-s bench --` in a document is an option of ours, of the noxfile or of pytest-benchmark."""
    for document in DOCUMENTS:
        for arguments in re.findall(r"-s bench -- ([^\n`]*)", document.read_text()):
            for flag in re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", arguments.partition("#")[0]):
                assert flag in own_flags() | {"--get"} or flag.startswith("--benchmark-"), (
                    f"{name_of(document)}: {flag}"
                )


def test_temporary_folders_are_made_in_one_place() -> None:
    """Every start removes unlocked folders with our prefix: one made elsewhere would be removed while in use."""
    made = re.compile(r"mkdtemp|TemporaryDirectory\(.*prefix")
    found = [name_of(path) for path in tracked("harness/*.py") if made.search(path.read_text())]
    assert found == ["harness/ferrule/files.py"]


def test_nothing_local_leaks() -> None:
    """No path of a developer's machine and no registry's host name in any published file."""
    local = [f"{ROOT}/", f"{Path.home()}/"]
    hosts = [f"{name}.{domain}" for name, domain in [("pypi", "org"), ("pythonhosted", "org"), ("crates", "io")]]
    found = [
        f"{name_of(path)}: {word}"
        for path in tracked()
        for word in [*local, *hosts, "--index" + "-url"]
        if word in path.read_text(errors="replace") and len(word) > 2
    ]
    assert found == []


@pytest.mark.parametrize(
    ("patterns", "limit"),
    [(("*.py",), 300), (("guest/*.c", "guest/*.h", "harness/*.c"), 400)],
    ids=["python", "c"],
)
def test_files_are_one_noun_long(patterns: tuple[str, ...], limit: int) -> None:
    long = {name_of(path): lines for path in tracked(*patterns) if (lines := path.read_text().count("\n")) > limit}
    assert long == {}


def code_lines(workload: str) -> int:
    """Lines without comments, blank ones and the declaration row."""
    bare = re.sub(r"/\*.*?\*/|^WORKLOAD.*?^};", "", workload, flags=re.DOTALL | re.MULTILINE)
    return sum(bool(line.strip()) for line in bare.splitlines())


def test_workloads_are_short() -> None:
    long = {name_of(path): code_lines(path.read_text()) for path in tracked("guest/workloads/*/*.c")}
    assert {name: lines for name, lines in long.items() if lines > 60} == {}


def test_workloads_name_no_os() -> None:
    found = [name_of(path) for path in tracked("guest/workloads/*/*.c") if OS_NAMES.search(path.read_text())]
    assert found == []


def clang_format() -> str:
    if importlib.util.find_spec("clang_format") is None:
        pytest.skip("clang-format from PyPI is not installed: other versions format differently")
    return str(Path(sys.executable).with_name("clang-format"))


def test_c_is_formatted() -> None:
    sources = [str(path) for path in tracked("*.c", "*.h")]
    done = subprocess.run(
        [clang_format(), "--dry-run", "-Werror", *sources], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]


def example_workload() -> str:
    found = re.search(r"```c\n(.*?)```", (ROOT / "docs/adding-a-workload.md").read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_documented_workload_is_formatted(tmp_path: Path) -> None:
    source = tmp_path / "pipe_loopback.c"
    source.write_text(example_workload())
    shutil.copy(ROOT / ".clang-format", tmp_path)
    done = subprocess.run(
        [clang_format(), "--dry-run", "-Werror", str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_documented_workload_compiles(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no cc on PATH")
    source = tmp_path / "pipe_loopback.c"
    source.write_text(example_workload())
    includes = ["-I", str(ROOT / "guest"), "-I", str(ROOT / "guest/os/linux")]
    flags = ["-std=gnu11", "-ffreestanding", "-O2", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    done = subprocess.run([compiler, *flags, *includes, str(source)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    from ferrule import __version__

    citation = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert citation is not None
    assert project == __version__ == citation[1]


def test_ci_runs_the_readme_command() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert "noxfile.py -s tests" in script
    assert "python3 noxfile.py -s tests" in (ROOT / "README.md").read_text()
    subprocess.run(["bash", "-n", str(ROOT / ".ci/run")], check=True)
