"""A cache for values computed from a run: kept as long as the run exists and is unchanged."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

from ferrule.records.samples import Conditions, RunResult

Made = TypeVar("Made")


@dataclass(frozen=True)
class _Cached:
    run: weakref.ref[RunResult]
    inputs: tuple[object, ...]
    value: object


def once(make: Callable[[RunResult, Conditions], Made]) -> Callable[[RunResult, Conditions], Made]:
    """Cache the value of `make` by run and conditions. Samples are compared by identity only: they never change."""
    cache: dict[int, _Cached] = {}

    @functools.wraps(make)
    def made(run: RunResult, conditions: Conditions) -> Made:
        inputs = (
            conditions,
            *(getattr(run, one.name) for one in fields(run) if one.name != "processes"),
            *run.processes,
        )
        cached = cache.get(id(run))
        if cached is None or cached.run() is not run or not _same(cached.inputs, inputs):
            number = id(run)
            reference = weakref.ref(run, lambda _: cache.pop(number, None))
            cached = cache[number] = _Cached(reference, inputs, make(run, conditions))
        found: Made = cached.value  # type: ignore[assignment]
        return found

    return made


def _same(one: tuple[object, ...], two: tuple[object, ...]) -> bool:
    return len(one) == len(two) and all(a is b for a, b in zip(one, two, strict=True))
