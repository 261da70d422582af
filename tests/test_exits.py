"""How commands end, as users see it: each in its own process."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ferrule import exits
from ferrule.errors import InfrastructureError, UsageError
from ferrule.gate.paired.pairs import Journal

from tests.support.gate_pairs import head, taken
from tests.support.patience import PATIENCE
from tests.support.seccomp import refuse

COSTS = {"null_call": 150.0}
HEALTHY = ("run", "--guest=local", "--quick", "--workload=null_call", "--no-history", "--seed=1")
LOST = ("run", "--guest=local", "--quick", "--workload=null_call", "--no-history", "--sha256=00")


def environment(**more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "PYTHONIOENCODING"))}
    return {**kept, **more}


def ferrule(*arguments: str, cwd: Path, **given: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ferrule.cli", *arguments]
    where = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), **given}
    return subprocess.run(command, cwd=cwd, text=True, timeout=PATIENCE, check=False, **where)  # type: ignore[call-overload,no-any-return]


def ended_reader() -> int:
    """The writing end of a pipe whose reader is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def stored(folder: Path, factor: float) -> str:
    """A stored gate whose candidate costs so many times its base."""
    journal = Journal(folder / "gate.jsonl", head(COSTS))
    for pair in taken(COSTS, {"null_call": factor}):
        journal.add(pair)
    return str(journal.path)


@pytest.mark.parametrize(("factor", "code"), [(1.1, 1), (1.0, 0)], ids=["regressed", "ok"])
@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
def test_a_gates_verdict_outlives_its_reader(factor: float, code: int, both: bool, tmp_path: Path) -> None:
    pipe = ended_reader()
    try:
        given = {"stdout": pipe, "stderr": subprocess.STDOUT if both else subprocess.PIPE}
        done = ferrule("gate", "--tier", "time", "--from", stored(tmp_path, factor), cwd=tmp_path, **given)
    finally:
        os.close(pipe)
    assert done.returncode == code
    assert not done.stderr


@pytest.mark.parametrize(("factor", "code"), [(1.1, 1), (1.0, 3)], ids=["regressed", "ok"])
def test_a_full_disk_makes_no_gate_pass(factor: float, code: int, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = ferrule("gate", "--tier", "time", "--from", stored(tmp_path, factor), cwd=tmp_path, stdout=full)
    assert done.returncode == code
    assert done.stderr == "ferrule: standard output: No space left on device; output is lost\n"


@pytest.mark.parametrize("arguments", [HEALTHY, ("list",), ("--help",)], ids=lambda value: value[0])
def test_a_healthy_command_outlives_its_reader(arguments: tuple[str, ...], tmp_path: Path) -> None:
    pipe = ended_reader()
    try:
        done = ferrule(*arguments, cwd=tmp_path, stdout=pipe)
    finally:
        os.close(pipe)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("arguments", [HEALTHY, ("list",), ("--help",)], ids=lambda value: value[0])
def test_a_full_disk_is_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = ferrule(*arguments, cwd=tmp_path, stdout=full)
    assert done.returncode == 3
    output = [line for line in done.stderr.splitlines() if not line.startswith("[")]  # progress
    assert output == ["ferrule: standard output: No space left on device; output is lost"]


def test_pytest_itself_ends_with_our_codes(tmp_path: Path) -> None:
    from tests.support.places import ROOT

    suites = [sys.executable, "-m", "pytest", str(ROOT / "suites"), *HEALTHY[1:]]
    pipe = ended_reader()
    try:
        done = subprocess.run(suites, stdout=pipe, stderr=subprocess.PIPE, env=environment(), cwd=ROOT, check=False)
    finally:
        os.close(pipe)
    assert done.returncode == 0, done.stderr
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(suites, stdout=full, stderr=subprocess.PIPE, env=environment(), cwd=ROOT, check=False)
    assert done.returncode == 3
    assert b"No space left on device" in done.stderr


def test_a_failing_run_is_no_regression(tmp_path: Path) -> None:
    """Its guest cannot be built: no temporary folder, no cache."""
    done = ferrule(*HEALTHY, cwd=tmp_path, env=environment(FERRULE_CACHE="/proc/nowhere"))
    assert done.returncode == 3
    assert "set FERRULE_CACHE to a folder that can be written" in done.stdout
    assert ferrule(*LOST, cwd=tmp_path).returncode == 2


def test_output_is_encodable_anywhere(tmp_path: Path) -> None:
    program = "from ferrule import exits; exit(exits.guarded(lambda: print('2 \u00b5s \u00b1 1 \u2013 \u2713') or 0))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(PYTHONIOENCODING="ascii"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "2 us +/- 1 - \\u2713\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda value: value.name)
