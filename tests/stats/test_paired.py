"""Paired decisions: the exact test compared with scipy and brute force, Holm's adjustment, and known changes."""

from __future__ import annotations

import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from ferrule.stats.interval import median_interval
from ferrule.stats.paired import (
    decide,
    decide_at_looks,
    holm,
    least_pairs,
    log_ratios,
    planned_looks,
    ratio_interval,
    signed_rank_p,
)
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import rankdata, wilcoxon

small = st.lists(st.integers(-6, 6), min_size=1, max_size=10)  # ties and zeros in plenty
distinct = st.lists(st.integers(1, 10**6), min_size=1, max_size=45, unique=True).flatmap(
    lambda sizes: st.lists(st.sampled_from([-1, 1]), min_size=len(sizes), max_size=len(sizes)).map(
        lambda signs: np.array(sizes) * np.array(signs) * 1e-6
    )
)


@given(distinct)
def test_without_ties_it_is_scipys_exact_test(d: np.ndarray) -> None:
    more = wilcoxon(d, alternative="greater", method="exact", axis=0).pvalue
    less = wilcoxon(d, alternative="less", method="exact", axis=0).pvalue
    assert signed_rank_p(d) == pytest.approx(more, rel=1e-9)
    assert signed_rank_p(d, alternative="less") == pytest.approx(less, rel=1e-9)


@given(small)
def test_with_ties_it_is_all_sign_flips(values: list[int]) -> None:
    d = np.array(values) * 0.01
    ranks = np.where(d == 0, 0, rankdata(np.abs(values)))
    seen = ranks[d > 0].sum()
    flips = [(np.array(signs) @ ranks) for signs in product((0, 1), repeat=len(values))]
    assert signed_rank_p(d) == pytest.approx(np.mean(np.array(flips) >= seen - 1e-9), rel=1e-12)


@given(small, st.floats(0, 0.05))
def test_more_and_less_are_mirror_images(values: list[int], margin: float) -> None:
    d = np.array(values) * 0.01
    assert signed_rank_p(d, margin, "greater") == signed_rank_p(-d, margin, "less")


def _untied(d: np.ndarray) -> np.ndarray:
    """Only without ties is W the number of positive Walsh averages, which never falls as a value rises."""
    sizes = np.abs(np.round(d, 12))
    assume(np.unique(sizes).size == d.size and sizes.all())
    return d


@given(distinct, st.data())
def test_a_dearer_pair_never_raises_p(d: np.ndarray, data: st.DataObject) -> None:
    dearer = d.copy()
    dearer[data.draw(st.integers(0, d.size - 1))] += data.draw(st.floats(1e-7, 0.2))
    assert signed_rank_p(_untied(dearer)) <= signed_rank_p(d) * (1 + 1e-9)


@given(distinct, st.floats(1e-7, 0.1))
def test_a_wider_margin_never_lowers_p(d: np.ndarray, margin: float) -> None:
    _untied(d - np.log1p(margin))
    assert signed_rank_p(d, margin) >= signed_rank_p(d) * (1 - 1e-9)


def test_nothing_that_differs_is_no_evidence() -> None:
    assert signed_rank_p(np.zeros(60)) == 1.0
    assert signed_rank_p(np.array([])) == 1.0
    assert decide({"a": np.zeros(60)})["a"].verdict == "ok"
    assert decide({"a": np.array([])})["a"].verdict == "inconclusive"


@pytest.mark.parametrize("n", [1, 15, 60, 400])
def test_the_smallest_p_of_n_pairs(n: int) -> None:
    assert signed_rank_p(np.linspace(0.1, 0.2, n)) == pytest.approx(0.5**n, rel=1e-9)


def test_equal_ratios_of_different_ticks_are_ties() -> None:
    d = log_ratios([3, 7, 10, 30], [6, 14, 20, 15])
    assert signed_rank_p(d) == pytest.approx(5 / 16), "all sizes equal: P(three or more of four heads)"


def _step_down(p: list[float], alpha: float) -> set[int]:
    """The tests that Holm's step-down procedure rejects, as published."""
    left = sorted(range(len(p)), key=lambda i: p[i])
    rejected: set[int] = set()
    while left and p[left[0]] * len(left) <= alpha:
        rejected.add(left.pop(0))
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(1e-6, 0.999))
def test_holm_rejects_what_the_step_down_procedure_rejects(p: list[float], alpha: float) -> None:
    assert {i for i, one in enumerate(holm(p)) if one <= alpha} == _step_down(p, alpha)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(arrays.arrays(np.float64, st.integers(6, 80), elements=st.floats(-1, 1)))
