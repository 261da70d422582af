"""The energy model: against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ferrule.power.model import SKYLAKE_SERVER, Counts, Inputs, Range, State, energy

SIMPLE = Inputs(
    running=2.0,
    hertz=1e9,
    per_cycle=Range(1.0, 2.0),
    states=(State("C1", 1.0, 2e-6), State("C6", 0.0, 100e-6)),
    sources=(),
)


def test_an_instruction_takes_power_by_rate() -> None:
    assert SIMPLE.instruction == Range(1e-9, 2e-9)
    assert SKYLAKE_SERVER.instruction.low == pytest.approx(4.0 / 4.4e9)
    assert SKYLAKE_SERVER.instruction.high == pytest.approx(4.0 / 1.1e9)


def test_a_wakeup_pays_for_each_state_down_to_its_own() -> None:
    """2 us times the watt that C1 saves; for C6 another 100 us times the further watt that it saves."""
    assert SIMPLE.wakeup(SIMPLE.states[0]) == pytest.approx(2e-6)
    assert SIMPLE.wakeup(SIMPLE.states[1]) == pytest.approx(102e-6)
    assert SIMPLE.wakeups.low == pytest.approx(2e-6)
    with pytest.raises(ValueError, match="C9"):
        SIMPLE.wakeup(State("C9", 0.0, 1.0))


def test_the_break_even_has_the_range_of_its_inputs() -> None:
    """100 wake-ups and 50 000 instructions a second against 10 000 instructions a trip."""
    found = energy(Counts(100, 50_000, 10_000), SIMPLE)
    assert (found.trip.low, found.trip.high) == pytest.approx((1e-5, 2e-5))
    assert (found.second.low, found.second.high) == pytest.approx((100 * 2e-6 + 5e-5, 100 * 102e-6 + 1e-4))
    assert found.busy.high == pytest.approx((100 * 102e-6 + 5e-5) / 1e-5)
    assert found.busy.low == pytest.approx((100 * 2e-6 + 1e-4) / 2e-5)
    assert found.apart.low == pytest.approx((100 * 2e-6 + 1e-4) / (2e-5 + 2e-6))
    assert found.apart.high == pytest.approx((100 * 102e-6 + 5e-5) / (1e-5 + 102e-6))


def test_a_guest_that_never_wakes_up_costs_its_instructions() -> None:
    found = energy(Counts(0, 10_000, 10_000))
    assert found.busy == Range(1.0, 1.0)


def test_wider_inputs_give_a_wider_range() -> None:
    of = Counts(247, 245_297, 7644)
    narrow, wide = energy(of), energy(of, replace(SKYLAKE_SERVER, per_cycle=Range(0.25, 4.0)))
    assert wide.busy.low < narrow.busy.low < narrow.busy.high < wide.busy.high
