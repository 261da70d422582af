"""Ratios over a table with empty cells: exact where the true ratio is known, unchanged by rows that must not count."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log, prod

import pytest
from ferrule.stats.effects import Cells, fit
from ferrule.stats.interval import Interval
from hypothesis import given
from hypothesis import strategies as st

COSTS = st.floats(1.0, 1e6)
COLUMNS = ("a", "b", "c", "d")


def exact(value: float, high: float | None = None) -> Interval:
    return Interval(value, value, value if high is None else high, None, "exact", "exact", 3)


def timed(value: float, by: float) -> Interval:
    return Interval(value, value / by, value * by, 0.95, "order statistics", "boots", 8)


def table(rows: list[dict[str, float]]) -> Cells:
    return {(str(number), name): exact(cost) for number, row in enumerate(rows) for name, cost in row.items()}


def even(cells: Cells) -> dict[str, float]:
    return {row: 1.0 for row, _ in cells}


WHOLE = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, COSTS)), min_size=1, max_size=6)
HOLED = st.lists(st.dictionaries(st.sampled_from(COLUMNS), COSTS, min_size=1), min_size=1, max_size=8)


@given(WHOLE)
def test_without_holes_it_is_the_geometric_mean_of_the_ratios(rows: list[dict[str, float]]) -> None:
    cells = table(rows)
    fitted = fit(cells, even(cells), COLUMNS)
    assert fitted is not None
    expected = prod(row["b"] / row["a"] for row in rows) ** (1 / len(rows))
    found = fitted.ratio("a", "b")
    assert found.ratio == pytest.approx(expected, rel=1e-9)
    assert found.low == found.high == found.ratio, "counts without a range"


@given(HOLED, st.floats(0.01, 100))
def test_a_row_that_costs_more_for_all_changes_nothing(rows: list[dict[str, float]], by: float) -> None:
    cells = table(rows)
    factors = [by if number % 2 else 1.0 for number in range(len(rows))]
    scaled = table([{name: cost * f for name, cost in row.items()} for f, row in zip(factors, rows, strict=True)])
    one, other = fit(cells, even(cells), COLUMNS), fit(scaled, even(cells), COLUMNS)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.columns == other.columns
        for name in one.columns:
            assert one.value(name) == pytest.approx(other.value(name), abs=1e-6)


@given(HOLED, st.permutations(range(8)))
def test_neither_rows_alone_nor_their_order_count(rows: list[dict[str, float]], order: list[int]) -> None:
    cells = table(rows)
    lonely = [row for row in rows if len(row) > 1] + [{"a": 7.0}, {"b": 1e5}]
    turned = table([lonely[at] for at in order if at < len(lonely)] + lonely[8:])
    one, other = fit(cells, even(cells), COLUMNS), fit(turned, even(turned), COLUMNS)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        for name in one.columns[1:]:
            first = one.columns[0]
            assert log(one.ratio(first, name).ratio) == pytest.approx(log(other.ratio(first, name).ratio), abs=1e-6)


@given(st.dictionaries(st.sampled_from(COLUMNS), COSTS, min_size=3), st.integers(2, 5))
def test_true_factors_are_found_through_any_holes(factors: dict[str, float], rows: int) -> None:
    """Every cell is its column's factor times its row's cost; a row holds one pair of neighbouring columns."""
    names = sorted(factors)
    cells = {
        (f"{first}{turn}", name): exact(factors[name] * (3.0 + turn))
        for first, second in pairwise(names)
        for turn in range(rows)
        for name in (first, second)
    }
    fitted = fit(cells, even(cells), COLUMNS)
    assert fitted is not None
    assert fitted.ratio(names[0], names[-1]).ratio == pytest.approx(factors[names[-1]] / factors[names[0]], rel=1e-6)


def test_a_weight_counts_as_so_many_rows() -> None:
    twice = {("0", "a"): exact(1), ("0", "b"): exact(2), ("1", "a"): exact(1), ("1", "b"): exact(8)}
    fitted = fit(twice, {"0": 2.0, "1": 1.0}, COLUMNS)
    assert fitted is not None
    assert fitted.ratio("a", "b").ratio == pytest.approx((2 * 2 * 8) ** (1 / 3))


def test_columns_that_no_row_connects_are_left_out() -> None:
    cells = table([{"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 3.0}, {"d": 1.0}])
    fitted = fit(cells, even(cells), COLUMNS)
    assert fitted is not None
    assert fitted.columns == ("a", "b", "c")
    assert fit(table([{"a": 1.0}, {"b": 2.0}]), {"0": 1.0, "1": 1.0}, COLUMNS) is None


def test_of_two_sets_that_are_equally_large_the_first_named_stays() -> None:
    cells = table([{"c": 1.0, "d": 2.0}, {"a": 3.0, "b": 3.0}])
    fitted = fit(cells, even(cells), COLUMNS)
    assert fitted is not None
    assert fitted.columns == ("a", "b")


def test_ranges_of_counts_add_and_intervals_of_time_do_not() -> None:
    cells = {("0", "a"): exact(10), ("0", "b"): exact(10, 20), ("1", "a"): exact(5), ("1", "b"): exact(10, 40)}
    fitted = fit(cells, even(cells), COLUMNS)
    assert fitted is not None
    counted = fitted.ratio("a", "b")
    assert counted.ratio == pytest.approx(2**0.5)
    assert counted.low == pytest.approx(2**0.5)
    assert counted.high == pytest.approx((2 * 8) ** 0.5)
    times = {(row, name): timed(100.0, 1.1) for row in ("0", "1") for name in ("a", "b")}
    fitted = fit(times, even(times), COLUMNS)
    assert fitted is not None
    found = fitted.ratio("a", "b")
    assert found.high == pytest.approx(exp(log(1.1) * (4 * 0.25) ** 0.5)), "four cells, each with half its weight"
    assert found.method.startswith("MOVER")


def test_a_cell_without_an_interval_leaves_the_ratio_without_one() -> None:
    bare = Interval(5.0, None, None, None, "3 of at least 6 replicates", "none", 3)
    cells = {("0", "a"): exact(10), ("0", "b"): bare}
    fitted = fit(cells, even(cells), COLUMNS)
    assert fitted is not None
    found = fitted.ratio("a", "b")
    assert (round(found.ratio, 9), found.low) == (0.5, None)
    assert found.method == "no interval: 3 of at least 6 replicates"
