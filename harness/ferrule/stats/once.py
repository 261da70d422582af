"""What is made of a run is made once, for as long as the run is there and nothing of it has changed."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

from ferrule.records.samples import Conditions, RunResult

Made = TypeVar("Made")


@dataclass(frozen=True)
class _Kept:
    run: weakref.ref[RunResult]
    of: tuple[object, ...]
    made: object


def once(make: Callable[[RunResult, Conditions], Made]) -> Callable[[RunResult, Conditions], Made]:
    """Keep what `make` gives of a run under these conditions. Samples are not looked into: they never change."""
    kept: dict[int, _Kept] = {}

    @functools.wraps(make)
    def made(run: RunResult, conditions: Conditions) -> Made:
        of = (conditions, *(getattr(run, one.name) for one in fields(run) if one.name != "processes"), *run.processes)
        had = kept.get(id(run))
        if had is None or had.run() is not run or not _same(had.of, of):
            number = id(run)
            gone = weakref.ref(run, lambda _: kept.pop(number, None))
            had = kept[number] = _Kept(gone, of, make(run, conditions))
        found: Made = had.made  # type: ignore[assignment]
        return found

    return made


def _same(one: tuple[object, ...], two: tuple[object, ...]) -> bool:
    return len(one) == len(two) and all(a is b for a, b in zip(one, two, strict=True))
