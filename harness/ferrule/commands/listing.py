"""`ferrule list`: the workloads in a table, or everything that is known about one."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from ferrule import paths
from ferrule.gate.selection import select
from ferrule.payload import operations
from ferrule.payload.registry import Declaration, find, workloads

WIDTH = 100
_PER = {"round_trip": "round trip", "one_way": "one way"}


def rows(extra: Sequence[Path] = ()) -> list[dict[str, Any]]:
    """All workloads, by family and name, in plain JSON types."""
    return [_row(one) for one in sorted(workloads(extra).values(), key=lambda one: (one.family, one.name))]


def _row(one: Declaration) -> dict[str, Any]:
    return {
        "workload": one.name,
        "family": one.family,
        "what": one.what,
        "per": one.per,
        "parameters": dict(one.params),
        "ends": one.ends,
        "bytes": one.bytes,
        "switches": one.switches,
        "waits": one.waits,
        "control": one.control,
        "hidden": one.hidden,
        "source": _place(one.path),
    }


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """The rows as text."""
    lines = [(one["family"], one["workload"], _per(one), _params(one["parameters"]), one["what"]) for one in found]
    return tabulate(lines, headers=("family", "workload", "per", "parameters", "one operation"))


def runs(suites: str, extra: Sequence[Path] = ()) -> list[dict[str, Any]]:
    """The runs of these suites, one placement for all, in plain JSON types.

    Raises:
        UsageError: no such suite.
    """
    rows = workloads(extra)
    return [
        {
            "run": str(key),
            "workload": key.workload,
            "parameters": dict(key.params),
            "family": rows[key.workload].family,
            "per": rows[key.workload].per,
            "what": rows[key.workload].what,
        }
        for key in select(suites, "", "same_core", extra)
    ]


def table_of_runs(found: Sequence[Mapping[str, Any]]) -> str:
    """The runs as text."""
    lines = [(one["family"], one["run"], _per(one), one["what"]) for one in found]
    return tabulate(lines, headers=("family", "run", "per", "one operation"))


def about(name: str, extra: Sequence[Path] = ()) -> dict[str, Any]:
    """One workload: its row, the operations that it calls, which port lacks which of them, and its file's comment.

    Raises:
        UsageError: there is none of that name; proposes the nearest.
    """
    one = find(name, extra)
    called = operations.calls(one.path)
    lacks = {os: [name for name in called if name in missing] for os, missing in operations.ports().items()}
    return {**_row(one), "operations": list(called), "ports": lacks, "comment": operations.comment(one.path)}


def page(found: Mapping[str, Any]) -> str:
    """What is known about one workload as text."""
    facts = {
        "one operation": found["what"],
        "family": found["family"],
        "per": _per(found),
        "parameters": _params(found["parameters"]) or "none",
        "ends": "two: --place says where they run" if found["ends"] > 1 else "one",
        **{name: str(found[name]) for name in ("bytes", "switches") if found[name]},
        **{what: "yes" for what in ("waits", "control", "hidden") if found[what]},
        "calls": ", ".join(found["operations"]) or "nothing that a port may lack",
        "ports": "; ".join(_port(*one) for one in found["ports"].items()),
        "source": found["source"],
    }
    width = max(map(len, facts))
    lines = [
        textwrap.fill(text, WIDTH, initial_indent=f"{name:<{width}}  ", subsequent_indent=" " * (width + 2))
        for name, text in facts.items()
    ]
    paragraphs = [textwrap.fill(part, WIDTH) for part in found["comment"].splitlines()]
    return "\n".join([found["workload"], *lines, *(["", *paragraphs] if paragraphs else [])])


def _port(os: str, lacks: Sequence[str]) -> str:
    return f"{os} lacks {', '.join(lacks)}" if lacks else f"{os} has all of them"


def _per(one: Mapping[str, Any]) -> str:
    per: str = one["per"]
    return _PER.get(per, per)


def _params(params: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in params.items())


def _place(path: Path) -> str:
    """The path of a source: one of ours as it is in a checkout."""
    guest = paths.guest()
    return f"guest/{path.relative_to(guest).as_posix()}" if path.is_relative_to(guest) else str(path)
