"""Steal and load of this host, and the flags that follow from them."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule.machine import load
from ferrule.machine.load import LEAST_TICKS, Moment, between, parse
from ferrule.records.samples import Meaning, Surroundings
from ferrule.stats.flags import Flag
from ferrule.stats.summary import summarise
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make

COUNTS = st.lists(st.integers(0, 1 << 40), min_size=8, max_size=8)


@given(COUNTS, st.lists(st.integers(0, 1 << 40), min_size=2, max_size=2))
def test_a_cpu_line_gives_total_and_steal_without_counting_guests_twice(values: list[int], guests: list[int]) -> None:
    found = parse("cpu  " + " ".join(map(str, [*values, *guests])), 0.5)
    assert found == Moment(sum(values), values[7], 0.5)


@pytest.mark.parametrize("line", ["cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 7", "", "cpu 1 2 3 4 5 6 x 8"])
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(line, 0.0)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(-5, 10**6), st.floats(0, 100), st.integers(1, 64))
def test_a_share_is_a_share(start: int, ticks: int, stolen: int, load: float, cpus: int) -> None:
    found = between(Moment(start, 100, 0.0), Moment(start + ticks, 100 + stolen, load), cpus)
    assert found is not None
    assert found.load == pytest.approx(load / cpus)
    if ticks < LEAST_TICKS:
        assert found.stolen is None
    else:
        assert found.stolen == pytest.approx(min(1.0, max(0, stolen) / ticks))
    assert between(None, Moment(1, 1, 0.0), cpus) is None
    assert found.throttled is None


@pytest.mark.parametrize(
    ("before", "after", "stopped"), [(3, 5, 2), (5, 3, 0), (4, 4, 0), (None, 4, None), (4, None, None)]
)
def test_stops_are_counted_between_two_moments(before: int | None, after: int | None, stopped: int | None) -> None:
    found = between(Moment(0, 0, 0.0, before), Moment(100, 0, 0.0, after), 1)
    assert found is not None
    assert found.throttled == stopped


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="this system has no /proc/stat")
def test_this_host_reports_its_ticks() -> None:
    before, after = load.now(), load.now()
    assert before is not None
    assert after is not None
    assert after.ticks >= before.ticks > 0


def test_steal_and_load_are_flagged_where_they_matter() -> None:
    run = make.run("null_call", [100.0] * 7, Meaning("call"))

    def flags(stolen: float | None, load: float | None, accel: str = "metal") -> tuple[Flag, ...]:
        for samples in run.processes[:6]:  # the seventh has no surroundings
            samples.surroundings = Surroundings(stolen, load)
        found = summarise(run, make.conditions(accel=accel))
        assert found.surroundings == Surroundings(stolen, load)
        return found.flags

    for samples, stops in zip(run.processes, (0, 2, 3, 0, 0, 0), strict=False):
        samples.surroundings = Surroundings(0.0, 0.5, stops)
    stopped = summarise(run, make.conditions())
    assert stopped.flags == (Flag.THROTTLED,)
    assert stopped.surroundings == Surroundings(0.0, 0.5, 5)
    assert flags(0.005, 1.0) == ()
    assert flags(None, None) == ()
    assert flags(0.02, 1.0) == (Flag.STOLEN,)
    assert flags(0.0, 2.0) == (Flag.BUSY,)
    assert flags(0.5, 9.0, accel="tcg") == (Flag.FUNCTIONAL,)
    run.processes[0].involuntary = 2
    run.processes[1] = replace(run.processes[1], involuntary=3)
    assert summarise(run, make.conditions()).involuntary == 5


@pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")
def test_a_local_run_knows_its_surroundings() -> None:
    from tests.campaign.test_campaign import NULL, run_local

    for samples in run_local(NULL).runs[NULL].processes:
        assert samples.surroundings is not None
        assert samples.surroundings.load is not None
