"""The runs that a name selects: families, parameters and placements, in the notation of suites and `--workload`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ferrule import paths
from ferrule.errors import UsageError
from ferrule.payload.key import SCALE, SCALE_MOST, RunKey
from ferrule.payload.plan import PLACES
from ferrule.payload.registry import Declaration, workloads

ELSEWHERE: Final = "elsewhere"  # the suite of workloads whose family has no folder in guest/workloads/
Variants = Mapping[str, Sequence[Mapping[str, int]]]
Asked = tuple[str, dict[str, int], str | None]  # workload, parameters, placement when one was named


def suite_of(row: Declaration) -> str:
    """The suite of a workload: its family's, or `elsewhere` for a workload from outside the tree (--extra)."""
    return row.family if (paths.guest() / "workloads" / row.family).is_dir() else ELSEWHERE


def keys_of(name: str, variants: Variants, places: Sequence[str], extra: Sequence[Path] = ()) -> list[RunKey]:
    """The runs of one family, in the order of the folder; `extra` holds workloads from outside the tree.

    A family that only `extra` has is in a suite of the user's that names it, and in our suite `elsewhere`.

    Raises:
        UsageError: the suite gives parameters for a workload or a key that does not exist.
    """
    known = {row.name: row for row in workloads(extra).values() if name in (row.family, suite_of(row))}
    for workload in variants:
        if workload not in known:
            raise UsageError(f"suite {name}: no workload {workload} in this family; ferrule list names those there are")
    return [
        key
        for row in known.values()
        if not row.hidden
        for params in variants.get(row.name, ({},))
        for key in variants_of(row, params, places)
    ]


def variants_of(row: Declaration, params: Mapping[str, int], places: Sequence[str]) -> list[RunKey]:
    """One workload with given parameters, once for each placement where it has two ends.

    Raises:
        UsageError: a parameter that the workload does not have, or a value that it refuses.
    """
    for key in params:
        if key not in dict(row.params) and key not in SCALE:
            have = ", ".join(dict.fromkeys((*(key for key, _ in row.params), *SCALE)))
            raise UsageError(f"workload {row.name} has no parameter {key}; it has: {have}")
        low, high = (1, SCALE_MOST) if key in scale_of(row) else row.ranges.get(key, (params[key], params[key]))
        if not low <= params[key] <= high:
            raise UsageError(f"workload {row.name}: {key}={params[key]} is not from {low} to {high}")
    _check_scale(row, params)
    pairs = tuple(sorted(params.items()))
    return [RunKey(row.name, pairs, place) for place in (places if row.ends > 1 else ("same_core",))]


def scale_of(row: Declaration) -> tuple[str, ...]:
    """The team parameters of a workload: SCALE without those that have another meaning in this workload."""
    return tuple(key for key in SCALE if key not in dict(row.params))


def _check_scale(row: Declaration, params: Mapping[str, int]) -> None:
    """Check team parameters: threads or processes, and no threads for a workload that needs its own address space.

    Raises:
        UsageError: both are asked for, or threads of a workload declared `.alone`.
    """
    asked = [key for key in scale_of(row) if key in params]
    if len(asked) > 1:
        raise UsageError(f"workload {row.name}: give one of {' and '.join(asked)}")
    if row.alone and "threads" in asked and params["threads"] > 1:
        raise UsageError(f"workload {row.name}: threads would share memory that each needs for itself; give procs=N")


def asked_keys(row: Declaration, asked: Asked, own: Sequence[RunKey], places: Sequence[str]) -> list[RunKey]:
    """The runs that one item of --workload selects: the suite's own runs of it when it gives no parameters.

    Args:
        row: its workload's declaration.
        asked: the item.
        own: the suite's runs, of other workloads too.
        places: those of --place.

    Raises:
        UsageError: as variants_of(), or a place is named for a workload with one end.
    """
    _, params, place = asked
    if place not in (None, "same_core") and row.ends == 1:
        raise UsageError(f"--workload {row.name}[{place}]: {row.name} has one end only; leave the place out")
    found = [key for key in own if key.workload == row.name and place in (None, key.place)]
    return found if found and not params else variants_of(row, params, (place,) if place else places)


def parse_place(text: str) -> tuple[str, ...]:
    """`same_core,cross_core` as a tuple.

    Raises:
        UsageError: an unknown placement.
    """
    asked = tuple(part for part in text.split(",") if part)
    for place in asked:
        if place not in PLACES:
            raise UsageError(f"--place {place}: choose from {', '.join(PLACES)}")
    return asked or PLACES[:2]


def parse_key(text: str) -> list[Asked]:
    """`--workload` as typed: `a,b[size=1],c[procs=8,cross_core]` -> (name, params, place or None) for each.

    Raises:
        UsageError: unbalanced brackets or a value that is no integer.
    """
    found: list[Asked] = []
    rest = text
    while rest:
        name, bracket, tail = rest.partition("[")
        comma = name.find(",")
        if comma >= 0 or not bracket:
            name, _, rest = rest.partition(",")
            if name:
                found.append((name, {}, None))
            continue
        inside, closed, rest = tail.partition("]")
        if not closed:
            raise UsageError(f"--workload {text}: '[' without ']'")
        params: dict[str, int] = {}
        place = None
        for part in filter(None, inside.split(",")):
            key, equals, value = part.partition("=")
            if key in params or (not equals and place is not None):
                raise UsageError(
                    f"--workload {text}: {key if equals else 'a place'} is given twice in {name}[{inside}]"
                )
            if not equals:
                (place,) = parse_place(part)
            elif re.fullmatch("-?[0-9]{1,18}", value):
                params[key] = int(value)
            else:
                raise UsageError(f"--workload {text}: {key}={value} is no integer of at most 18 digits")
        found.append((name, params, place))
        rest = rest.removeprefix(",")
    return found
