"""The reader's weights, and how far each of them may move before the order of the kernels changes.

A kernel's score is the weighted mean of its effects (logarithms of cost) over the families. The difference of two
scores is linear in each weight, so it is zero at one value at most: the nearest of those is where two kernels change
places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isfinite

from ferrule.errors import UsageError

Effects = Mapping[str, Mapping[str, float]]  # by family, then by kernel
_EQUAL = 1e-9  # smaller differences come from rounding


@dataclass(frozen=True)
class Bound:
    """A weight at which two kernels change places: beyond it the second ranks before the first."""

    weight: float
    first: str
    second: str


@dataclass(frozen=True)
class Room:
    """How far the weight of a family may move while all others stay."""

    family: str
    weight: float
    below: Bound | None  # None: the order holds down to weight 0
    above: Bound | None  # None: the order holds however large the weight is


def parse(text: str, families: Sequence[str]) -> dict[str, float]:
    """The weights in `ipc=3,fs=0`.

    Raises:
        UsageError: no such family, no number, or a family twice.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (word.strip() for word in part.partition("="))
        if name not in families:
            raise UsageError(f"--weight {part.strip() or text!r}: no such family; there are {', '.join(families)}")
        try:
            value = float(number) if equals else -1.0
        except ValueError:
            value = -1.0
        if not isfinite(value) or value < 0:
            raise UsageError(f"--weight {part.strip()}: give a number that is 0 or more, e.g. --weight {name}=3")
        if name in found:
            raise UsageError(f"--weight {text}: {name} is there twice")
        found[name] = value
    return found


def scores(effects: Effects, weights: Mapping[str, float], kernels: Sequence[str]) -> dict[str, float]:
    """The weighted mean of each kernel's effects, cheapest first; equal ones by their order in `kernels`."""
    total = sum(weights.values())
    found = {
        name: sum(weight * effects[family][name] for family, weight in weights.items() if weight) / total
        for name in kernels
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def room(effects: Effects, weights: Mapping[str, float], ranked: Sequence[str], family: str) -> Room:
    """Where the order of the ranked kernels changes first when one weight moves.

    Args:
        effects: by family; every ranked kernel is in this family and in all that have a weight.
        weights: of all families.
        ranked: kernels, cheapest first.
        family: whose weight moves.
    """
    weight = weights[family]
    below, above = Bound(-inf, "", ""), Bound(inf, "", "")
    for first, second in combinations(ranked, 2):
        lead = sum(w * (effects[name][second] - effects[name][first]) for name, w in weights.items() if w)
        slope = effects[family][second] - effects[family][first]
        if abs(slope) < _EQUAL:
            continue
        at = weight - lead / slope
        if slope > 0 and max(below.weight, _EQUAL) < at:
            below = Bound(at, first, second)
        elif slope < 0 and at < above.weight:
            above = Bound(at, first, second)
    return Room(family, weight, below if below.first else None, above if above.first else None)
