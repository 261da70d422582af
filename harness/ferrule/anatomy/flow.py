"""Which executed instructions of a window were completed, and where the CPU was diverted to a handler.

The instrument sees an instruction begin. One that faults (a page is missing) is begun again after its handler, and the
counter counts it once. The CPU was diverted at an instruction if the next one is neither its successor nor its target;
the next one is then a handler's first instruction. A handler belongs to one vector. If an instruction before it ever
lacked a memory access that its operands imply, or that the same instruction makes when it completes, the vector is an
exception's; else it is an interrupt's, which comes between instructions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferrule.anatomy.decode import INDIRECT, Decoded, Flow
from ferrule.anatomy.trace import Code, Flags, Ints, Window, Words

UPPER_HALF: Final = np.uint64(1 << 63)
_KNOWN_WAYS: Final = (Flow.ON, Flow.REPEAT, Flow.JUMP, Flow.BRANCH, Flow.CALL)


@dataclass(frozen=True)
class Handlers:
    """First instructions of handlers, by address."""

    exceptions: frozenset[int]
    interrupts: frozenset[int]

    @property
    def all(self) -> Words:
        """Handlers of both kinds, sorted."""
        return np.array(sorted(self.exceptions | self.interrupts), dtype=np.uint64)


@dataclass(frozen=True)
class Followed:
    """A window's flow. Arrays by executed instruction, in the window's order."""

    completed: Flags
    aside: Flags  # the CPU was diverted: a handler's first instruction is next
    next: Ints  # index of the next executed instruction of the same CPU; -1 for its last


def follow(code: Code, decoded: Decoded, windows: Sequence[Window]) -> tuple[list[Followed], Handlers]:
    """The flow of the windows of one boot, and the handlers found in all of them."""
    nexts = [_next(window) for window in windows]
    ways = _Ways(code, decoded)
    certain = [ways.left(window, after) for window, after in zip(windows, nexts, strict=True)]
    seen = [code.address[window.code[after[at]]] for window, after, at in zip(windows, nexts, certain, strict=True)]
    all_seen = np.unique(np.concatenate([np.zeros(0, np.uint64), *seen]))
    through = [ways.through_pointer(window, after, all_seen) for window, after in zip(windows, nexts, strict=True)]
    aside = [np.unique(np.concatenate(pair)) for pair in zip(certain, through, strict=True)]
    made = [np.bincount(window.accesses.by, minlength=window.code.size) for window in windows]
    most = np.maximum(_most(code, windows, aside, made), decoded.touches)
    exceptions: set[int] = set()
    for window, at, handlers, count in zip(windows, certain, seen, made, strict=True):
        exceptions |= set(handlers[count[at] < most[window.code[at]]].tolist())
    followed = []
    for window, after, at, count in zip(windows, nexts, aside, made, strict=True):
        completed, turned = np.ones(window.code.size, np.bool_), np.zeros(window.code.size, np.bool_)
        completed[at] = count[at] >= most[window.code[at]]
        turned[at] = True
        followed.append(Followed(completed, turned, after))
    return followed, Handlers(frozenset(exceptions), frozenset(set(all_seen.tolist()) - exceptions))


def _most(code: Code, windows: Sequence[Window], aside: Sequence[Ints], made: Sequence[Ints]) -> Ints:
    """The most accesses that each instruction made, of those at which the CPU was ever diverted; 0 for others."""
    wanted = np.zeros(len(code.content), np.bool_)
    for window, at in zip(windows, aside, strict=True):
        wanted[window.code[at]] = True
    most = np.zeros(len(code.content), np.int64)
    for window, count in zip(windows, made, strict=True):
        at = np.flatnonzero(wanted[window.code])
        np.maximum.at(most, window.code[at], count[at])
    return most


def _next(window: Window) -> Ints:
    """For each executed instruction, the index of the next on the same CPU; -1 for the last."""
    if not window.cpu.any():
        after = np.arange(1, window.code.size + 1)
        after[-1:] = -1
        return after
    after = np.full(window.code.size, -1, np.int64)
    for cpu in np.unique(window.cpu).tolist():
        own = np.flatnonzero(window.cpu == cpu)
        after[own[:-1]] = own[1:]
    return after


class _Ways:
    """Which instructions can follow each instruction of a Code."""

    def __init__(self, code: Code, decoded: Decoded) -> None:
        self._address = code.address
        self._behind = code.address + code.size.astype(np.uint64)
        self._target, flow = decoded.target, decoded.flow
        indirect = (decoded.target == INDIRECT) & _among(flow, (Flow.JUMP, Flow.CALL))
        self._known = _among(flow, _KNOWN_WAYS) & ~indirect
        self._on = _among(flow, (Flow.ON, Flow.REPEAT, Flow.BRANCH))
        self._to_target = _among(flow, (Flow.JUMP, Flow.BRANCH, Flow.CALL))
        self._again, self._entry = flow == Flow.REPEAT, _among(flow, (Flow.SYSCALL, Flow.INTERRUPT))
        self._sysret = flow == Flow.SYSRET
        # Places are indices of addresses: comparing them is fast, and rules out nearly all regular steps.
        self._places, place = np.unique(code.address, return_inverse=True)
        self._place = place.astype(np.int32)
        self._next = np.where(self._on, self._find(self._behind), -1).astype(np.int32)
        self._jump = np.where(self._to_target & ~indirect, self._find(self._target), -1).astype(np.int32)

    def _find(self, address: Words) -> Ints:
        """The place of each address; -1 if no instruction is there."""
        found = np.searchsorted(self._places, address)
        there = self._places[np.minimum(found, self._places.size - 1)] == address if self._places.size else found > 0
        return np.where(there, found, -1)

    def left(self, window: Window, after: Ints) -> Ints:
        """Where the next instruction cannot follow this one, for instructions whose targets are known."""
        to_place = self._place[window.code]
        to_place = np.append(to_place[1:], -2) if not window.cpu.any() else to_place[after]
        at = np.flatnonzero((self._next[window.code] != to_place) & (after >= 0))
        at = at[self._jump[window.code[at]] != to_place[at]]
        here, to = window.code[at], self._address[window.code[after[at]]]
        own = self._address[here]
        ways = ((to == self._behind[here]) & self._on[here]) | ((to == self._target[here]) & self._to_target[here])
        ways |= (to == own) & self._again[here]
        up = to >= UPPER_HALF  # only kernels are there: a program of the lower half cannot jump there
        entered = up & (own < UPPER_HALF) & ~self._entry[here]
        found: Ints = at[(self._known[here] & ~ways) | entered | (up & self._sysret[here])]
        return found

    def through_pointer(self, window: Window, after: Ints, handlers: Words) -> Ints:
        """Where an instruction with an unknown target (a return, an indirect call) is followed by a handler's first."""
        at = np.flatnonzero(np.isin(self._address, handlers)[window.code])
        before = np.full(window.code.size, -1, np.int64)
        before[after[after >= 0]] = np.flatnonzero(after >= 0)
        left = before[at[before[at] >= 0]]
        found: Ints = left[~self._known[window.code[left]]]
        return found


def _among(values: Ints, wanted: Iterable[Flow]) -> Flags:
    return np.isin(values, np.array([int(one) for one in wanted]))
