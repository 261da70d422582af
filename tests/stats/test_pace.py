"""Correction for the core's clock: how much costs follow it, and the corrected costs."""

from __future__ import annotations

import numpy as np
import pytest
from ferrule.core import pace
from ferrule.stats.pace import around, at_typical, levels, share
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SHARES = st.floats(0.0, 1.0)
PACES = arrays.arrays(np.float64, st.integers(3, 40), elements=st.floats(1e3, 1e5))


def test_the_loop_takes_the_same_number_of_cycles_every_time() -> None:
    """Without disturbance: the low half of many agrees to a few per mille, apart from the core's speeds."""
    taken = np.sort([pace() for _ in range(200)])
    assert taken[0] > 0
    assert taken[100] / taken[0] < 1.5, "the speeds of one core, not two lengths of the loop"


def test_at_each_batch_the_less_disturbed_neighbour_stands() -> None:
    assert around([[10, 90, 11, 12]]).tolist() == [[10, 11, 11]]
    assert around(np.arange(24).reshape(2, 3, 4)).shape == (2, 3, 3)


@given(PACES, SHARES, st.floats(1e-2, 1e6))
def test_the_share_is_found_where_it_is_exact(paces: np.ndarray, true: float, cost: float) -> None:
    found = share(cost * paces**true, paces)
    assert found == pytest.approx(
        true if np.ptp(np.log(paces)) > 0 else 0.0, abs=1e-3 / max(np.ptp(np.log(paces)), 1e-3)
    )
    assert 0.0 <= found <= 1.0


@given(st.integers(0, 2**32), SHARES)
def test_the_share_is_found_beside_noise_and_outliers(seed: int, true: float) -> None:
    draw = np.random.default_rng(seed)
    paces = draw.choice([19_060.0, 19_570.0, 20_580.0, 21_150.0, 21_740.0], 120)
    costs = paces**true * np.exp(draw.normal(0, 0.002, 120))
    costs[draw.choice(120, 12, replace=False)] *= 1.4  # another tenant on the other half of the core
    assert share(costs, paces) == pytest.approx(true, abs=0.05)


@given(PACES, SHARES)
def test_exchanging_points_changes_no_share(paces: np.ndarray, true: float) -> None:
    """Why a randomisation test stays valid with the adjustment: exchanging the arms of a pair does not change it."""
    draw = np.random.default_rng(paces.size)
    costs, order = paces**true * np.exp(draw.normal(0, 0.1, paces.size)), draw.permutation(paces.size)
    assert share(costs[order], paces[order]) == pytest.approx(share(costs, paces), abs=1e-9)


def test_a_pace_that_never_changed_says_nothing() -> None:
    assert share([1.0, 2.0, 3.0], [5.0, 5.0, 5.0]) == 0.0
    assert at_typical([1.0, 2.0], [5.0, 5.0], 5.0, 0.0).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("true", [0.0, 0.6, 1.0])
def test_one_value_a_process_at_one_speed(true: float) -> None:
    draw = np.random.default_rng(3)
    paces = np.repeat(20_000 * np.exp(draw.normal(0, 0.05, (60, 4, 1))), 8, axis=2)  # the clock changes between visits
    costs = 300.0 * (paces / 20_000) ** true * (1 + 0.002 * draw.exponential(size=paces.shape))
    values, found = levels(costs, paces)
    assert values.shape == (60,)
    assert found == pytest.approx(true, abs=0.05)
    assert np.log(values).std() < 0.002
    if true:
        assert np.log(levels(costs, None)[0]).std() > 0.01, "without the pace it would be there"


def test_a_spoilt_visit_is_outvoted_and_what_costs_nothing_stays_so() -> None:
    costs = np.full((5, 3, 8), 100.0)
    costs[:, 1] *= 1.5
    assert levels(costs, None)[0].tolist() == [100.0] * 5
    controls = np.random.default_rng(1).normal(0, 1, (5, 3, 8))
    values, found = levels(controls, np.full((5, 3, 8), 2e4))
    assert found == 0.0
    assert (values == levels(controls, None)[0]).all()
