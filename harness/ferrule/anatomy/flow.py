"""Which executed instructions of a window were completed, and where the CPU went aside to a handler.

The instrument sees an instruction begin. One that faults (a page is missing) is begun again after its handler, and the
counter counts it once. So an instruction was aside from its flow when the next one is neither its successor nor its
target; what stands there is a handler's first instruction. A handler belongs to one vector: if an instruction before
it ever lacked a memory access that the same instruction makes when it is completed, the vector is an exception's, else
an interrupt's, which comes between instructions.
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
        """Both, sorted."""
        return np.array(sorted(self.exceptions | self.interrupts), dtype=np.uint64)


@dataclass(frozen=True)
class Followed:
    """A window's flow. Arrays by executed instruction, in the window's order."""

    completed: Flags
    aside: Flags  # a handler's first instruction is next
    next: Ints  # index of the next executed instruction of the same CPU; -1 for its last


def follow(code: Code, decoded: Decoded, windows: Sequence[Window]) -> tuple[list[Followed], Handlers]:
    """The flow of windows of one boot. What handlers there are is learned from all of them."""
    nexts = [_next(window) for window in windows]
    certain = [_aside(code, decoded, window, after) for window, after in zip(windows, nexts, strict=True)]
    seen = [code.address[window.code[after[at]]] for window, after, at in zip(windows, nexts, certain, strict=True)]
    all_seen = np.unique(np.concatenate([np.zeros(0, np.uint64), *seen]))
    through = [
        _through_pointer(code, decoded, window, after, all_seen) for window, after in zip(windows, nexts, strict=True)
    ]
    aside = [np.unique(np.concatenate(pair)) for pair in zip(certain, through, strict=True)]
    most = _most(code, windows, aside)
    exceptions: set[int] = set()
    for window, at, handlers in zip(windows, certain, seen, strict=True):
        exceptions |= set(handlers[_made(window, at) < most[window.code[at]]].tolist())
    followed = []
    for window, after, at in zip(windows, nexts, aside, strict=True):
        completed, turned = np.ones(window.code.size, np.bool_), np.zeros(window.code.size, np.bool_)
        completed[at] = _made(window, at) >= most[window.code[at]]
        turned[at] = True
        followed.append(Followed(completed, turned, after))
    return followed, Handlers(frozenset(exceptions), frozenset(set(all_seen.tolist()) - exceptions))


def _made(window: Window, at: Ints) -> Ints:
    """How many accesses the instructions executed there made."""
    by = window.accesses.by  # in order
    found: Ints = np.searchsorted(by, at, side="right") - np.searchsorted(by, at, side="left")
    return found


def _most(code: Code, windows: Sequence[Window], aside: Sequence[Ints]) -> Ints:
    """Of each instruction that was ever aside the most accesses that it made; of others 0."""
    wanted = np.zeros(len(code.content), np.bool_)
    for window, at in zip(windows, aside, strict=True):
        wanted[window.code[at]] = True
    most = np.zeros(len(code.content), np.int64)
    for window in windows:
        at = np.flatnonzero(wanted[window.code])
        np.maximum.at(most, window.code[at], _made(window, at))
    return most


def _next(window: Window) -> Ints:
    """Of each executed instruction the index of the next on the same CPU."""
    if not window.cpu.any():
        after = np.arange(1, window.code.size + 1)
        after[-1:] = -1
        return after
    after = np.full(window.code.size, -1, np.int64)
    for cpu in np.unique(window.cpu).tolist():
        own = np.flatnonzero(window.cpu == cpu)
        after[own[:-1]] = own[1:]
    return after


def _aside(code: Code, decoded: Decoded, window: Window, after: Ints) -> Ints:
    """Where the next instruction is none that this one can go to, of those that say where they go."""
    at = _elsewhere(code, decoded, window, after)
    here, to = window.code[at], code.address[window.code[after[at]]]
    flow, target = decoded.flow[here], decoded.target[here]
    own = code.address[here]
    behind = own + code.size[here].astype(np.uint64)
    known = _among(flow, _KNOWN_WAYS) & ~((target == INDIRECT) & _among(flow, (Flow.JUMP, Flow.CALL)))
    ways = ((to == behind) & _among(flow, (Flow.ON, Flow.REPEAT, Flow.BRANCH))) | (
        ((to == target) & _among(flow, (Flow.JUMP, Flow.BRANCH, Flow.CALL))) | ((to == own) & (flow == Flow.REPEAT))
    )
    up = to >= UPPER_HALF  # where only kernels are: no program of the lower half gets there by itself
    entered = up & (own < UPPER_HALF) & ~_among(flow, (Flow.SYSCALL, Flow.INTERRUPT))
    found: Ints = at[(known & ~ways) | entered | (up & (flow == Flow.SYSRET))]
    return found


def _elsewhere(code: Code, decoded: Decoded, window: Window, after: Ints) -> Ints:
    """Where anything but the next instruction in memory follows one that may go on to it: a part of all, at length."""
    places, place = np.unique(code.address, return_inverse=True)
    behind = code.address + code.size.astype(np.uint64)
    found = np.searchsorted(places, behind)
    there = (found < places.size) & (places[np.minimum(found, places.size - 1)] == behind)
    follows = np.where(there & _among(decoded.flow, (Flow.ON, Flow.REPEAT, Flow.BRANCH)), found, -1)
    result: Ints = np.flatnonzero((follows[window.code] != place[window.code[after]]) & (after >= 0))
    return result


def _through_pointer(code: Code, decoded: Decoded, window: Window, after: Ints, handlers: Words) -> Ints:
    """Where what goes anywhere (a return, an indirect call) is followed by a handler's first instruction."""
    anywhere = ~_among(decoded.flow, _KNOWN_WAYS) | (
        (decoded.target == INDIRECT) & _among(decoded.flow, (Flow.JUMP, Flow.CALL))
    )
    first = np.isin(code.address, handlers)
    found: Ints = np.flatnonzero(anywhere[window.code] & first[window.code[after]] & (after >= 0))
    return found


def _among(values: Ints, wanted: Iterable[Flow]) -> Flags:
    return np.isin(values, np.array([int(one) for one in wanted]))
