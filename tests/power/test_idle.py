"""Idle seconds of the floor guest, counted, and the host's accounting of threads whose activity is known."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from ferrule.anatomy.measure import together
from ferrule.campaign.progress import Progress
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey
from ferrule.power import host, tables
from ferrule.power.idle import SECOND, Boot, Measured, Wanted, of_guest, seconds, total
from ferrule.power.refusal import NotMeasurable

FLOOR_WAKEUP = 178  # instructions of a timer interrupt and the switch to its sleeper on floor


@pytest.fixture(scope="session")
def floor() -> Measured:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    return of_guest("floor", GuestOptions(), Wanted(sleepers=True, host=False), Progress())


def test_a_second_of_floor_holds_its_own_sleep_and_nothing_else(floor: Measured) -> None:
    """A kernel without a tick: one timer set, one halt, one interrupt; the rest of the second it is asleep."""
    profile = floor.idle
    assert {key: profile.everything[key] for key in ("halt", "interrupts", "syscall")} == {
        "halt": 1,
        "interrupts": 1,
        "syscall": 1,
    }
    assert 0 < total(profile) < 500
    assert profile.asleep_ns + total(profile) == pytest.approx(SECOND * 1e6, rel=1e-4)


def test_instructions_of_two_seconds_are_those_of_one_for_nothing_happens_in_the_other() -> None:
    found = together("floor", GuestOptions(), [seconds(), seconds(2 * SECOND)], Progress(), batches=3, size=1)
    one, two = found.profiles
    assert total(one) == total(two)
    assert two.asleep_ns - one.asleep_ns == pytest.approx(SECOND * 1e6, abs=1000)


def test_wakeups_add_their_instructions_by_their_number(floor: Measured) -> None:
    added = {rate: total(floor.rates[rate]) - total(floor.idle) for rate in (1, 10, 100)}
    assert added[10] == pytest.approx(10 * FLOOR_WAKEUP, rel=0.25)
    assert added[100] == pytest.approx(100 * FLOOR_WAKEUP, rel=0.25)
    halts = {rate: floor.rates[rate].everything["halt"] - floor.idle.everything["halt"] for rate in (1, 10, 100)}
    assert halts[10] == pytest.approx(10, abs=1)
    assert halts[100] == pytest.approx(100, abs=1)


def test_floor_wakes_up_for_each_sleeper_apart(floor: Measured) -> None:
    assert floor.quiet is not None
    for (count, spread), profile in floor.sleepers.items():
        halts = profile.everything["halt"] - floor.quiet.everything["halt"]
        assert halts == pytest.approx(2 * count, abs=3), (count, spread)


def test_the_report_shows_every_table(floor: Measured) -> None:
    text = tables.report([floor], top=3)
    for words in ("a second of doing nothing", "instructions a wake-up", "64 within 50 ms", "energy, by the model"):
        assert words in text
    again = Measured("floor", [*floor.boots, Boot(floor.rates[100], NotMeasurable("x"))], {}, {}, None, {}, None)
    row = next(line for line in tables.seconds([again]).splitlines() if line.startswith("halts"))
    assert row.split() == ["halts", "1,", f"{floor.rates[100].everything['halt']:g}"], (
        "boots that differ are both shown"
    )
    assert "-" in tables.energy([again])[:200] or "model:" in tables.energy([again])


def test_a_wake_up_that_costs_less_than_seconds_differ_is_no_number() -> None:
    assert tables.added(6871.5) == "6871.5"
    assert tables.added(-8239.3) == tables.added(0.0) == "below the scatter"


def test_the_seconds_after_a_family_come_after_all_of_it() -> None:
    before = [RunKey("null_call"), RunKey("clock_read"), RunKey("yield")]
    found = together("floor", GuestOptions(), [seconds()], Progress(), batches=2, size=1, before=before)
    assert found.missing == {}
    assert [profile.workload for profile in found.profiles] == [str(seconds())]


SLEEPER = """
import threading, time, sys
ready = threading.Event()
def named():
    open(f"/proc/self/task/{threading.get_native_id()}/comm", "w").write("CPU 0/TCG")
    ready.set()
def doze():
    named()
    while True:
        time.sleep(0.02)
def burn():
    named()
    while True:
        pass
threading.Thread(target=doze if sys.argv[1] == "doze" else burn, daemon=True).start()
ready.wait()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("doing", ["doze", "burn"])
def test_threads_are_seen_as_the_host_accounts_for_them(doing: str) -> None:
    """50 wake-ups a second at most, on a busy machine fewer; a loop that never sleeps is busy."""
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER, doing], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        seen = host.of_threads(child.pid, 2.0)
        child.kill()
    assert seen.seconds >= 2.0
    if doing == "doze":
        assert 1 <= seen.wakeups <= 51
        assert seen.busy < 0.5
    else:
        assert seen.busy > 0.02
        assert seen.wakeups < 60 * (os.cpu_count() or 1)


def test_the_host_looks_at_a_guest_and_says_what_it_cannot_see() -> None:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    seen = host.look("floor", GuestOptions(), seconds(), Progress())
    assert isinstance(seen, host.Seen)
    assert seen.wakeups >= 0
    assert seen.seconds >= host.SECONDS
    refused = host.look("linux:Bad Name", GuestOptions(), seconds(), Progress())
    assert isinstance(refused, NotMeasurable)
    assert "linux:NAME" in refused.reason
