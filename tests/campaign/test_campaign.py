"""Campaigns with faults: each fault costs the run in flight and is named; all other runs are complete."""

from __future__ import annotations

import io
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from ferrule.campaign.budget import QUICK, Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.guests import create
from ferrule.guests.local import LocalExecution, LocalGuest
from ferrule.machine.guest import Guest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Payload, build_payload
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult

from tests.support.patience import eventually
from tests.support.places import FAULTS

SHORT = Budget(boots=1, processes=2, batches=5, warm=1, each=20, target_ns=50_000, limit_ns=100_000_000, name="test")
PATIENCE = 8.0
NATIVE = "x86_64" if platform.machine() == "x86_64" else "aarch64"
NULL, PIPE, SOCKET, CRASH = (RunKey(name) for name in ("null_call", "pipe_latency", "socket_latency", "crash"))

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


def payload(guest: Guest) -> Payload:
    return build_payload(guest.os, guest.arch, extra_workloads=(FAULTS,))


def campaign(guests: list[Guest], *keys: RunKey, budget: Budget = SHORT, patience: float = PATIENCE) -> Campaign:
    wanted = {guest.name: keys for guest in guests}
    progress = PlainProgress(io.StringIO())
    return Campaign(guests, wanted, payload, budget, seed=5, progress=progress, patience=patience)


def run_local(*keys: RunKey, budget: Budget = SHORT, patience: float = PATIENCE) -> GuestResult:
    return campaign([create("local")], *keys, budget=budget, patience=patience).run()["local"]


def whole(result: GuestResult, *keys: RunKey, processes: int = SHORT.processes) -> None:
    """These runs are ok and lack no process."""
    for key in keys:
        run = result.runs[key]
        assert run.status == "ok", run.reason
        assert len(run.processes) == processes
        assert all(len(samples.ticks) == SHORT.batches for samples in run.processes)


def test_a_campaign_holds_every_process_of_every_round() -> None:
    result = run_local(NULL, PIPE, budget=Budget(3, 2, 5, 1, 20, 50_000, 100_000_000))
    for key in (NULL, PIPE):
        samples = result.runs[key].processes
        assert [one.process for one in samples] == list(range(6))
        assert {one.boot for one in samples} == {0}, "the host was not booted anew"
    positions = {key: [one.position for one in result.runs[key].processes] for key in (NULL, PIPE)}
    assert positions[NULL] != positions[PIPE]
    assert len(set(positions[NULL])) > 1, "every process draws its own order"


class Wary(LocalGuest):
    """A guest that two workloads may crash and a third one does crash."""

    fresh_boots = True  # each execution is a boot with a number of its own

    def breaks_on(self, key: RunKey) -> bool:
        return key in (PIPE, SOCKET, CRASH)


def test_what_a_guest_may_not_survive_comes_last_in_one_boot() -> None:
    clock = RunKey("clock_read")
    result = campaign([Wary(NATIVE, GuestOptions())], PIPE, NULL, SOCKET, clock).run()["local"]
    whole(result, PIPE, NULL, SOCKET, clock)
    for key, boot in ((NULL, 0), (PIPE, 1), (SOCKET, 1)):
        assert {one.boot for one in result.runs[key].processes} == {boot}
    assert result.boots == 2


class Ageing(LocalGuest):
    """A guest on which one workload costs more the more runs came before it."""

    fresh_boots = True

    def ages_on(self, key: RunKey) -> bool:
        return key == PIPE


def test_what_ages_a_guest_has_a_boot_of_its_own_unless_all_boots_have_one_order() -> None:
    for history, boots in ((None, {NULL: 0, SOCKET: 0, PIPE: 1}), (0, {NULL: 0, SOCKET: 0, PIPE: 0})):
        asked = campaign([Ageing(NATIVE, GuestOptions())], PIPE, NULL, SOCKET)
        asked.history = history
        result = asked.run()["local"]
        for key, boot in boots.items():
            assert {one.boot for one in result.runs[key].processes} == {boot}, (history, key)


