"""Two runs side by side: the ratio of every result that both have, and in one line why the others have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from tabulate import tabulate

from ferrule.errors import UsageError
from ferrule.records.conditions import placements_differ
from ferrule.report import units
from ferrule.report.cells import Scales
from ferrule.report.columns import Column, Entry
from ferrule.report.grouping import BANDWIDTHS, position
from ferrule.report.layout import label, title_of
from ferrule.report.markdown import escape
from ferrule.report.verdicts import word_of
from ferrule.stats.compare import Ratio, obstacle, ratio, unlike
from ferrule.stats.summary import Summary
from ferrule.text import number_of

MANY = 6  # rows that are named one by one


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    name: str  # its id, or the file it was read from
    columns: Sequence[Column]


@dataclass(frozen=True)
class Row:
    """A result that both runs have; ratios are of what an operation costs, candidate over base."""

    base: Entry
    candidate: Entry
    cost: Ratio
    cycles: Ratio | None  # of core cycles, which do not depend on the core's clock rate


@dataclass(frozen=True)
class Comparison:
    """Rows by guest; guests and rows without a ratio, by the reason."""

    base: str
    candidate: str
    guests: Mapping[str, Sequence[Row]]
    without: Mapping[str, Sequence[str]]


def compare_runs(base: Side, candidate: Side) -> Comparison:
    """Compare all that can be compared.

    Raises:
        UsageError: nothing can be compared; gives the reasons.
    """
    others = {one.guest: one for one in candidate.columns}
    names = {one.guest for one in base.columns}
    guests: dict[str, Sequence[Row]] = {}
    without: dict[str, list[str]] = {}
    for column in base.columns:
        other = others.get(column.guest)
        if other is None:
            without.setdefault(f"only in {base.name}", []).append(column.guest)
        elif why := _refusal(column, other):
            without.setdefault(why, []).append(column.guest)
        elif found := _rows(column, other, (base.name, candidate.name), without):
            guests[column.guest] = found
    for name in others.keys() - names:
        without.setdefault(f"only in {candidate.name}", []).append(name)
    made = Comparison(base.name, candidate.name, guests, without)
    if not guests:
        raise UsageError(f"{base.name} and {candidate.name}: nothing to compare: {_not_compared(made) or 'no results'}")
    return made


def _refusal(base: Column, candidate: Column) -> str | None:
    """Why no result of a guest can be compared."""
    if base.conditions is None or candidate.conditions is None:
        return "it sent no record in one of them"
    return obstacle(base.conditions, candidate.conditions)


def _apart(base: Column, candidate: Column, entry: Entry) -> str | None:
    """Why a cross_core row has no ratio: the placement of its two CPUs differs between the runs."""
    if entry.key.place != "cross_core" or base.conditions is None or candidate.conditions is None:
        return None
    apart = placements_differ(base.conditions, candidate.conditions)
    return f"its CPUs were placed differently ({apart}); name two of the same kind with --cpu" if apart else None


def _rows(base: Column, candidate: Column, names: tuple[str, str], without: dict[str, list[str]]) -> list[Row]:
    """The rows of one guest, in the order of tables. Rows that neither run measured are left out."""
    rows = []
    keys = sorted({entry.key for column in (base, candidate) for entry in column.entries})
    for key in keys:
        one, other = base.find(key), candidate.find(key)
        if one is not None and other is not None and one.summary is not None and other.summary is not None:
            why = unlike(one.summary, other.summary) or _apart(base, candidate, one)
            if why is None:
                rows.append(Row(one, other, _cost(one, other), _cycles(one.summary, other.summary)))
            elif not one.control:  # controls cost nothing, and have no ratio
                without.setdefault(why, []).append(f"{base.guest}: {key}")
        elif why := _missing(one, other, names):
            without.setdefault(why, []).append(f"{base.guest}: {key}")
    return sorted(rows, key=lambda row: (position(title_of([row.base])), row.base.key))


def _missing(one: Entry | None, other: Entry | None, names: tuple[str, str]) -> str | None:
    """Why one side has no result, where the other has one."""
    for entry, there, name, elsewhere in ((one, other, names[0], names[1]), (other, one, names[1], names[0])):
        if there is not None and there.summary is not None and not there.control:
            if entry is None or entry.status == "ok":  # not asked for, or verified only
                return f"only in {elsewhere}"
            return f"{word_of(entry.status)} in {name}"
    return None


def _cost(base: Entry, candidate: Entry) -> Ratio:
    """Of the numbers that are shown: a bandwidth that doubles is a cost that halves."""
    one, other = base.summary, candidate.summary
    assert one is not None
    assert other is not None
    if title_of([base]) == BANDWIDTHS and one.throughput and other.throughput:
        return ratio(other.throughput, one.throughput)
    return ratio(one.interval, other.interval)


def _cycles(base: Summary, candidate: Summary) -> Ratio | None:
    one, other = base.cycles, candidate.cycles
    return ratio(one, other) if one and other and min(one.estimate, other.estimate) > 0 else None


def finding(found: Comparison) -> str:
    """In how many rows the candidate costs more, less or the same, and which of them differ most."""
    rows = [(guest, row) for guest, rows in found.guests.items() for row in rows]
    differing = [(guest, row) for guest, row in rows if row.cost.differs]
    more = [one for one in differing if one[1].cost.ratio > 1]
    less = [one for one in differing if one[1].cost.ratio < 1]
    same = sum(row.cost.differs is False for _, row in rows)
    counts = {
        f"costs more in {len(more)}{_most(more)}": len(more),
        f"costs less in {len(less)}{_most(less)}": len(less),
        f"no difference is seen in {same}": same,
        "there is no interval in the rest": len(rows) - len(differing) - same,
    }
    listed = ", ".join(text for text, count in counts.items() if count)
    return f"{found.candidate} against {found.base}, {number_of(len(rows), 'row')}: {listed}"


def _most(rows: Sequence[tuple[str, Row]]) -> str:
    if not rows:
        return ""
    guest, row = max(rows, key=lambda one: abs(log(one[1].cost.ratio)))
    return f" ({'most: ' if len(rows) > 1 else ''}{guest}: {row.base.key}, {_ratio(row.cost)} times)"


def render(found: Comparison) -> str:
    """A table per guest, one line of everything without a ratio, and one of what was found."""
    blocks = [f"{guest}\n{_table(found, rows)}" for guest, rows in found.guests.items()]
    if skipped := _not_compared(found):
        blocks.append(f"not compared: {skipped}")
    blocks.append(finding(found))
    return "\n\n".join(blocks)


def markdown(found: Comparison) -> str:
    """The same as a page; ends with a newline."""
    blocks = [f"# {escape(found.base)} and {escape(found.candidate)}"]
    for guest, rows in found.guests.items():
        blocks += [f"## {escape(guest)}", _table(found, rows, "pipe")]
    if skipped := _not_compared(found):
        blocks.append(f"Not compared: {escape(skipped)}")
    blocks.append(escape(finding(found)))
    return "\n\n".join(blocks) + "\n"


def _table(found: Comparison, rows: Sequence[Row], form: str = "simple") -> str:
    headers = ["workload", "per", "place", found.base, found.candidate, "cost, candidate / base", "", "in core cycles"]
    cells = [_cells(row) for row in rows]
    kept = [at for at, head in enumerate(headers) if head in headers[3:6] or any(row[at] for row in cells)]
    body = [[row[at] for at in kept] for row in cells]
    heads = [headers[at] for at in kept]
    if form == "pipe":
        heads, body = [escape(head) for head in heads], [[escape(cell) for cell in row] for row in body]
    return tabulate(body, heads, tablefmt=form, disable_numparse=True)


def _cells(row: Row) -> list[str]:
    both = [row.base.summary, row.candidate.summary]
    scales = Scales.of(both, bandwidth=title_of([row.base]) == BANDWIDTHS)
    values = [scales.show(one) for one in both if one is not None]
    return [*label([row.base]), *values, _ratio(row.cost), _verdict(row.cost), _ratio(row.cycles)]


def _ratio(found: Ratio | None) -> str:
    return "" if found is None else units.ratio(found.ratio, found.low, found.high)


def _verdict(found: Ratio) -> str:
    if found.differs is None:
        return found.method
    exact = found.low == found.high
    return ("differs" if found.differs else "equal" if exact else "no difference seen") + (", exact" if exact else "")


def _not_compared(found: Comparison) -> str:
    """Everything that has no ratio, by the reason."""
    return "; ".join(f"{_some(names)} ({why})" for why, names in found.without.items())


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY])
    return shown if len(names) <= MANY else f"{shown} and {len(names) - MANY} more"


def as_json(found: Comparison) -> dict[str, Any]:
    """The same in plain JSON types, with all numbers; ratios are of what an operation costs, candidate over base."""
    return {
        "base": found.base,
        "candidate": found.candidate,
        "guests": {guest: {str(row.base.key): _row_json(row) for row in rows} for guest, rows in found.guests.items()},
        "not_compared": {why: list(names) for why, names in found.without.items()},
    }


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "base": _side_json(row.base.summary),
        "candidate": _side_json(row.candidate.summary),
        "ratio": _ratio_json(row.cost),
        "ratio_in_core_cycles": _ratio_json(row.cycles),
    }


def _side_json(summary: Summary | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    moved = summary.throughput
    return {
        **{name: getattr(summary, name) for name in ("estimate", "low", "high", "unit", "method")},
        "per": summary.meaning.per,
        "bytes_per_second": moved and {name: getattr(moved, name) for name in ("estimate", "low", "high")},
    }


def _ratio_json(found: Ratio | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {name: getattr(found, name) for name in ("ratio", "low", "high", "differs", "method")}
