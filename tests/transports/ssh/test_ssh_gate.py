"""The time gate over SSH as a user runs it, against a real server in this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ferrule.cli import main
from ferrule.errors import EXIT_OK, EXIT_USAGE
from ferrule.gate.paired.stored import load

if TYPE_CHECKING:
    from tests.transports.ssh.conftest import Server

PAIRS = 7  # the least for one workload


def gate(server: Server, *more: str) -> int:
    given = ["--tier", "time", "--guest", str(server.address), "--base", "self", "--candidate", "self", "--seed", "3"]
    return main(["gate", *given, "--workload", "null_call", "--pairs", str(PAIRS), *more])


def test_pairs_are_taken_on_the_cpu_that_was_asked_for(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cpu = min(os.sched_getaffinity(0))  # not the default
    login = ["--host-key", str(server.folder / "host.pub"), "--identity", str(server.folder / "user")]
    where = ["--cpu", str(cpu), "--remote-folder", str(tmp_path), "--results", str(tmp_path / "results")]
    code = gate(server, *login, *where)
    output = capsys.readouterr()
    assert code != EXIT_USAGE, output.err
    assert f"CPUs {cpu}" in output.out
    (file,) = (tmp_path / "results").glob("[0-9]*/*/gates/*.jsonl")
    _, pairs = load(file)
    taken = [turn.conditions for turn in pairs[0].turns.values()]
    assert [one and (one.cpus, one.accel) for one in taken] == [((cpu,), "remote")] * 2
    assert all(one and one.facts["host.cpu.family"] for one in taken if os.uname().machine == "x86_64")
    assert code == EXIT_OK or "the control moved" in output.out, output.out
    assert not list(tmp_path.glob("ferrule.*"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--cpu", "9999"), "--cpu 9999: the host has no such CPU; it has 0"),
        (("--cpu", "x"), "--cpu x: give CPU numbers separated by commas, e.g. --cpu 3,2"),
        (("--remote-folder", "here"), "--remote-folder 'here': give an absolute path on the SSH host"),
        (("--sha256", "12"), "--sha256 12: is not 64 hexadecimal digits"),
    ],
)
def test_a_wrong_option_is_one_line(
    more: tuple[str, ...], words: str, server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = ["--host-key", str(server.folder / "host.pub"), "--identity", str(server.folder / "user")]
    assert gate(server, *login, "--results", str(tmp_path), *more) == EXIT_USAGE
    assert words in capsys.readouterr().err


def test_a_missing_identity_is_an_error_where_the_server_demands_one(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(server, "--results", str(tmp_path)) == EXIT_USAGE
    assert "no --host-key FILE" in capsys.readouterr().err
    assert gate(server, "--host-key", str(server.folder / "host.pub"), "--results", str(tmp_path)) == EXIT_USAGE
    assert "no --identity FILE, and the server demands one" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--cpu=1", "--host-key=a", "--identity=a", "--remote-folder=/tmp"])
def test_counts_depend_on_no_host(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", flag]) == EXIT_USAGE
    assert f"{flag.partition('=')[0]}: is a flag of --tier time" in capsys.readouterr().err