def test_what_did_end_a_guest_leaves_the_rest_a_boot_each() -> None:
    result = campaign([Wary(NATIVE, GuestOptions())], PIPE, CRASH, NULL, SOCKET).run()["local"]
    assert result.runs[CRASH].status == "crashed"
    whole(result, PIPE, NULL, SOCKET)
    assert {one.boot for one in result.runs[NULL].processes} == {0}
    last = [{one.boot for one in result.runs[key].processes} - {1} for key in (PIPE, SOCKET)]
    assert last == [{2}, {3}]
    assert result.boots == 4


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        ("crash", "crashed", "signal 11"),
        ("hang", "hung", "no record for 8 s during hang"),
        ("flood", "crashed", "without one valid record during flood"),
        ("wrong", "wrong", ""),
        ("absent", "unsupported", "38"),
        ("failing", "failed", ""),
    ],
)
def test_a_fault_costs_its_own_run_only(fault: str, status: str, says: str) -> None:
    key = RunKey(fault)
    result = run_local(NULL, key, PIPE)
    assert result.runs[key].status == status
    assert says in result.runs[key].reason
    assert not result.runs[key].processes
    whole(result, NULL, PIPE)
    if status in ("crashed", "hung"):
        assert f"local: {result.runs[key].reason.removeprefix('local: ')}" in result.errors[0]


def test_what_finished_before_a_fault_is_kept_and_the_rest_repeated() -> None:
    """The run that crashed is left out of the second execution; the others then have all their processes."""
    result = run_local(NULL, RunKey("crash"), PIPE, RunKey("hang"))
    assert (result.runs[RunKey("crash")].status, result.runs[RunKey("hang")].status) == ("crashed", "hung")
    whole(result, NULL, PIPE)
    assert result.boots == 3
    for key in (NULL, PIPE):
        numbers = [samples.process for samples in result.runs[key].processes]
        assert len(set(numbers)) == len(numbers) == SHORT.processes


def test_a_payload_killed_from_outside_is_repeated_and_no_run_is_blamed() -> None:
    slow = Budget(1, 3, 100, 1, 0, target_ns=5_000_000, limit_ns=20_000_000_000)  # half a second for each run
    killer = threading.Thread(target=kill_payload)
    killer.start()
    result = run_local(NULL, PIPE, budget=slow, patience=60.0)
    killer.join()
    assert "local: was killed from outside (signal 9 (SIGKILL)) during " in result.errors[0]
    assert {run.status for run in result.runs.values()} == {"ok"}
    for key in (NULL, PIPE):
        numbers = [samples.process for samples in result.runs[key].processes]
        assert len(numbers) == len(set(numbers)) == 3, "none lost, none doubled, none too many"


