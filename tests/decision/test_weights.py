"""The reader's weights: what they must look like, and that the order holds exactly up to the bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ferrule.decision.weights import parse, room, scores
from ferrule.errors import UsageError
from hypothesis import given
from hypothesis import strategies as st

FAMILIES = ("fs", "ipc", "memory")
KERNELS = ("aero", "hermit", "linux", "redox")
EFFECTS = st.fixed_dictionaries(
    {family: st.fixed_dictionaries({name: st.integers(-400, 400) for name in KERNELS}) for family in FAMILIES}
).map(lambda drawn: {family: {name: n / 100 for name, n in row.items()} for family, row in drawn.items()})
WEIGHTS = st.fixed_dictionaries({family: st.integers(1, 500).map(lambda n: n / 100) for family in FAMILIES})


@given(EFFECTS, WEIGHTS, st.sampled_from(FAMILIES))
def test_the_order_holds_up_to_the_bound_and_not_beyond(
    effects: dict[str, dict[str, float]], weights: dict[str, float], family: str
) -> None:
    before = scores(effects, weights, KERNELS)
    order = list(before)
    found = room(effects, weights, order, family)

    def at(weight: float) -> dict[str, float]:
        return scores(effects, weights | {family: weight}, KERNELS)

    def holds(there: dict[str, float]) -> bool:
        return all(there[one] <= there[other] + 1e-9 for one, other in pairwise(order))

    low, high = found.below.weight if found.below else 0.0, found.above.weight if found.above else 1e9
    assert low <= weights[family] + 1e-9 <= high + 2e-9
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert holds(at(low + share * (min(high, 1e3) - low)))
    if found.below and found.below.weight > 0.01:
        there = at(found.below.weight * 0.9)
        assert there[found.below.second] < there[found.below.first]
    if found.above:
        there = at(found.above.weight * 1.1 + 0.01)
        assert there[found.above.second] < there[found.above.first]


@given(EFFECTS, WEIGHTS, st.integers(1, 50))
def test_only_the_weights_proportions_count(
    effects: dict[str, dict[str, float]], weights: dict[str, float], by: int
) -> None:
    one = scores(effects, weights, KERNELS)
    other = scores(effects, {family: by * weight for family, weight in weights.items()}, KERNELS)
    assert {name: pytest.approx(value) for name, value in one.items()} == other


def test_a_family_without_weight_says_nothing() -> None:
    effects = {"fs": {"redox": 0.0, "linux": 9.0}, "ipc": {"redox": 1.0, "linux": 0.0}}
    assert list(scores(effects, {"fs": 0.0, "ipc": 1.0}, ["redox", "linux"])) == ["linux", "redox"]
    found = room(effects, {"fs": 0.0, "ipc": 1.0}, ["linux", "redox"], "fs")
    assert found.below is None
    assert found.above is not None
    assert found.above.weight == pytest.approx(1 / 9)


def test_weights_are_read() -> None:
    assert parse("ipc=3, fs=0", FAMILIES) == {"ipc": 3.0, "fs": 0.0}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ipd=3", "no such family; there are fs, ipc, memory"),
        ("ipc", "give a number that is 0 or more"),
        ("ipc=", "give a number"),
        ("ipc=-1", "give a number"),
        ("ipc=nan", "give a number"),
        ("ipc=inf", "give a number"),
        ("ipc=1,ipc=2", "ipc is there twice"),
        ("", "no such family"),
        ("ipc=1,,fs=2", "no such family"),
    ],
)
def test_weights_that_mean_nothing_are_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"^--weight .*{why}"):
        parse(text, FAMILIES)
