"""Which runs a gate measures: those of the suites, read from the same files that `ferrule run` collects."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferrule import paths
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.payload.registry import find
from ferrule.payload.selection import Variants, asked_keys, keys_of, parse_key, parse_place
from ferrule.payload.suites import keys_in, named


def select(suites: str, workloads: str, places: str, extra: Sequence[Path]) -> list[RunKey]:
    """The runs of all suites, or of those named; `workloads` chooses among them as --workload of `ferrule run` does.

    Raises:
        UsageError: a suite, workload, parameter or placement that does not exist, or nothing chosen.
    """
    where = parse_place(places)
    families = {name: keys_of(name, variants, where, extra) for name, variants in _families()}
    asked = [name for name in suites.split(",") if name]
    for name in asked:
        if name not in families and name not in named():
            raise UsageError(f"--suite {name}: no such suite; there are: {', '.join((*sorted(families), *named()))}")
    keys = [
        key for name, own in families.items() for key in keys_in(asked, name, own, where, extra, every=bool(workloads))
    ]
    if workloads:
        chosen: list[RunKey] = []
        for asked_for in parse_key(workloads):
            chosen += asked_keys(find(asked_for[0], extra), asked_for, keys, where)
        keys = chosen
    if not keys:
        raise UsageError("--suite, --workload: nothing chosen")
    return list(dict.fromkeys(keys))


def _families() -> Iterator[tuple[str, Variants]]:
    """Name and variants of every `@family` in the suites' files."""
    for path in sorted(paths.suites().glob("bench_*.py")):
        spec = importlib.util.spec_from_file_location(f"ferrule_suites.{path.stem}", path)
        if spec is None or spec.loader is None:
            raise UsageError(f"{path}: is no Python file")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for value in vars(module).values():
            for mark in getattr(value, "pytestmark", ()):
                if mark.name == "ferrule_family":
                    yield mark.args
