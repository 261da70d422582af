"""The counter's rate, cost and resolution, the clock it is compared with, and the length of a batch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import count, pairwise

import numpy as np
import pytest
from ferrule import core
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def timing() -> core.Timing:
    return core.characterise(50_000_000)


def test_this_machine_has_a_sound_counter(timing: core.Timing) -> None:
    assert timing.verdict == "ok"
    assert 1_000_000 < timing.hz < 10**10
    assert timing.hz_error_ppb < 1_000_000
    assert len(timing.pair) == 64
    assert timing.cost == timing.pair.min()
    assert timing.cost_median == int(np.median(timing.pair))
    assert timing.resolution > 0
    assert timing.cost_ns == pytest.approx(timing.cost / timing.hz * 1e9)


def test_the_rate_agrees_with_python_clocks(timing: core.Timing) -> None:
    """Compared with time.monotonic_ns, which NTP may slew by up to 500 ppm, over another interval."""
    first = core.mark(time.monotonic_ns)
    time.sleep(0.05)
    second = core.mark(time.monotonic_ns)
    rate = (second.tick - first.tick) / (second.ns - first.ns) * 1e9
    assert rate == pytest.approx(timing.hz, rel=1e-3)


def test_marks_advance_and_are_narrow(timing: core.Timing) -> None:
    marks = [core.mark() for _ in range(50)]
    assert all(a.tick < b.tick and a.ns < b.ns for a, b in pairwise(marks))
    assert min(mark.width for mark in marks) < timing.hz / 100_000  # 10 us


def test_each_clock_of_the_host_is_the_one_it_says() -> None:
    """Python's time.monotonic_ns is CLOCK_MONOTONIC."""
    before = time.monotonic_ns()
    found = core.mark(core.HostClock.MONOTONIC)
    assert before <= found.ns <= time.monotonic_ns()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    assert before <= core.mark(core.HostClock.RAW).ns <= time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


@pytest.mark.clock
def test_a_multiplication_takes_the_same_whole_number_of_cycles_each_time() -> None:
    found = [core.characterise(100_000).multiplication for _ in range(20)]
    known = {cycles for cycles in found if cycles is not None}
    assert len(known) == 1
    assert 1 < known.pop() < 16


def altered(change: Callable[[int, int], int]) -> Callable[[], int]:
    """A clock that returns `change` of the nanoseconds since its first reading and the number of readings before."""
    started: list[int] = []
    reads = count()

    def read() -> int:
        started.extend([] if started else [time.monotonic_ns()])
        return change(time.monotonic_ns() - started[0], next(reads))

    return read


def faster(ns: int) -> int:
    return ns + ns * ns // 10**9


def late(ns: int) -> int:
    """A reading that is interrupted for longer than all others take together."""
    time.sleep(0.03)
    return ns


SECOND_CLOCKS = {  # verdict, window in the clock's own ns, the clock
    "stuck": ("stuck", 30_000_000, lambda ns, reads: 1000),
    "stuck after a while": ("stuck", 30_000_000, lambda ns, reads: ns if reads < 60 else 10**15),
    "backwards": ("backwards", 30_000_000, lambda ns, reads: 10**12 - ns),
    "jumps back": ("backwards", 30_000_000, lambda ns, reads: ns + 10**15 * (reads < 60)),
    "far too slow": ("stuck", 1_000_000, lambda ns, reads: ns // 1_000_000),
    "faster and faster": ("unsteady", 30_000_000, lambda ns, reads: faster(ns)),
    "faster, read late once": ("unsteady", 30_000_000, lambda ns, reads: faster(late(ns) if reads == 500 else ns)),
    "counter looks coarse": ("coarse", 300_000_000_000, lambda ns, reads: ns * 10_000),
    "good": ("ok", 30_000_000, lambda ns, reads: ns),
    "good, from an odd origin": ("ok", 30_000_000, lambda ns, reads: ns + 2**63),
}


@pytest.mark.parametrize(("verdict", "window", "change"), SECOND_CLOCKS.values(), ids=SECOND_CLOCKS)
def test_a_bad_second_clock_is_found_out(verdict: str, window: int, change: Callable[[int, int], int]) -> None:
    found = core.characterise(window, altered(change))  # every wait is bounded: the call returns
    assert found.verdict == verdict
    if verdict in ("stuck", "backwards"):
        assert found.hz == 0


def test_a_clock_with_ten_millisecond_steps_is_marked_at_its_edges(timing: core.Timing) -> None:
    found = core.characterise(40_000_000, altered(lambda ns, reads: ns // 10_000_000 * 10_000_000))
    assert found.second_resolution == 10_000_000
    assert found.verdict == "ok"
    # A busy machine interrupts readings: the rate is then less certain, and says so.
    assert found.hz == pytest.approx(timing.hz, abs=1e-3 * timing.hz + found.hz_error_ppb / 1e9 * found.hz)
    assert found.hz_error_ppb < 10**9, "an error of a whole would agree with anything"


def interrupted_from(edge: int) -> Callable[[], int]:
    """A clock with 10 ms steps; from step `edge` on, the first reading of each step takes a tenth of a second."""
    seen: list[int] = []

    def read(ns: int, _reads: int) -> int:
        now = ns // 10_000_000 * 10_000_000
        if seen[-1:] != [now]:
            seen.append(now)
            time.sleep(0.1 if len(seen) >= edge else 0)
        return now

    return altered(read)


@pytest.mark.parametrize("edge", range(37, 45))  # 32 are seen for the step, then three are marked
def test_an_interrupted_mark_is_an_uncertain_rate_and_no_unsteady_clock(timing: core.Timing, edge: int) -> None:
    """A late mark once made one half seem nearly three times as fast, and its bracket too narrow."""
    found = core.characterise(40_000_000, interrupted_from(edge))
    assert found.verdict == "ok"
    assert found.hz == pytest.approx(timing.hz, abs=1e-3 * timing.hz + found.hz_error_ppb / 1e9 * found.hz)
    assert found.hz_error_ppb < 10**9, "an error of a whole would agree with anything"


@given(st.integers(1, 2**40), st.integers(0, 2**50), st.integers(1, 2**50), st.integers(0, 2**40))
def test_the_next_batch(n: int, ticks: int, floor: int, limit: int) -> None:
    following = core.next_batch(n, ticks, floor, limit)
    if limit and n >= limit:
        assert following == limit
    elif ticks >= floor:
        assert following == n
    else:
        assert n < following
        assert following == limit or following.bit_count() == 1
        assert following <= max(128 * n, 2 * math.ceil(n * floor / max(ticks, 1)))
    assert not limit or following <= limit


@given(st.integers(1, 10_000), st.integers(1, 10**9), st.integers(1, 10**7))
def test_calibration_comes_to_an_end(cost: int, floor: int, limit: int) -> None:
    n, turns = 1, 0
    while (following := core.next_batch(n, n * cost, floor, limit)) != n:
        n, turns = following, turns + 1
        assert turns < 40
    assert n * cost >= floor or n == limit


@given(st.integers(1, 10**10), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**10))
def test_the_batch_floor(hz: int, resolution: int, cost: int, target: int) -> None:
    known = core.Timing("tsc", hz, 0, resolution, 1, np.zeros(64, np.int64), cost, cost, None, "ok")
    assert core.batch_floor(known, target) == max(1, 1000 * resolution, 200 * cost, target * hz // 10**9)
