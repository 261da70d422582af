"""The decision view as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ferrule.decision.gaps import named, words
from ferrule.decision.view import Decision, Family, Ranking, Standing
from ferrule.decision.weights import Room
from ferrule.report import units
from ferrule.report.columns import Column
from ferrule.report.footer import amounts
from ferrule.stats.compare import Ratio
from ferrule.text import number_of

WIDTH = 80


def render(found: Decision) -> str:
    """Blocks: conditions, ranking, families, weakest points, gaps."""
    blocks = [("Compared", compared(found))]
    if found.ranking is not None:
        blocks.append(("All weighted families together", list(ranking(found.ranking))))
    blocks.append(("By family (cost over the leader's)", [family(one) for one in found.families]))
    blocks.append(("Weakest points (cost over the cheapest kernel's)", list(weakest(found))))
    blocks.append(("What each cannot do", list(lacking(found))))
    return "\n\n".join("\n".join([title, *(_wrapped(line) for line in lines)]) for title, lines in blocks if lines)


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line, WIDTH, initial_indent="  ", subsequent_indent="      ", break_long_words=False, break_on_hyphens=False
    )


def compared(found: Decision) -> list[str]:
    """The stored line of each kernel, the kernels left out and why, and the unit."""
    lines = [f"{one.column.guest}: {_source(one.column)}; run {one.run_id}" for one in found.chosen.lines]
    lines += [f"{name}: left out: {why}" for name, why in found.chosen.without]
    unit = {one.conditions.unit for one in found.columns if one.conditions}
    what = "guest instructions an operation" if unit == {"instructions"} else "time an operation"
    return [*lines, f"Cost is {what}: lower is better."]


def _source(column: Column) -> str:
    conditions = column.conditions
    assert conditions is not None  # lines without conditions are not chosen
    return f"{conditions.os} {conditions.kernel} {conditions.arch}, {conditions.accel}, {amounts(column)}"


def ranking(found: Ranking) -> Iterator[str]:
    """Order, weights, and how far each weight may move."""
    first, *others = found.standings
    yield f"{first.kernel} leads; {_others(others)}"
    yield f"Weights: {', '.join(f'{name} {weight:g}' for name, weight in found.weights.items())}"
    unset = [name for name, weight in found.weights.items() if not weight and name not in found.given]
    if unset:
        yield f"{', '.join(unset)}: no weight unless you give one, because not every kernel has a number there"
    for name, families in found.unranked:
        plural = "these families" if len(families) > 1 else "this family"
        yield f"{name}: not ranked: no number that compares in {', '.join(families)}; ranked with {plural} at weight 0"
    yield from (moves(one) for one in found.rooms)


def moves(room: Room) -> str:
    """How far a weight may move before the order changes."""
    if room.below is None and room.above is None:
        return f"{room.family}: the order holds at every weight"
    ends = [
        f"{word} {bound.weight:.3g} ({side} that {bound.second} comes before {bound.first})"
        for bound, word, side in ((room.below, "down to", "below"), (room.above, "up to", "above"))
        if bound is not None
    ]
    return f"{room.family} {room.weight:g}: the order holds {' and '.join(ends)}"


def family(one: Family) -> str:
    """`ipc: redox leads; linux 1.32 [1.30, 1.34]; ...`."""
    first, *others = one.standings
    lead = (
        f"{first.kernel} leads"
        if others[0].cost.differs is not False
        else f"{first.kernel} leads, within the uncertainty"
    )
    apart = f"; nothing to compare: {', '.join(one.apart)}" if one.apart else ""
    return f"{one.name} ({size(one)}): {lead}; {_others(others)}{apart}"


def size(one: Family) -> str:
    """`7 operations, 4 workloads`."""
    operations = number_of(one.rows, "operation")
    return operations if one.rows == one.workloads else f"{operations} of {one.workloads} workloads"


def _others(standings: list[Standing]) -> str:
    return ", ".join(f"{one.kernel} {times(one.cost)}" for one in standings)


def times(cost: Ratio) -> str:
    """`1.32 (exact)`, `1.32 [1.30, 1.34]`."""
    if cost.low is None:
        return f"{units.ratio(cost.ratio, None, None)} (no interval)"
    if cost.low == cost.high:
        return f"{units.ratio(cost.ratio, cost.low, cost.high)} (exact)"
    return units.ratio(cost.ratio, cost.low, cost.high)


def weakest(found: Decision) -> Iterator[str]:
    """Each kernel's most expensive operations, over the cheapest kernel's."""
    for kernel, weak in found.weakest:
        yield f"{kernel}: {', '.join(f'{one.key} {times(one.cost)} over {one.best}' for one in weak)}"


def lacking(found: Decision) -> Iterator[str]:
    """Each kernel's gaps by the four answers."""
    for one in found.gaps:
        answers = "; ".join(f"{words(answer)}: {', '.join(map(named, verdicts))}" for answer, verdicts in one.answers)
        yield f"{one.kernel}: {one.works} of {one.asked} workloads work{'; ' if answers else ''}{answers}"