def test_an_interruption_is_one_line_and_three(number: signal.Signals, tmp_path: Path) -> None:
    program = (
        "import signal, time; from ferrule import exits; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL);"  # the tests may run under nohup, whose children ignore it
        "exit(exits.guarded(lambda: print('ready', flush=True) or time.sleep(60)))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        _, output = child.communicate(timeout=PATIENCE)
    assert child.returncode == 3
    assert len(output.splitlines()) == 1
    assert "before it was finished" in output


def test_an_interrupted_measurement_is_three(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ferrule.cli", *HEALTHY, "--boots=500", "--processes=50"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stderr is not None
        until = time.monotonic() + 100
        while "round" not in child.stderr.readline():
            assert time.monotonic() < until
        child.terminate()
        child.communicate(timeout=PATIENCE)
    assert child.returncode == 3


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("no \x1b[31mred\n line"), 3, "a fault of Ferrule's: ValueError: no \\x1b[31mred line"),
        (RecursionError("deep"), 3, "RecursionError: deep"),
        (OSError(errno.EACCES, "Permission denied", "/a/b"), 3, "/a/b: Permission denied"),
        (MemoryError(), 3, "out of memory; close other programs"),
        (UsageError("--x: \x1b]0;title\x07"), 2, "--x: \\x1b]0;title\\x07"),
        (InfrastructureError("a\n    | tail"), 3, "a\n    | tail"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 3, "Broken pipe"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_raised_is_one_line_with_its_code(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> int:
        raise error

    assert exits.guarded(fails) == code
    output = capsys.readouterr().err
    assert output.startswith("ferrule: ")
    assert words in output
    assert "\x1b" not in output
    assert len(output.splitlines()) == 1 + words.count("\n")


def test_closed_standard_streams_take_no_file_of_ours(tmp_path: Path) -> None:
    program = (
        "import os; [os.close(number) for number in (0, 1, 2)]; from ferrule import exits;"
        "exit(exits.guarded(lambda: os.open(os.devnull, os.O_RDONLY)))"
    )
    assert subprocess.run([sys.executable, "-c", program], env=environment(), check=False).returncode >= 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workload=pipe_latency[size=0]",), "size=0 is not from 1 to 4096"),
        (("--workload=null_call[cross_core]",), "null_call has one end only"),
        (("--guest=linux", "--memory=0"), "--memory 0: the linux guest needs 96 MiB"),
        (("--guest=linux", "--memory=16"), "--memory 16: the linux guest needs 96 MiB"),
        (("--guest=linux", "--accel=icount", "--cpu=1"), "--cpu 1: the linux guest pins to CPU 0 only"),
        (("--guest=floor", "--memory=0"), "--memory 0: the floor guest needs 64 MiB"),
    ],
)
def test_usage_that_cannot_be_meant_is_one_line_and_two(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = ferrule("run", "--guest=local", "--quick", "--no-history", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    (message,) = [line for line in done.stderr.splitlines() if line.startswith("ferrule: ")]
    assert words in message


@pytest.mark.parametrize("more", [(), ("--cpu=0",), ("--workload=pipe_latency", "--place=cross_core")])
def test_a_run_that_may_not_pin_measures_free_and_says_so(more: tuple[str, ...], tmp_path: Path) -> None:
    done = ferrule(*HEALTHY, *more, cwd=tmp_path, preexec_fn=refuse("sched_setaffinity"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not pinned (the kernel refused: EPERM 1)" in done.stdout
    assert re.search(r"^  \([a-z]\) the kernel refused to pin it .*: it ran free", done.stdout, re.M)
    assert not re.search(r", (placement|kinds) ", done.stdout), "nothing is pinned, so no placement is reported"


def test_a_run_without_any_guest_measured_nothing(tmp_path: Path) -> None:
    done = ferrule("run", "--no-history", "--suite=elsewhere", cwd=tmp_path)
    assert done.returncode == 2


def test_a_container_that_refuses_pidfds_measures_all_the_same(tmp_path: Path) -> None:
    done = ferrule(*HEALTHY, cwd=tmp_path, preexec_fn=refuse("pidfd_open"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "run: 1 result on 1 guest; not stored"
