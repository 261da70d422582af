"""What the benchmarks of this field measure, beside our workloads: `ferrule list --peers` and docs/workloads.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tabulate import tabulate

from ferrule import tomlfile
from ferrule.errors import UsageError
from ferrule.payload import operations
from ferrule.payload.registry import Declaration, workloads
from ferrule.payload.selection import parse_key, variants_of

TABLE: Final = Path(__file__).with_name("peers.toml")
_KEYS: Final = {"name", "peers", "by", "instead", "part", "none"}
HEAD: Final = """\
# Workloads

<!-- Written by `ferrule list --markdown`; tests/commands/test_peers.py fails when it is stale. -->

For each workload: what one operation is, its parameters with their defaults, the ports that have all the calls it makes
(a kernel may still refuse them: `ferrule run --verify-only` checks), and the other benchmarks that measure the same.
`ferrule list NAME` shows everything about one. Every workload also takes `threads=N` or `procs=N`: N of it at once.
"""
COLUMNS: Final = ("workload", "one operation", "per", "parameters", "ports", "peers")
UNION: Final = """\
## Beside other benchmarks

Every operation that a benchmark of this field measures, with the benchmarks' own names for it. How close our numbers
are to those of their own programs on one machine: [agreement.md](agreement.md).
"""


@dataclass(frozen=True)
class Operation:
    """One operation that some benchmark measures."""

    name: str
    peers: tuple[str, ...]  # the benchmarks' own names
    by: tuple[str, ...]  # our workloads, as `--workload` takes them
    instead: str = ""  # what else of ours measures it, where no workload does
    part: str = ""  # what of it our workloads do not do
    none: str = ""  # why no workload does it

    @property
    def state(self) -> str:
        """`whole`, or `part` or `none` with the reason."""
        short = "; ".join(f"{word}: {text}" for word, text in (("part", self.part), ("none", self.none)) if text)
        return short or "whole"


def union(file: Path = TABLE) -> list[Operation]:
    """The operations, each with workloads that exist.

    Raises:
        UsageError: the table names a workload or parameter that does not exist, or an operation without a reason.
    """
    found = []
    for entry in tomlfile.read(file)["operation"]:
        if unknown := sorted(set(entry) - _KEYS):
            raise UsageError(f"{file}: {entry.get('name')}: no key {unknown[0]}; there are {', '.join(sorted(_KEYS))}")
        one = Operation(peers=tuple(entry.pop("peers")), by=tuple(entry.pop("by")), **entry)
        if sum(map(bool, (one.by, one.instead, one.none))) != 1:
            raise UsageError(
                f"{file}: {one.name}: give workloads (by), what measures it otherwise (instead), or a reason (none)"
            )
        found.append(one)
    _check([text for one in found for text in one.by])
    return found


def answers() -> dict[str, list[str]]:
    """By workload, the other benchmarks' measurements that it corresponds to."""
    found: dict[str, list[str]] = {}
    for one in union():
        for name in dict.fromkeys(text.partition("[")[0] for text in one.by):
            found.setdefault(name, []).extend(one.peers)
    return found


def rows() -> list[dict[str, Any]]:
    """The table in plain JSON types."""
    return [
        {"operation": one.name, "peers": list(one.peers), "workloads": list(one.by), "state": one.state}
        for one in union()
    ]


def table() -> str:
    """The table as text: what is measured, by whom, and by which of our workloads."""
    found = union()
    lines = [(one.name, "\n".join(one.by) or one.instead, one.state, len(one.peers)) for one in found]
    text = tabulate(
        lines, headers=("operation", "workloads", "state", "peers"), maxcolwidths=[30, 34, 34, None], tablefmt="simple"
    )
    return f"{text}\n{_count(found)}"


def page(extra: Sequence[Path] = ()) -> str:
    """docs/workloads.md."""
    known, theirs, lacking = workloads(extra), answers(), operations.ports()
    parts = [HEAD]
    for family in dict.fromkeys(one.family for one in known.values()):
        mine = [_line(one, lacking, theirs) for one in known.values() if one.family == family]
        parts.append(f"## {family}\n\n{_grid(COLUMNS, mine)}")
    found = union()
    measured = [(one.name, ", ".join(one.peers), _code(one.by) or one.instead, one.state) for one in found]
    parts.append(f"{UNION}\n{_grid(('operation', 'measured by', 'workloads', 'state'), measured)}\n{_count(found)}\n")
    return "\n".join(parts)


def _line(one: Declaration, lacking: Mapping[str, frozenset[str]], theirs: Mapping[str, list[str]]) -> tuple[str, ...]:
    called = set(operations.calls(one.path))
    ports = ", ".join(os for os, missing in lacking.items() if not called & missing)
    # The benchmarks by name; the second table shows which of their measurements correspond.
    names = [measurement.partition(" ")[0] for measurement in theirs.get(one.name, ())]
    answered = ", ".join(dict.fromkeys({"perf": "perf bench"}.get(name, name) for name in names))
    params = _code([f"{name}={value}" for name, value in one.params])
    return f"`{one.name}`", one.what, one.per.replace("_", " "), params, ports, answered


def _check(texts: Sequence[str]) -> None:
    known = workloads()
    for name, params, _ in parse_key(",".join(texts)):
        if name not in known:
            raise UsageError(f"{TABLE.name}: no workload {name}")
        variants_of(known[name], params, ("same_core",))


def _count(found: Sequence[Operation]) -> str:
    whole = sum(one.state == "whole" for one in found)
    return f"{whole} of {len(found)} operations are whole on Linux; the ports of each workload say where else."


def _code(words: Sequence[str]) -> str:
    return " ".join(f"`{word}`" for word in words)


def _grid(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", "\\|") for cell in line] for line in (head, *lines)]
    bar = "|".join(" --- " for _ in head)
    first, *rest = [f"| {' | '.join(line)} |" for line in cells]
    return "\n".join([first, f"|{bar}|", *rest, ""])
