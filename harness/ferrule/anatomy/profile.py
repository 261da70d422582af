"""The profile of a workload: functions, the tree of calls, what an operation consists of. Stored as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferrule.anatomy.symbols import Group, readable, short
from ferrule.checksum import KEY as SUM
from ferrule.checksum import check, seal
from ferrule.errors import UsageError
from ferrule.report.codec import Malformed, decode, encode, loads

SCHEMA: Final = 1
SUFFIX: str = ".anatomy.json"


@dataclass(frozen=True)
class Function:
    """One function, by its name in the symbol table."""

    symbol: str
    address: int
    group: Group
    named: bool  # False: it has no symbol, and its name is its address

    @property
    def name(self) -> str:
        """The full name, demangled."""
        return readable(self.symbol)

    @property
    def short(self) -> str:
        """The name for tables."""
        return short(self.symbol)


@dataclass(frozen=True)
class Node:
    """A way to call a function. Parents come before their nodes."""

    parent: int  # -1: none
    function: int
    interrupt: bool  # within an interrupt that came while the operation ran
    own: float  # instructions an operation, those of called functions left out
    calls: float  # an operation


@dataclass(frozen=True)
class Row:
    """A count for one operation: the mean, and the range over operations."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Profile:
    """A workload on a guest. All counts are for one operation; interrupts during it are counted separately.

    In `payload_at` counter and loop are not subtracted: it is how often each instruction of the payload was executed.
    """

    guest: str
    workload: str
    per: str
    operations: int  # counted
    batches: int
    value: float  # instructions, as a measurement under icount gives them
    interrupted: float  # further instructions, of interrupts
    asleep_ns: float  # while the CPU was halted
    share: float  # of all instructions, those whose callers are known
    functions: list[Function]
    nodes: list[Node]
    made_of: Mapping[str, Row]
    conditions: Mapping[str, str]
    everything: Mapping[str, float]  # as made_of, interrupts included
    notes: tuple[str, ...] = ()
    payload_at: Mapping[str, float] = field(default_factory=dict)  # by link address, the payload's own instructions

    def exclusive(self, interrupts: bool = False) -> dict[int, float]:
        """Instructions of each function, of the operation or of the interrupts in it."""
        total: dict[int, float] = {}
        for node in self.nodes:
            if node.interrupt == interrupts and node.own:
                total[node.function] = total.get(node.function, 0.0) + node.own
        return total

    def inclusive(self) -> list[float]:
        """For each node, its own instructions and those of all nodes below it."""
        total = [node.own for node in self.nodes]
        for number in range(len(total) - 1, -1, -1):
            if self.nodes[number].parent >= 0:
                total[self.nodes[number].parent] += total[number]
        return total

    def ways(self) -> Iterator[tuple[list[int], Node]]:
        """Each node with instructions of its own, and its functions from the outermost to its own."""
        for node in self.nodes:
            if node.own > 0:
                way, at = [node.function], node.parent
                while at >= 0:
                    way.append(self.nodes[at].function)
                    at = self.nodes[at].parent
                yield way[::-1], node

    @property
    def title(self) -> str:
        """`redox pipe_latency[size=1]`."""
        return f"{self.guest} {self.workload}"

    @property
    def file_name(self) -> str:
        """The name of its files, without a suffix."""
        name = "".join(sign if sign.isalnum() or sign in "._-=" else "-" for sign in self.title.replace(" ", "-"))
        return name.strip("-")


def render(profile: Profile) -> str:
    """JSON: the same profile gives the same bytes."""
    ordered = json.loads(json.dumps(encode(profile), sort_keys=True, allow_nan=False))
    return json.dumps({"schema": SCHEMA, **seal(ordered)}, indent=1) + "\n"


def parse(text: str | bytes, what: str) -> Profile:
    """Read it back.

    Raises:
        UsageError: it is no profile of this schema; `what` names it.
    """
    try:
        stored = loads(text)
        if not isinstance(stored, dict) or stored.pop("schema", None) != SCHEMA:
            raise Malformed(f"its schema is not {SCHEMA}")
        check(stored)
        found = decode(Profile, {name: value for name, value in stored.items() if name != SUM})
        if any(not -1 <= n.parent < i or not 0 <= n.function < len(found.functions) for i, n in enumerate(found.nodes)):
            raise Malformed("its tree of calls is broken")
    except ValueError as error:  # Malformed is one
        raise UsageError(f"{what}: is no profile: {error}; make it anew by ferrule anatomy") from None
    return found


def load(path: Path) -> Profile:
    """Read a profile's file.

    Raises:
        UsageError: it cannot be read, or is no profile.
    """
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
