"""The help of the command line, and how few modules it loads."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest
from ferrule.cli import main
from ferrule.commands.parser import COMMANDS, parse

from tests.support.patience import PATIENCE
from tests.support.places import ROOT


def ferrule(*arguments: str, columns: int = 80) -> str:
    command = [sys.executable, "-m", "ferrule.cli", *arguments]
    environment = os.environ | {"COLUMNS": str(columns)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE, check=True).stdout


def test_help_names_every_command_with_its_example() -> None:
    text = ferrule("--help")
    for name, (_, example, _) in COMMANDS.items():
        assert re.search(rf"^ +{name}\s", text, re.MULTILINE), name
        assert example in text
        assert example.split()[:2] == ["ferrule", name]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_examples_are_understood(name: str) -> None:
    assert callable(parse(shlex.split(COMMANDS[name][1])[1:]).action)


def test_the_help_of_a_run_holds_the_options_of_a_measurement_only() -> None:
    lines = ferrule("run", "--help").splitlines()
    assert len(lines) < 120
    assert lines[0].startswith("usage: ferrule run ")
    listed = set(re.findall(r"^ +(--[a-z0-9-]+)", "\n".join(lines), re.MULTILINE))
    ours = set(re.findall(r'"(--[a-z][a-z0-9-]*)"', (ROOT / "harness/ferrule/options/flags.py").read_text()))
    assert listed == ours


def test_what_a_command_does_not_know_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["list", "--gest"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --gest" in capsys.readouterr().err


def test_the_doctor_takes_the_arguments_of_the_run_that_follows() -> None:
    parsed = parse(["doctor", "--guest=local", "--quick", "-k", "null_call", "--benchmark-autosave"])
    assert parsed.guest == "local"
    assert parsed.quick
    assert parse(["doctor", "--json"]).json is True
    assert parse(["doctor", "--json=run.json"]).json == "run.json"  # FILE is for the run
    assert parsed.ignored == ["-k", "null_call", "--benchmark-autosave"]


@pytest.mark.parametrize("words", ["--version", "--help", "list", "list pipe_latency", "run --help"])
def test_listing_commands_load_no_slow_module(words: str) -> None:
    """numpy, scipy, pytest and SSH take a second or more; listing the workloads needs none of them."""
    program = (
        "import sys\nfrom ferrule.cli import main\n"
        f"try: main({words.split()!r})\nexcept SystemExit: pass\n"
        "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert {"numpy", "scipy", "pytest", "paramiko", "cryptography", "rich"} & set(done.stderr.split()) == set()
    assert "ferrule" in done.stderr.split()
