"""What a run found, in one line: the comparison that says most where results may be compared, else what things cost.

The line uses believed results only, never of emulated time, and names an interval or says that it is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log

from ferrule.payload.key import RunKey
from ferrule.records.samples import WITHOUT
from ferrule.report import over_floor, units
from ferrule.report.cells import Scales
from ferrule.report.columns import Column, Entry
from ferrule.report.grouping import BANDWIDTHS
from ferrule.report.layout import title_of
from ferrule.report.verdicts import GRAVEST, WORKS, tally, verdicts
from ferrule.stats.compare import Ratio, obstacle, ratio, unlike
from ferrule.text import number_of

# What a reader looks for first. Of other workloads the one with the largest difference is reported.
FIRST = ("pipe_latency", "null_call", "context_switch", "page_fault")
REFERENCE = "linux"
_NAMES = {"local": "this host's", "floor": "the floor's"}
MANY = 4  # things that are named one by one
_FAULTS = tuple(status for status in GRAVEST if status != "ok" and status not in WITHOUT)


@dataclass(frozen=True)
class _Pair:
    """One operation on two guests; the ratio is that of the second's cost to the first's."""

    key: RunKey
    per: str
    cost: Ratio


def measured(columns: Sequence[Column]) -> str | None:
    """What was found; None where there is nothing to say."""
    found = [one for one in columns if one.conditions is not None and _costs(one)]
    for one, other in sorted(combinations(found, 2), key=lambda pair: _rank(*pair)):
        if pairs := _pairs(one, other):
            return _compared(one.guest, other.guest, pairs)
    timed = [one for one in found if one.conditions and (one.conditions.is_time or one.conditions.unit != "ns")]
    if found and not timed:
        return "Emulated time is not time: nothing here says what an operation costs"
    return _capital("; ".join(_alone(one) for one in timed[:MANY])) or None


def verified(columns: Sequence[Column]) -> str | None:
    """What a verification found."""
    parts = []
    for column in columns:
        found = verdicts(column)
        if faults := [f"{one.workload} {one.verdict}" for one in found if one.verdict in _FAULTS]:
            parts.append(f"{column.guest}: {_some(faults)}")
        elif counts := tally(found):
            parts.append(f"{column.guest}: {counts[WORKS]} of {sum(counts.values())} workloads work, none is wrong")
    return "; ".join(parts) or None


def counted(columns: Sequence[Column]) -> str:
    """`94 results on 2 guests, 12 rows that a guest does not have, 1 failed: redox: process_create crashed`."""
    entries = [(column, entry) for column in columns for entry in _asked(column)]
    ends = Counter(entry.status for _, entry in entries)
    parts = [f"{number_of(ends['ok'], 'result')} on {number_of(len({column.guest for column, _ in entries}), 'guest')}"]
    if without := sum(ends[status] for status in WITHOUT):
        parts.append(f"{number_of(without, 'row')} that a guest does not have")
    failed = [(column, entry) for column, entry in entries if entry.status in _FAULTS]
    waiting = [entry for column, entry in failed if column.interrupted and entry.status == "missing"]
    if waiting:
        parts.append(f"{number_of(len(waiting), 'row')} not measured yet")
    faults = [f"{column.guest}: {entry.key} {entry.status}" for column, entry in failed if entry not in waiting]
    if faults:
        parts.append(f"{len(faults)} failed: {_some(faults)}")
    judged = [column for column in columns if not column.accepted and not column.interrupted]  # the rest may yet come
    if doubts := [f"{column.guest}: {key}" for column in judged for key in column.doubts]:
        parts.append(f"{len(doubts)} implausible: {_some(doubts)}")
    return ", ".join(parts)


def _rank(one: Column, other: Column) -> tuple[bool, bool]:
    """Two kernels say more than a kernel and the bare hardware; the reference says most."""
    oses = [column.conditions.os for column in (one, other) if column.conditions]
    return over_floor.OS in oses, REFERENCE not in oses


def _costs(column: Column) -> list[RunKey]:
    """The runs with a believed result, what readers look for first."""
    asked = _asked(column)
    keys = [one.key for one in column.trusted if one in asked and one.summary and one.summary.estimate > 0]
    return sorted(keys, key=lambda key: (_place(key.workload), key))


def _asked(column: Column) -> list[Entry]:
    """What was to be measured: controls run beside everything, and count where nothing else was asked for."""
    return [one for one in column.entries if not one.control] or [*column.entries]


def _place(workload: str) -> int:
    return FIRST.index(workload) if workload in FIRST else len(FIRST)


def _pairs(one: Column, other: Column) -> list[_Pair]:
    """All that can be compared between two guests."""
    if one.conditions is None or other.conditions is None or obstacle(one.conditions, other.conditions):
        return []
    return list(_common(one, other))


def _common(one: Column, other: Column) -> Iterator[_Pair]:
    both = set(_costs(other))
    for key in _costs(one):
        first, second = one.find(key), other.find(key)
        if key not in both or not (first and second and first.summary and second.summary):
            continue
        if unlike(first.summary, second.summary) is None:
            yield _Pair(key, first.summary.meaning.per, ratio(first.summary.interval, second.summary.interval))


def _compared(one: str, other: str, pairs: Sequence[_Pair]) -> str:
    """One difference in full, and how often which guest is the cheaper one."""
    differing = [pair for pair in pairs if pair.cost.differs]
    if not differing:
        return (
            f"{_capital(_whose(one))} and {_whose(other)} costs: no difference seen in {number_of(len(pairs), 'row')}"
        )
    chosen = min(differing, key=lambda pair: (_place(pair.key.workload), -abs(log(pair.cost.ratio))))
    cheap, dear = (one, other) if chosen.cost.ratio > 1 else (other, one)
    line = f"{_whose(cheap)} {_noun(chosen.key, chosen.per)} is {_times(chosen.cost)} than {_whose(dear)}"
    if len(pairs) > 1:
        wins = sum(pair.cost.ratio > 1 for pair in differing), sum(pair.cost.ratio < 1 for pair in differing)
        line += f"; of {len(pairs)} rows that both have, {one} is cheaper in {wins[0]}, {other} in {wins[1]}"
    return _capital(line)


def _times(found: Ratio) -> str:
    """`1.34 times cheaper [1.31, 1.37]`, of a ratio on either side of 1."""
    turned = found.ratio < 1
    low, high = (found.high, found.low) if turned else (found.low, found.high)
    ends = (None, None) if low is None or high is None else (1 / low, 1 / high) if turned else (low, high)
    centre = 1 / found.ratio if turned else found.ratio
    exact = ends[0] is not None and ends[0] == ends[1]
    places = units.decimals(centre, *ends)
    interval = "(exact)" if exact else "" if ends[0] is None else f"[{ends[0]:.{places}f}, {ends[1]:.{places}f}]"
    return f"{units.number(centre, places)} times cheaper {interval}".rstrip()


def _alone(column: Column) -> str:
    """What its first operation costs."""
    key = _costs(column)[0]
    entry = column.find(key)
    assert entry is not None
    assert entry.summary is not None
    scales = Scales.of([entry.summary], bandwidth=title_of([entry]) == BANDWIDTHS)
    value = scales.show(entry.summary)
    if entry.summary.low == entry.summary.high is not None:
        value = f"{value.partition(' [')[0]} (exact)"
    verb = "moves" if scales.rate else "costs"
    return f"{_whose(column.guest)} {_noun(key, entry.summary.meaning.per)} {verb} {value}"


def _noun(key: RunKey, per: str) -> str:
    return f"{key} round trip" if per == "round_trip" else str(key)


def _whose(guest: str) -> str:
    if guest in _NAMES:
        return _NAMES[guest]
    return f"{guest.capitalize() if guest.isalpha() else guest}'s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MANY])
    return shown if len(names) <= MANY else f"{shown} and {len(names) - MANY} more"
