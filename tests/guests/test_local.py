"""The local guest and the registry of guests, with programs that end in every way that a payload can."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.errors import TransportError, UsageError
from ferrule.machine.children import ending_text
from ferrule.machine.guest import Execution
from ferrule.machine.options import GuestOptions
from ferrule.machine.transcript import Transcript
from hypothesis import given
from hypothesis import strategies as st

from tests.support.patience import PATIENCE, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


def script(text: str) -> bytes:
    """A payload for these tests: a shell script; $1 is process=K."""
    return f"#!/bin/sh\n{text}\n".encode()


def read_all(execution: Execution, timeout: float = 20.0) -> bytes:
    data = b""
    while chunk := execution.read(timeout):
        data += chunk
    return data


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie that its new parent has not reaped yet counts."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_names_are_looked_up_in_the_folder() -> None:
    assert set(guests.available()) >= {"local", "linux"}
    assert all(guests.available().values())
    assert guests.embedded()[0] == "local"
    assert guests.unavailable("local") is None
    with pytest.raises(UsageError, match=r"--guest plan9: unknown guest; there are .*linux, .*local"):
        guests.create("plan9")
    with pytest.raises(UsageError, match="takes no address"):
        guests.create("local://here")
    assert guests.unavailable("ssh://user@nowhere") is None


def test_processes_run_one_after_the_other_with_their_number() -> None:
    with guests.create("local").execute(script('echo "$@"; echo "said $1" >&2'), 3, 0) as execution:
        assert read_all(execution) == b"process=0\nprocess=1\nprocess=2\n"
        assert execution.ending().clean
        assert execution.console() == "said process=0\nsaid process=1\nsaid process=2\n"


@pytest.mark.parametrize(
    ("how", "detail"),
    [("exit 3", "exit status 3"), ("kill -SEGV $$", "signal 11 (SIGSEGV)"), ("kill -KILL $$", "signal 9 (SIGKILL)")],
)
def test_the_first_failure_ends_it(how: str, detail: str) -> None:
    text = f'echo "$1"; [ "$1" = process=1 ] && {how}; exit 0'
    with guests.create("local").execute(script(text), 3, 0) as execution:
        assert read_all(execution) == b"process=0\nprocess=1\n"
        assert not execution.ending().clean
        assert execution.ending().detail == detail


def test_silence_is_reported_in_time_and_close_ends_everything() -> None:
    with guests.create("local").execute(script('sleep 1000 & echo "$$ $!"; wait'), 1, 0) as execution:
        pids = [int(word) for word in execution.read(PATIENCE).split()]
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            execution.read(0.2)
        assert time.monotonic() - started > 0.1
        assert not gone(pids[1])  # it sleeps much longer
    assert eventually(lambda: all(map(gone, pids)))
    execution.close()
    assert execution.read(1) == b""


def test_output_on_stderr_does_not_extend_the_deadline() -> None:
    with guests.create("local").execute(script("exec yes >&2"), 1, 0) as execution:
        with pytest.raises(TimeoutError):  # `yes` never ends
            execution.read(0.5)
        assert len(execution.console()) <= 65536


def test_what_a_process_leaves_behind_does_not_outlive_it() -> None:
    with guests.create("local").execute(script('sleep 1000 & echo "$!"'), 2, 0) as execution:
        left = [int(word) for word in read_all(execution).split()]
        assert execution.ending().clean
    assert len(left) == 2
    assert eventually(lambda: all(map(gone, left)))


def test_nothing_outlives_a_killed_harness(tmp_path: Path) -> None:
    harness = tmp_path / "harness.py"
    harness.write_text(
        textwrap.dedent(
            """
            import time
            from ferrule import guests
            execution = guests.create("local").execute(b"#!/bin/sh\\nexec sleep 1000\\n", 1, 0)
            print(execution._payload.streams._child.pid, flush=True)
            time.sleep(1000)
            """
        )
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, str(harness)], stdout=subprocess.PIPE, env=environment) as running:
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        assert not gone(pid)
        running.send_signal(signal.SIGKILL)
    assert eventually(lambda: gone(pid))


def test_the_folder_is_private_and_goes_with_the_execution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with guests.create("local").execute(script('stat -c %a . "${0%/*}"; echo done'), 1, 0) as execution:
        assert b"700" in read_all(execution)
    assert not list(tmp_path.iterdir())


def test_a_file_that_this_host_cannot_execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(TransportError, match="built for another architecture"):
        guests.create("local").execute(b"\x7fELF\2\1\1" + bytes(100), 1, 0)
    assert not list(tmp_path.iterdir())


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on file sizes in place of a full disk: the write fails half-way in the same way."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(TransportError, match="set TMPDIR to a folder with 10000 bytes free"):
            guests.create("local").execute(bytes(10000), 1, 0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, kept)
    assert not list(tmp_path.iterdir())


def test_no_temporary_folder_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(TransportError, match="set TMPDIR"):
        guests.create("local").execute(b"", 1, 0)


def test_cpus_are_those_allowed() -> None:
    allowed = os.sched_getaffinity(0)
    guest = guests.create("local")
    assert guest.cpus[0] == max(allowed)
    assert set(guest.cpus) <= allowed
    assert len(set(guest.cpus)) == min(2, len(allowed))
    assert guests.create("local", GuestOptions(cpus=())).cpus == ()
    with pytest.raises(UsageError, match=r"--cpu 9999: the host has no such CPU; it has 0"):
        guests.create("local", GuestOptions(cpus=(9999,)))


def test_a_cpu_that_the_affinity_mask_leaves_out_may_be_asked_for() -> None:
    """Such as a CPU of isolcpus=, which no mask lists."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("one CPU")
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert guests.create("local", GuestOptions(cpus=(max(allowed),))).cpus == (max(allowed),)
        assert os.sched_getaffinity(0) == {min(allowed)}, "this process is not moved"
        with guests.create("local").execute(script("grep Cpus_allowed_list /proc/self/status"), 1, 0) as execution:
            assert read_all(execution).split()[-1] == str(min(allowed)).encode()
    finally:
        os.sched_setaffinity(0, allowed)


def test_the_host_describes_itself() -> None:
    facts = guests.create("local").describe()
    assert facts["host.kernel"].startswith("Linux ")
    assert facts["host.hypervisor"]
    assert len(facts["host.load"].split()) == 3
    assert all(isinstance(value, str) and "\n" not in value for value in facts.values())


@given(st.lists(st.binary(max_size=50)), st.integers(1, 100))
def test_a_transcript_is_bounded_and_safe_to_print(chunks: list[bytes], limit: int) -> None:
    transcript = Transcript(limit)
    for chunk in chunks:
        transcript.add(chunk)
    added = b"".join(chunks)
    assert transcript.total == len(added)
    text = transcript.text()
    assert len(text) <= limit
    assert all(character >= " " or character in "\n\t" for character in text)
    assert len(transcript.tail(3).splitlines()) <= 3


def test_a_transcript_keeps_the_end() -> None:
    transcript = Transcript(40)
    transcript.add(b"\x1b[2J\x1b[1;1Hold firmware words\r\n")
    transcript.add(b"\x1b[31mnew\x1b[0m words\r\n\n")
    assert transcript.tail(1) == "new words"


@pytest.mark.parametrize(("status", "text"), [(0, "exit status 0"), (-9, "signal 9 (SIGKILL)"), (-99, "signal 99")])
def test_endings_in_words(status: int, text: str) -> None:
    assert ending_text(status) == text
