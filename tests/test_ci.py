"""The action for a kernel's own repository: pinned, without access to secrets, and its scripts as a job runs them."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.commands.parser import parse
from ferrule.images import debian
from ferrule.machine.options import GuestOptions

from tests.support.places import ROOT

ACTION, TEMPLATE = ROOT / "action.yml", ROOT / "templates" / "gate.yml"
EXAMPLES = sorted((ROOT / "docs" / "ci").glob("*.yml"))
PAGES = [ROOT / "docs" / "ci" / "github-pages.yml", ROOT / "templates" / "pages.yml"]
SCRIPTS = sorted((ROOT / "ci").glob("*.sh"))
FERRULE = Path(sys.executable).with_name("ferrule")


@pytest.mark.parametrize("file", [ACTION, *EXAMPLES], ids=lambda path: path.name)
def test_what_others_wrote_is_pinned_by_its_whole_hash(file: Path) -> None:
    for used in re.findall(r"^\s*-? ?uses: (\S+)", file.read_text(), re.MULTILINE):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used


@pytest.mark.parametrize("file", [ACTION, *EXAMPLES], ids=lambda path: path.name)
def test_no_credentials_are_kept_and_nothing_is_pasted_into_a_script(file: Path) -> None:
    text = file.read_text()
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    scripts = re.findall(r"^( *)(?:- )?run: [|>]?-?\n((?:\1  .*\n|\n)+)|run: (.+)", text, re.MULTILINE)
    assert all("${{" not in "".join(script) for script in scripts)


@pytest.mark.parametrize(
    "file", [ROOT / "docs/ci/github-pages.yml", ROOT / "templates/pages.yml"], ids=lambda f: f.name
)
def test_pages_are_made_by_flags_that_exist(file: Path) -> None:
    (words,) = re.findall(r"noxfile\.py\S* -s publish -- (.+)", file.read_text())
    parsed = parse(["publish", *shlex.split(words)])
    where = re.search(r"^ +(?:path: (site)|paths: \[(\w+)/\])$", file.read_text(), re.MULTILINE)
    assert where is not None
    assert str(parsed.site) in where.groups(), "what is uploaded is the site"


def inputs(file: Path) -> set[str]:
    """Names of the inputs that a file declares."""
    block = re.search(r"^(?P<indent> *)inputs:\n(?P<body>(?:(?P=indent)  .*\n|\n)+)", file.read_text(), re.MULTILINE)
    assert block is not None
    return set(re.findall(rf"^{block['indent']}  ([\w-]+):", block["body"], re.MULTILINE))


def test_action_template_and_document_agree() -> None:
    documented = set(
        re.findall(r"^\| `([\w-]+)` \|", (ROOT / "docs/gate.md").read_text().partition("## In the CI")[2], re.M)
    )
    assert documented == {"kernel", "guest", "baselines", "base-kernel", "options"}
    assert documented <= inputs(ACTION)
    assert documented <= inputs(TEMPLATE)
    script = (ROOT / "ci/gate.sh").read_text()
    for file in (ACTION, TEMPLATE):
        given = set(re.findall(r"^ +([A-Z_]+): (?:\$\{\{ inputs|\$\[\[ inputs)", file.read_text(), re.MULTILINE))
        assert given >= {"KERNEL", "GUEST", "BASELINES", "BASE_KERNEL", "OPTIONS"}
        assert all(name in script for name in given if not name.startswith("FERRULE"))


def run(cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """gate.sh, as a job runs it."""
    home = cwd / "home" / "bin"
    home.mkdir(parents=True, exist_ok=True)
    (home / "ferrule").unlink(missing_ok=True)
    (home / "ferrule").symlink_to(FERRULE)
    environment = {**os.environ, "FERRULE_HOME": str(cwd / "home"), "PYTHONPATH": str(ROOT / "harness"), **variables}
    return subprocess.run(
        [str(ROOT / "ci/gate.sh")], cwd=cwd, env=environment, capture_output=True, text=True, timeout=900, check=False
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_bash(script: Path) -> None:
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.skipif(not FERRULE.exists(), reason="ferrule is not installed beside this Python")
@pytest.mark.parametrize(
    ("variables", "status", "message"),
    [
        ({"KERNEL": "new"}, 2, "compare with what?"),
        ({"KERNEL": "none", "BASELINES": "kept"}, 2, "--candidate none: no such file"),
        ({"KERNEL": "new", "BASE_KERNEL": "none"}, 2, "--base none: no such file"),
        ({"KERNEL": "new", "BASELINES": "kept", "OPTIONS": "--suite=opera"}, 2, "--suite opera: no such suite"),
        ({"KERNEL": "new", "BASELINES": "kept", "OPTIONS": '--linux-append="pti=on"'}, 2, "leave out the quotes"),
        (
            {"KERNEL": "new", "BASELINES": "kept", "OPTIONS": '--linux-append=a="b c"\n--suite=opera'},
            2,
            "no such suite",
        ),
        ({"KERNEL": "new", "BASELINES": "kept", "OPTIONS": "--boots=2\n--suite ipc"}, 2, "--suite ipc: write one"),
        ({"KERNEL": "new", "ACCEPT": "true"}, 2, "BASELINES: name the folder"),
        ({"BASELINES": "kept"}, 2, "KERNEL: name the kernel"),
        ({"KERNEL": "new", "BASELINES": "kept", "REPORTS": "new/reports"}, 3, "Not a directory"),
    ],
)
def test_wrong_variables_are_reported(variables: dict[str, str], status: int, message: str, tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    done = run(tmp_path, **variables)
    assert done.returncode == status, done.stderr
    assert message in done.stderr


@pytest.mark.skipif(not FERRULE.exists(), reason="ferrule is not installed beside this Python")
def test_a_kernel_is_accepted_then_clean_then_worse(tmp_path: Path) -> None:
    """The steps of a job, with Debian's kernel as the one just built; pti=on is the change that makes it slower."""
    if reason := guests.unavailable("linux", GuestOptions(accel="icount")):
        pytest.skip(reason)
    shutil.copy(debian.fetch() / debian.IMAGE, tmp_path / "bzImage")
    few = "--workload=null_call\n--boots=2\n"
    given = {"KERNEL": "bzImage", "BASELINES": "ci/baselines", "OPTIONS": few}
    assert run(tmp_path, **given, ACCEPT="true").returncode == 0
    clean = run(tmp_path, **given)
    assert clean.returncode == 0, clean.stderr
    worse = run(tmp_path, **{**given, "OPTIONS": f"{few}--linux-append=pti=on\n"})
    assert worse.returncode == 1, worse.stderr
    reports = tmp_path / "ferrule-gate"
    assert "REGRESSED" in (reports / "gate.md").read_text()
    assert json.loads((reports / "gate.json").read_text())[0]["name"] == "linux/null_call"
    assert "ferrule_instructions{" in (reports / "metrics.txt").read_text()
    assert "<failure" in (reports / "gate.xml").read_text()
