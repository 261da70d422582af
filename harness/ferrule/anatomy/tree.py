"""The tree of calls: a node for each way to call a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

ROOT: Final = -1


@dataclass
class Tree:
    """Nodes are ways to call a function.

    Each has a parent, a function, whether it is within an interrupt, and whether its callers are known up to a program;
    `own` and `calls` are the instructions executed and the entries in counted windows.
    """

    parent: list[int] = field(default_factory=list)
    function: list[int] = field(default_factory=list)
    interrupt: list[bool] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    _known: dict[tuple[int, int, bool, bool], int] = field(default_factory=dict)

    def node(self, parent: int, function: int, interrupt: bool, whole: bool) -> int:
        """The node of a function called from a node; made when it is new."""
        if parent != ROOT:
            interrupt, whole = interrupt or self.interrupt[parent], self.whole[parent]
        key = (parent, function, interrupt, whole)
        if key not in self._known:
            self._known[key] = len(self.parent)
            for row, value in ((self.parent, parent), (self.function, function), (self.own, 0), (self.calls, 0)):
                row.append(value)
            self.interrupt.append(interrupt)
            self.whole.append(whole)
        return self._known[key]

    def add(self, own: Mapping[int, int], calls: Mapping[int, int]) -> None:
        """Count what was executed and entered, by node."""
        for node, count in own.items():
            self.own[node] += count
        for node, count in calls.items():
            self.calls[node] += count


def share_whole(tree: Tree) -> float:
    """Share of the counted instructions whose callers are known up to a program, or that are of interrupts."""
    total = sum(tree.own)
    known = sum(own for own, whole, irq in zip(tree.own, tree.whole, tree.interrupt, strict=True) if whole or irq)
    return known / total if total else 0.0


def inclusive(tree: Tree) -> Sequence[int]:
    """For each node, its own instructions and those of all nodes below it."""
    total = list(tree.own)
    for node in range(len(total) - 1, -1, -1):
        if tree.parent[node] != ROOT:
            total[tree.parent[node]] += total[node]
    return total
