"""Implausible values: they fail the run, and later runs are not compared with them.

Public dashboards of kernels have shown zeros, halves and doubles for weeks: an operation that was optimised away, a
round trip that became a one-way, a parser that lost half of the samples. Each of these is looked for in both
directions, because a number that got too good is as wrong as one that got too bad:

1. An operation that costs nothing or less. Controls may; emulated time is not checked.
2. Fewer processes than were asked for.
3. Another meaning, placement, parameters or unit than the last believed value of the same run on the same guest and
   accelerator. A parameter that only one of the two has is not a change: the default of a new parameter is what the
   workload did before, and rule 4 checks that.
4. A value of at least twice or at most half the last believed one under equal conditions, where their ratio has an
   interval and it does not contain 1. Equal conditions may differ in the payload's build, which is what may be wrong,
   and in the load. Results whose flags say that they are no single number, or mostly subtraction, are left out.

A round trip that disagrees with two one-ways is listed (stats/siblings.py) and fails nothing: two workloads may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.records.conditions import departures
from ferrule.records.samples import Conditions
from ferrule.report import units
from ferrule.report.columns import Column, Entry
from ferrule.stats.compare import compare
from ferrule.stats.flags import Flag
from ferrule.stats.summary import Summary

FACTOR = 2.0
UNFIT = {Flag.BIMODAL, Flag.UNRELIABLE, Flag.UNSTEADY, Flag.OVERHEAD, Flag.FUNCTIONAL}


def doubts(column: Column, earlier: Sequence[Column], asked: int | None) -> dict[RunKey, str]:
    """Why values are not believed, by run.

    Args:
        column: the fresh results of a guest.
        earlier: what is stored of this guest on this machine, oldest first.
        asked: processes of each run, all boots together; None when that was left open.
    """
    found = {}
    for entry in column.entries:
        why = next(_reasons(column, entry, earlier, asked), None)
        if why is not None:
            found[entry.key] = why
    return found


def _reasons(column: Column, entry: Entry, earlier: Sequence[Column], asked: int | None) -> Iterator[str]:
    now = entry.summary
    if now is None or column.conditions is None:
        return
    if now.estimate <= 0 and not entry.control and entry.family != "control" and Flag.FUNCTIONAL not in now.flags:
        yield f"{_value(now)}: no operation is free"
    if asked is not None and now.n_processes < asked:
        yield f"{now.n_processes} of {asked} processes gave samples"
    same_accel = [one for one in earlier if one.conditions and one.conditions.accel == column.conditions.accel]
    if (before := _last(entry.key, same_accel)) is not None and (changed := _changed(before, now)):
        yield changed
    equal_conditions = [one for one in same_accel if one.conditions and same(one.conditions, column.conditions)]
    if (before := _last(entry.key, equal_conditions)) is not None:
        yield from _jumped(before, now, column.conditions)


def _last(key: RunKey, earlier: Sequence[Column]) -> Summary | None:
    """The last believed value of a run."""
    found = (entry.summary for one in reversed(earlier) for entry in one.trusted if entry.key == key)
    return next((summary for summary in found if summary is not None), None)


def _changed(before: Summary, now: Summary) -> str | None:
    """How the meaning of a value has changed; None where it has not."""
    for name in ("unit", "meaning", "place"):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            return f"its {name} was {old} and is {new}"
    was, values = dict(before.params), dict(now.params)
    if any(was[name] != values[name] for name in was.keys() & values.keys()):
        return f"its params was {before.params} and is {now.params}"
    return None


def same(one: Conditions, other: Conditions) -> bool:
    """Whether two runs were taken under equal conditions; only the payload's build and the load may differ."""
    return not departures(one, other, payload=False)


def _jumped(before: Summary, now: Summary, conditions: Conditions) -> Iterator[str]:
    """Twice or half; `conditions` are both sides'."""
    if UNFIT & {*before.flags, *now.flags}:
        return
    try:
        found = compare(replace(before, params=now.params), conditions, now, conditions)  # new ones have their default
    except UsageError:  # its meaning changed, or one side is not positive: rules 3 and 1
        return
    if max(found.ratio, 1.0 / found.ratio) >= FACTOR and found.differs:
        yield f"{_value(now)} is {found.ratio:.2g} times the earlier {_value(before)}, under equal conditions"


def _value(summary: Summary) -> str:
    show = units.count if summary.unit == "instructions" else units.time
    return show(summary.estimate, summary.low, summary.high)


def lines(column: Column) -> list[str]:
    """The lines for below the tables."""
    after = "accepted (--accept)" if column.accepted else "this run fails; --accept takes it as it is"
    if column.interrupted and not column.accepted:
        after = "the run was interrupted"
    return [f"{column.guest}: {key}: {why}; {after}" for key, why in column.doubts.items()]