def kill_payload() -> None:
    """Kill the first payload that appears, after one second."""
    eventually(payloads)
    time.sleep(1.0)
    for process in payloads():
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def payloads() -> list[int]:
    """This process's local payloads only: children that run from a private folder of the transport."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if not folder.name.isdigit() or b"/ferrule-" not in (folder / "cmdline").read_bytes().split(b"\0")[0]:
                continue
            if f"\nPPid:\t{os.getpid()}\n" in (folder / "status").read_text():
                found.append(int(folder.name))
    return found


@pytest.fixture(scope="module")
def linux() -> Callable[..., Guest]:
    """Makes Linux guests; skips where none can be booted."""

    def make(**options: object) -> Guest:
        try:
            return create("linux", GuestOptions(accel="tcg", linux_append="ferrule.faults=1", **options))  # type: ignore[arg-type]
        except (ToolMissing, InfrastructureError) as error:
            pytest.skip(str(error).splitlines()[0])

    return make


def test_a_guest_that_panics_and_reboots_leaves_everything_else_whole(linux: Callable[..., Guest]) -> None:
    """Panic, then reset: each names guest and workload, shows the transcript, and costs one boot."""
    panic, reboot = RunKey("panic"), RunKey("reboot")
    results = campaign([linux(), create("local")], panic, reboot, NULL, PIPE).run()
    guest, host = results["linux"], results["local"]
    assert (guest.runs[panic].status, guest.runs[reboot].status) == ("crashed", "crashed")
    errors = "\n".join(guest.errors)
    assert "linux: kernel panic" in errors
    assert "during panic" in errors
    assert "    | " in errors
    assert "sysrq" in errors
    assert "ended before it was finished (the guest reset itself) during reboot" in errors
    whole(guest, NULL, PIPE)
    whole(host, NULL, PIPE)
    assert host.runs[panic].status == "unsupported", "never on the host"


class Mute(Wary):
    """A guest that ends without a record."""

    def execute(self, payload: bytes, processes: int, boot: int) -> LocalExecution:  # ignores the payload
        return super().execute(b"#!/bin/true\n", processes, boot)


def test_a_guest_that_never_speaks_is_tried_twice_and_no_more() -> None:
    guest = Mute(NATIVE, GuestOptions())
    result = campaign([guest], NULL, PIPE, budget=Budget(3, 2, 5, 1, 20, 50_000, 100_000_000)).run()["local"]
    assert result.boots == len(result.errors) == 2
    assert {run.status for run in result.runs.values()} == {"missing"}
    assert "ended before its first record" in result.runs[PIPE].reason


class Deaf(LocalExecution):
    """An execution whose stream lacks only the begin of null_call, every time."""

    def __init__(self, payload: bytes, processes: int) -> None:
        super().__init__(payload, processes)
        self._held = b""

    def read(self, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        while True:
            data = super().read(max(0.0, deadline - time.monotonic()))
            *lines, self._held = (self._held + data).split(b"\n")
            kept = b"".join(line + b"\n" for line in lines if b"workload=null_call" not in line)
            if kept or not data:
                return kept


class Forgetful(Wary):
    """A guest whose records of one run are never complete, while its controls arrive in every boot."""

    boots = 0

    def execute(self, payload: bytes, processes: int, boot: int) -> Deaf:
        self.boots += 1
        assert self.boots < 9, "it is booted for ever"
        return Deaf(payload, processes)


@pytest.mark.parametrize("keys", [(NULL,), (NULL, RunKey("clock_read"))])
def test_executions_that_bring_no_asked_run_on_end_a_boot(keys: tuple[RunKey, ...]) -> None:
    """Controls that run unasked are no progress of the plan."""
    guest = Forgetful(NATIVE, GuestOptions())
    result = campaign([guest], *keys).run()["local"]
    assert guest.boots == len(keys) + 1, "one for what the stream is whole of, and two in vain"
    assert result.runs[NULL].status == "lost"
    assert "records lost or corrupted" in result.runs[NULL].reason
    whole(result, *keys[1:])


@pytest.mark.parametrize("batches", [1, 2, 3])
@pytest.mark.parametrize("warm", [0, 2, 5])
def test_a_run_slower_than_its_limit_gives_no_more_batches_than_asked_for(batches: int, warm: int) -> None:
    budget = Budget(1, 2, batches, warm, 0, target_ns=50_000, limit_ns=1)
    result = run_local(NULL, PIPE, budget=budget)
    assert result.boots == 1
    for key in (NULL, PIPE):
        assert result.runs[key].status == "ok", result.runs[key].reason
        assert [len(samples.ticks) for samples in result.runs[key].processes] == [batches] * 2


def test_a_kernel_that_never_speaks_is_given_up(linux: Callable[..., Guest]) -> None:
    """A boot deadline too short for any kernel: guest and runs have a reason, the host's runs are complete."""
    results = campaign([linux(boot_seconds=0.5), create("local")], NULL).run()
    assert results["linux"].runs[NULL].status == "missing"
    assert "linux: sent nothing within" in results["linux"].errors[0]
    assert "sent nothing within" in results["linux"].runs[NULL].reason
    whole(results["local"], NULL)


def test_quick_is_shorter_than_full() -> None:
    assert QUICK.limit_ns < 1_000_000_000
