"""When to stop and how many processes a boot should run: stats/stopping.py and stats/allocation.py."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from ferrule.payload.key import RunKey
from ferrule.records.samples import Meaning, RunResult
from ferrule.stats.allocation import MOST, optimum, processes_a_boot
from ferrule.stats.interval import Interval, median_interval
from ferrule.stats.stopping import LEAST, ended, half_width, width
from ferrule.stats.summary import Summary, summarise
from ferrule.stats.variance import Components
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make

CALL = Meaning("call")
SPREADS = st.floats(1e-4, 0.5)
SECONDS = st.floats(0.01, 1000.0)


def summary(costs: list[float], boots: int = 1, **conditions: str) -> Summary:
    return summarise(make.run("null_call", costs, CALL, boots=boots), make.conditions(**conditions))


@given(st.floats(1.0, 1e6), st.floats(0.0, 0.9), st.floats(0.0, 0.9))
def test_half_width_is_half_of_what_encloses_the_centre(estimate: float, below: float, above: float) -> None:
    made = Interval(estimate, estimate * (1 - below), estimate * (1 + above), 0.95, "", "boots", 10)
    assert half_width(made) == pytest.approx((below + above) / 2, abs=1e-9)
    assert half_width(replace(made, low=-made.estimate)) is None
    assert half_width(replace(made, low=None, high=None)) is None


@given(st.lists(st.floats(99.0, 101.0), min_size=1, max_size=30), st.floats(1e-4, 0.5))
def test_nothing_is_narrow_before_ten_replicates_nor_above_the_target(costs: list[float], target: float) -> None:
    found = summary(costs)
    came = ended(found, target, booted=False)
    if len(costs) < LEAST:
        assert came == ""
    elif came == "width":
        half = width(found)
        assert half is not None
        assert half <= target
    assert ended(found, target, booted=True) == ""  # all these processes are one boot


def test_cycles_are_waited_for_where_there_are_any() -> None:
    """The same operation on a clock that wanders by 20 %: never within 1 % in time, and at once in cycles."""
    clocks = [3.0 + 0.6 * (number % 7) / 6 for number in range(LEAST)]
    processes = [make.process([300 / ghz] * 30, number=at, core_ghz=ghz) for at, ghz in enumerate(clocks)]
    found = summarise(RunResult(RunKey("null_call"), "ok", meaning=CALL, processes=processes), make.conditions())
    assert ended(found, 0.01, booted=False) == ""
    assert ended(found, 0.01, booted=False, aim="cycles") == "width"
    in_time, in_cycles = width(found), width(found, "cycles")
    assert in_time is not None
    assert in_cycles is not None
    assert in_cycles < 0.01 < in_time
    assert width(summary([100.0, 101.0] * 5), "cycles") == width(summary([100.0, 101.0] * 5)) is not None


def test_boots_are_what_counts_where_there_are_boots() -> None:
    costs = [100.0] * 40
    assert ended(summary(costs, boots=LEAST - 1), 0.01, booted=True) == ""
    assert ended(summary(costs, boots=LEAST), 0.01, booted=True) == "width"


def test_what_more_processes_cannot_help_is_not_waited_for() -> None:
    zero = summary([0.0] * 10)
    assert ended(zero, 0.01, booted=False) == "subtraction"
    assert ended(summary([100.0] * 3, accel="icount", unit="instructions"), 0.01, booted=True) == "no width"
    assert ended(summary([100.0] * 3, accel="tcg"), 0.01, booted=True) == "no width"


def test_a_bandwidth_must_be_narrow_as_it_is_shown() -> None:
    one_way = Meaning("one_way", 65536, 0, 2)
    run: RunResult = make.run("pipe_bandwidth", [16_384.0] * 10, one_way)
    for i, samples in enumerate(run.processes):
        samples.ticks[0] *= 1 + i  # one long batch: changes the total, not the median
    found = summarise(run, make.conditions())
    assert found.throughput is not None
    assert half_width(found.interval) == pytest.approx(0.0, abs=1e-3)
    assert width(found) == half_width(found.throughput)
    assert ended(found, 0.01, booted=False) == ""


def test_stopping_on_width_keeps_the_coverage() -> None:
    """Check the width after every five processes from ten on, until 1 % or 200: the interval still covers."""
    draw = np.random.default_rng(17)
    covered = 0
    for _ in range(600):
        values = 100.0 * np.exp(draw.standard_t(3, 200) * 0.01)
        for n in range(LEAST, 201, 5):
            found = median_interval(values[:n])
            half = half_width(found)
            if half is not None and half <= 0.01:
                break
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 100.0 <= found.high
    assert covered / 600 > 0.915  # 93.8 % was found from ten on; three standard errors below 94.5


@given(SPREADS, SPREADS, SECONDS, SECONDS)
def test_the_optimum_costs_least_for_the_same_variance(boot: float, process: float, c1: float, c2: float) -> None:
    best = optimum(c1, c2, Components(boot, process, None))
    assert best is not None

    def price(p: float) -> float:  # of a variance of 1: boots needed times the cost of one
        return (boot**2 + process**2 / p) * (c1 + p * c2)

    assert price(best) <= min(price(best * 1.01), price(best / 1.01))


@given(st.lists(st.tuples(SPREADS, SPREADS), min_size=1, max_size=9), SECONDS, SECONDS)
def test_a_guests_number_is_one_that_can_be_run(spreads: list[tuple[float, float]], c1: float, c2: float) -> None:
    found = processes_a_boot(c1, c2, [Components(boot, process, None) for boot, process in spreads])
    assert found is not None
    assert 1 <= found <= MOST


def test_unknown_components_give_no_optimum() -> None:
    assert optimum(1.0, 1.0, Components(None, 0.1, None)) is None
    assert optimum(1.0, 1.0, Components(0.1, None, None)) is None
    assert optimum(0.0, 1.0, Components(0.1, 0.1, None)) is None
    assert optimum(1.0, 1.0, Components(0.0, 0.1, None)) == inf
    assert processes_a_boot(1.0, 1.0, [Components(0.0, 0.1, None)]) == MOST
    assert processes_a_boot(1.0, 1.0, [Components(None, None, None)]) is None
    assert optimum(9.0, 1.0, Components(0.01, 0.02, None)) == pytest.approx(6.0)  # sqrt(9) * 2
