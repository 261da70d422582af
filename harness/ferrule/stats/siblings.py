"""The factor-two lint: results that must agree and do not, because of an accounting error or a second mode.

"Latency" is a round trip in one tool and half of one in another, and published columns have doubled from one day to
the next when this was noticed. Two rules, both from what workloads declare, never from their names:

1. The processes of one run on one guest are siblings. A factor of two between them is two placements or two modes, not
   one number.
2. A one-way and a round trip that copy a message (bytes) and need context switches are siblings when they use the same
   mechanism (the row's `through`: a socket may well cost as much as two pipes), the same placement (not `free`), the
   same switches each way and the same bytes each way. All sizes that fit into a cache line count as the same: copying
   that much is free compared with a switch. A round trip must then cost two one-ways. Of several parameter sets of one
   workload the cheapest is compared: larger ones add work of their own.
   A message in registers (0 bytes) has no sibling among them: it needs no buffer, no lock and no queue.
   Two round trips are no siblings: a futex and a pipe may well differ by a factor of two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.stats.flags import Flag
from ferrule.stats.summary import Summary
from ferrule.stats.throughput import CACHE_LINE

FACTOR = 2.0
WAYS = {"one_way": 1, "round_trip": 2}


@dataclass(frozen=True)
class Disagreement:
    """Two results that must agree within a factor of two. `ratio` is larger over smaller."""

    first: RunKey
    second: RunKey
    ratio: float
    text: str


def lint(summaries: Iterable[Summary]) -> list[Disagreement]:
    """All disagreements among the results of one guest, in a stable order; functional-only results are left out."""
    every = sorted((one for one in summaries if Flag.FUNCTIONAL not in one.flags), key=lambda one: one.key)
    return [*_modes(every), *_ways(every)]


def _modes(summaries: list[Summary]) -> list[Disagreement]:
    """Rule 1."""
    found = []
    for one in summaries:
        low, high = min(one.per_process), max(one.per_process)
        if Flag.BIMODAL in one.flags:
            text = f"{one.key}: its processes differ by a factor of {high / low:.1f}"
            found.append(Disagreement(one.key, one.key, high / low, text))
    return found


def _ways(summaries: list[Summary]) -> list[Disagreement]:
    """Rule 2."""
    cheapest: dict[tuple[str, str, tuple[str, str, float, float]], Summary] = {}
    through = {row.name: row.through for row in workloads().values()}
    for one in summaries:
        ways = WAYS.get(one.meaning.per, 0)
        carries = one.meaning.bytes > 0 and one.meaning.switches > 0 and one.estimate > 0
        medium = through.get(one.key.workload, "")
        if not ways or not carries or one.place == "free" or not medium:
            continue
        way = (medium, one.place, max(CACHE_LINE, one.meaning.bytes / ways), one.meaning.switches / ways)
        slot = (one.meaning.per, one.key.workload, way)
        if slot not in cheapest or one.estimate < cheapest[slot].estimate:
            cheapest[slot] = one
    found = []
    for (per, _, way), one in cheapest.items():
        if per != "one_way":
            continue
        for (other_per, _, other_way), other in cheapest.items():
            if other_per == "round_trip" and other_way == way:
                ratio = other.estimate / (2.0 * one.estimate)
                if max(ratio, 1.0 / ratio) >= FACTOR:
                    text = f"{other.key} (round trip) is {ratio:.2f} times two of {one.key} (one way)"
                    found.append(Disagreement(one.key, other.key, max(ratio, 1.0 / ratio), text))
    return found
