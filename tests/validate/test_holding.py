"""How long a report stays valid: one run's intervals compared with all runs, in time and in core cycles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ferrule.validate import holding

from tests.validate.test_validate import WORKLOADS, full_run


def test_a_changing_clock_rate_changes_times_but_not_cycles() -> None:
    made = [full_run(seed, moment=0.0, wander=0.02, sd=0.001) for seed in range(6)]
    found = {name: (time, cycles) for name, time, cycles in holding.collect(made)}
    assert list(found) == ["null_call", "pipe_latency", "page_fault", "open_close"]  # no control
    for time, cycles in found.values():
        assert cycles is not None
        assert cycles.width < time.width / 4
        assert cycles.off < time.off
        assert time.runs == cycles.runs == 6
    (claim,) = holding.section(made).claims
    assert claim.met
    assert claim.found.startswith("4 of 4; ")


def test_an_interval_that_misses_the_median_of_all_runs_is_counted() -> None:
    apart = [np.full(21, level) + np.arange(21) / 1000 for level in (100.0, 100.0, 100.0, 100.0, 103.0)]
    found = holding.judged(apart)
    assert (found.held, found.runs) == (4, 5)
    assert found.off < 1e-3
    assert holding.judged([of * 1e6 for of in apart]).width == pytest.approx(found.width)


def test_an_operation_that_a_timer_ends_has_no_cycles() -> None:
    run = replace(full_run(1), workloads=("timer_wakeup", *WORKLOADS[1:]))
    assert {name: cycles is None for name, _, cycles in holding.collect([run])}["timer_wakeup"]
