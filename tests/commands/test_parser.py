"""The help of the command line, and how few modules it loads."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

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
    assert main(["list", "--jsn"]) == 2
    assert capsys.readouterr().err == "ferrule: --jsn: no such option; did you mean --json?\n"


WRONG = {
    "": "the following arguments are required: COMMAND; see ferrule --help",
    "lst": "lst: no such command; did you mean list?",
    "kernel rmove": "rmove: no such command; did you mean remove?",
    "list a b": "b: no such argument; see ferrule list --help",
    "gate --tier fast": "argument --tier: invalid choice: 'fast' (choose from .*); see ferrule gate --help",
    "list --json --markdown": "argument --markdown: not allowed with argument --json; see ferrule list --help",
    "doctor --boots 0": "--boots 0: must be at least 1",
    "doctor --workload nul_call": "no workload nul_call; did you mean null_call?",
    "anatomy --guest floor --workload null_call --format svg": "--format svg: only with --out DIR, where the files go",
}


@pytest.mark.parametrize("words", WRONG, ids=lambda words: words or "nothing")
def test_wrong_usage_is_one_line(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    first, every, last = WRONG[words].partition(".*")
    message = capsys.readouterr().err
    assert message.startswith(f"ferrule: {first}")
    assert message.endswith(f"{last}\n")
    assert message.count("\n") == 1
    assert every or message == f"ferrule: {first}\n"


def with_a_value() -> Iterator[tuple[str, str]]:
    """Each command with each of its options that takes a value of any kind."""
    for name in COMMANDS:
        if name not in ("run", "kernel"):
            usage = ferrule(name, "--help", columns=3000).splitlines()[0]
            yield from ((name, option) for option in re.findall(r"(--[a-z0-9-]+) [^\]|]", usage))


def test_an_empty_value_is_refused_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*with_a_value()]
    assert {("publish", "--site"), ("gate", "--candidate"), ("validate", "--only")} <= {*asked}
    for name, option in asked:
        if option != "--linux-append":
            words = [name, option, *["", "x"][: 1 + (option == "--diff")]]
            assert main(words) == 2
            message = capsys.readouterr().err
            assert message.startswith(f"ferrule: argument {option}: ''"), words
            assert message.endswith(f"leave it out; see ferrule {name} --help\n")
            assert message.count("\n") == 1


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
