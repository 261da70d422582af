"""Suites by name: the runs that `--suite quick` selects. The list is harness/ferrule/suites/named.toml."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from ferrule import paths, tomlfile
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.payload.registry import find
from ferrule.payload.selection import Asked, asked_keys, parse_key, suite_of

DEFAULT: Final = "standard"


@dataclass(frozen=True)
class Named:
    """A named suite."""

    what: str
    whole: bool  # whether it has every family's own runs
    without: frozenset[str]  # except those of these families
    asked: tuple[Asked, ...]  # further runs


@cache
def named() -> Mapping[str, Named]:
    """All suites that have a name, in the order of the file.

    Raises:
        UsageError: the file has an unknown key or a value of the wrong type.
    """
    file = paths.suites() / "named.toml"
    try:
        return {name: _read(**table) for name, table in tomlfile.read(file).items()}
    except (TypeError, AttributeError) as error:
        raise UsageError(f"{file}: {error}") from None


def _read(
    what: str,
    runs: str = "",
    *,
    all: bool = False,
    without: Sequence[str] = (),
    sweep: Sequence[Mapping[str, object]] = (),
) -> Named:
    asked = parse_key(_line(runs))
    for one in sweep:
        key, values = str(one["key"]), one["values"]
        assert isinstance(values, list)
        for workload, params, place in parse_key(_line(str(one["runs"]))):
            asked += [(workload, {**params, key: int(value)}, place) for value in values]
    return Named(what, all, frozenset(without), tuple(asked))


def _line(text: str) -> str:
    return "".join(text.split())


def keys_in(
    suites: Collection[str],
    family: str,
    keys: Sequence[RunKey],
    places: Sequence[str],
    extra: Sequence[Path] = (),
    *,
    every: bool = False,
) -> list[RunKey]:
    """The runs of one family that these suites hold, each once.

    Where no suite is named, the suite is `standard`. With `every` it is all runs: when a workload is asked for by name
    or all workloads are verified, the suite does not matter.

    Args:
        suites: families and names.
        family: the family.
        keys: its own runs.
        places: those of --place.
        extra: workloads from outside the tree.
        every: whether all runs are used where no suite is named.

    Raises:
        UsageError: a named suite holds a run that does not exist.
    """
    if family in suites or (every and not suites):
        return list(keys)
    suites = suites or {DEFAULT}
    found: list[RunKey] = []
    for one in (suite for name, suite in named().items() if name in suites):
        found += keys if one.whole and family not in one.without else ()
        for asked in one.asked:
            row = find(asked[0], extra)
            if family in (row.family, suite_of(row)):
                found += asked_keys(row, asked, keys, places)
    return list(dict.fromkeys(found))
