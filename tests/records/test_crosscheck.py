"""The local guest's clock cross-check: host and payload must agree on one counter and one clock."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.core import HostClock, Mark, mark
from ferrule.errors import ToolMissing
from ferrule.guests import create
from ferrule.guests.local import LocalExecution
from ferrule.guests.ssh import SshExecution
from ferrule.machine.booted import Booted
from ferrule.machine.guest import SharesClock
from ferrule.payload.build import Payload, build_payload
from ferrule.payload.key import RunKey
from ferrule.records.crosscheck import CrossCheck
from ferrule.records.gather import ProcessRecords
from ferrule.records.samples import ClockCheck, GuestResult
from ferrule.report.extra_info import extra_info
from ferrule.stats.flags import Flag, clock_flags
from ferrule.stats.summary import summarise
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.support.patience import PATIENCE

HZ = 2_000_000_000
NULL = RunKey("null_call")
SHORT = Budget(boots=1, processes=3, batches=5, warm=1, each=20, target_ns=50_000, limit_ns=100_000_000, name="test")


def at(ns: int, ppm: float = 0.0) -> Mark:
    """A mark on a counter of HZ, faster by `ppm`."""
    return Mark(round(ns * HZ / 1e9 * (1.0 + ppm / 1e6)), ns, 60)


def check(host: Sequence[Mark], marked: Sequence[tuple[int, int]], process: int = 0) -> ClockCheck:
    """The clock check of a process with a calibrated rate of HZ and these marks (tick, ns)."""
    records = ProcessRecords(process, hz=HZ, host=CrossCheck(tuple(host)))
    records.clock = {"hz": str(HZ), "verdict": "ok", "hz_error_ppb": "3500"}
    records.marks = [(tick, ns, 0.0) for tick, ns in marked]
    return records.check()


def flags(clock: ClockCheck, accel: str = "metal") -> set[Flag]:
    return clock_flags([replace(make.process([1.0]), clock=clock)], make.conditions(accel=accel))


@given(st.integers(50_000_000, 10**14), st.floats(-5000, 5000), st.integers(0, 10**15))
def test_the_rate_is_compared_over_the_whole_execution(span: int, ppm: float, origin: int) -> None:
    first, last = at(origin, ppm), at(origin + span, ppm)
    middle = Mark(first.tick, origin + span // 2, 10**9)  # a bad one between them changes nothing
    found = CrossCheck((first, middle, last)).ppm(HZ)
    assert found == pytest.approx((1 / (1 + ppm / 1e6) - 1) * 1e6, abs=0.05)


@given(st.integers(0, 3), st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=20))
def test_strays_are_outside_on_either_axis(process: int, marked: list[tuple[int, int]]) -> None:
    host = (Mark(10, 20, 1), Mark(40, 50, 1), Mark(70, 90, 1))
    found = CrossCheck(host).strays(process, marked)
    if process > 1:
        assert found is None  # no mark after its end
    else:
        low, high = host[process], host[process + 1]
        inside = [t in range(low.tick, high.tick + 1) and n in range(low.ns, high.ns + 1) for t, n in marked]
        assert found == inside.count(False)


@pytest.mark.parametrize(
    "host",
    [
        [],
        [at(5)],
        [at(5), at(5)],
        [at(10**9), at(5)],
        [at(0), Mark(10**9, 0, 60)],
        [at(0), replace(at(10**9), width=30_000)],  # 15 ppm
    ],
)
def test_a_host_without_a_usable_rate_reports_none(host: list[Mark]) -> None:
    clock = check(host, [])
    assert clock.host_ppm is None
    assert Flag.HOST_RATE not in flags(clock)


def test_each_disagreement_has_its_flag() -> None:
    host = [at(0), at(2 * 10**9)]
    sound = [(2_000_000, 1_000_000), (3_900_000_000, 1_950_000_000)]
    assert flags(check(host, sound)) == set()
    assert flags(check([at(0, 490.0), at(2 * 10**9, 490.0)], sound)) == set()
    fast = check([at(0, 520.0), at(2 * 10**9, 520.0)], sound)
    assert fast.host_ppm == pytest.approx(-519.7, abs=0.1)
    assert flags(fast) == {Flag.HOST_RATE}
    assert flags(replace(fast, hz_error_ppb=50_000)) == set()  # its own stated error covers it
    assert flags(fast, accel="tcg") == set()
    late = check(host, [*sound, (4_000_000_002, 2_000_000_001)])
    assert late.host_strays == 1
    assert flags(late) == {Flag.HOST_ORDER}


def test_records_that_arrive_late_are_a_fault_of_other_guests_only() -> None:
    elsewhere = ClockCheck(HZ, 100, "ok", 0.0, 1.1)
    assert flags(elsewhere) == {Flag.HOST_CLOCK}
    assert flags(replace(elsewhere, host_ppm=0.5, host_strays=0)) == set()


def test_only_the_local_guest_shares_this_clock() -> None:
    assert issubclass(LocalExecution, SharesClock)
    assert not issubclass(Booted, SharesClock)
    assert not issubclass(SshExecution, SharesClock)


@pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")
def test_marks_stand_around_every_process() -> None:
    before = mark(HostClock.MONOTONIC)
    with create("local").execute(b"#!/bin/sh\nexec echo $1\n", 3, 0) as execution:
        assert isinstance(execution, SharesClock)
        assert len(execution.host_marks()) == 1
        while execution.read(PATIENCE):
            pass
        marks = [before, *execution.host_marks(), mark(HostClock.MONOTONIC)]
    assert len(marks) == 1 + 4 + 1
    for axis in ([one.ns for one in marks], [one.tick for one in marks]):
        assert axis == sorted(set(axis))


@pytest.fixture(scope="module")
def measured() -> GuestResult:
    """A real campaign on this host."""
    if sys.platform != "linux":
        pytest.skip("the local guest needs Linux")
    local = create("local")
    try:
        built: Payload = build_payload(local.os, local.arch)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    progress = PlainProgress(io.StringIO())
    return Campaign([local], {"local": [NULL]}, lambda _: built, SHORT, 7, progress).run()["local"]


def test_payload_and_host_agree_on_this_machine(measured: GuestResult) -> None:
    run, conditions = measured.runs[NULL], measured.conditions
    assert run.status == "ok", run.reason
    assert conditions is not None
    clocks = [samples.clock for samples in run.processes]
    assert [clock.host_strays for clock in clocks] == [0] * SHORT.processes
    summary = summarise(run, conditions)
    assert not {Flag.HOST_RATE, Flag.HOST_ORDER, Flag.HOST_CLOCK} & set(summary.flags)
    assert summary.host_ppm in [clock.host_ppm for clock in clocks]
    assert extra_info(summary, conditions)["host_ppm"] == summary.host_ppm
