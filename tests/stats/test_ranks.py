"""Ranks compared with scipy's, also with ties."""

from __future__ import annotations

import numpy as np
from ferrule.stats.ranks import doubled_ranks
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

VALUES = st.lists(st.floats(-1e9, 1e9) | st.integers(-3, 3).map(float), max_size=60)


@given(VALUES)
def test_doubled_ranks_are_twice_scipys_mid_ranks(values: list[float]) -> None:
    assert np.array_equal(doubled_ranks(values), 2 * rankdata(values))