def test_the_interval_is_that_of_the_median(d: np.ndarray) -> None:
    ratio, low, high = ratio_interval(d)
    found = median_interval(d)
    assert low is not None
    assert high is not None
    assert found.low is not None
    assert low <= ratio <= high
    assert np.log(low) == pytest.approx(found.low, abs=1e-12)


def test_below_six_pairs_there_is_no_interval() -> None:
    assert ratio_interval(np.full(5, 0.1))[1:] == (None, None)
    assert decide({"a": np.zeros(5)})["a"].verdict == "inconclusive"


@pytest.mark.parametrize(("base", "candidate"), [([1, 2], [1]), ([0.0], [1.0]), ([1.0], [-1.0]), ([1.0], [np.inf])])
def test_what_has_no_ratio_is_refused(base: list[float], candidate: list[float]) -> None:
    with pytest.raises(ValueError, match=r"pairs need|no ratio"):
        log_ratios(base, candidate)


def _noise(seed: int, pairs: int = 60, workloads: int = 50) -> dict[str, np.ndarray]:
    """Unchanged operations: log ratios of half a percent, with the tails of a busy machine."""
    draw = np.random.default_rng(seed)
    return {f"w{i}": draw.standard_t(3, pairs) * 0.005 for i in range(workloads)}


@given(st.integers(0, 2**32))
def test_only_what_was_made_dearer_is_found(seed: int) -> None:
    d = _noise(seed)
    d["w7"] = d["w7"] + np.log(1.02)
    d["w9"] = d["w9"] - np.log(1.05)
    found = decide_at_looks(d)
    assert found["w7"].verdict == "regressed"
    assert found["w9"].verdict == "improved"
    assert {one.verdict for name, one in found.items() if name not in ("w7", "w9")} == {"ok"}
    assert found["w7"].p <= found["w7"].p_adjusted <= 0.01


@given(st.integers(0, 2**32), st.permutations(range(50)))
def test_the_order_of_workloads_changes_nothing(seed: int, order: list[int]) -> None:
    d = _noise(seed)
    shuffled = {f"w{i}": d[f"w{i}"] for i in order}
    assert decide(shuffled) == {name: one for name, one in decide(d).items() if name in shuffled}


def test_an_early_alarm_stands() -> None:
    d = np.concatenate([np.linspace(0.05, 0.06, 20), np.linspace(-0.06, 0.05, 40)])
    found = decide_at_looks({"a": d})["a"]
    assert (found.verdict, found.pairs) == ("regressed", 60)
    assert decide({"a": d})["a"].verdict != "regressed"


def test_looks_are_planned_for_the_pairs() -> None:
    assert planned_looks(60) == ((20, 0.2), (60, 0.8))
    assert planned_looks(12) == ((12, 1.0),)
    with pytest.raises(ValueError, match="more than all"):
        decide_at_looks(_noise(1), looks=((20, 0.5), (60, 0.8)))


@pytest.mark.parametrize("workloads", [1, 30, 200])
def test_the_least_pairs_are_just_enough(workloads: int) -> None:
    for pairs, found in ((least_pairs(workloads), "regressed"), (least_pairs(workloads) - 1, "inconclusive")):
        d = {f"w{i}": np.zeros(pairs) for i in range(workloads - 1)} | {"dear": np.linspace(0.1, 0.2, pairs)}
        assert decide(d)["dear"].verdict == found


def test_disturbed_batches_conclude_nothing() -> None:
    d = {"a": np.linspace(0.1, 0.2, 60), "b": np.zeros(60)}
    assert {one.verdict for one in decide(d, contamination={"a": 0.31, "b": 0.5}).values()} == {"inconclusive"}
    assert decide(d, contamination={"a": 0.3})["a"].verdict == "regressed"


# The peak is VmHWM: ru_maxrss of a fresh program still holds that of the process it was forked from (getrusage(2)).
COST = r"""
import re, sys, time
import numpy as np
from ferrule.stats.paired import decide_at_looks
draw = np.random.default_rng(1)
d = {f"w{i}": draw.standard_t(3, 60) * 0.005 for i in range(200)}
began = time.process_time()
decide_at_looks(d)
print(time.process_time() - began, int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""


@pytest.fixture(scope="module")
def cost() -> tuple[float, float]:
    """CPU seconds and megabytes of the decision on 200 workloads of 60 pairs."""
    output = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True).stdout.split()
    seconds, megabytes = map(float, output)
    return seconds, megabytes


def test_200_workloads_of_60_pairs_take_under_300_mb(cost: tuple[float, float]) -> None:
    assert cost[1] < 300.0


@pytest.mark.clock
def test_200_workloads_of_60_pairs_take_under_5_seconds(cost: tuple[float, float]) -> None:
    assert cost[0] < 5.0
