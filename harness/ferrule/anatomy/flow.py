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
    made = [np.bincount(window.accesses.by, minlength=window.code.size) for window in windows]
    most = np.zeros(len(code.content), np.int64)
    for window, count in zip(windows, made, strict=True):
        np.maximum.at(most, window.code, count)
    certain = [_aside(code, decoded, window, after) for window, after in zip(windows, nexts, strict=True)]
    exceptions: set[int] = set()
    seen: set[int] = set()
    for window, after, aside, count in zip(windows, nexts, certain, made, strict=True):
        handlers = code.address[window.code[after[aside]]]
        seen |= set(handlers.tolist())
        faulted = count[aside] < most[window.code[aside]]
        exceptions |= set(handlers[faulted].tolist())
    found = Handlers(frozenset(exceptions), frozenset(seen - exceptions))
    followed = []
    for window, after, sure, count in zip(windows, nexts, certain, made, strict=True):
        aside = sure | _through_pointer(code, decoded, window, after, found)
        completed = ~(aside & (count < most[window.code]))
        followed.append(Followed(completed, aside, after))
    return followed, found


def _next(window: Window) -> Ints:
    """Of each executed instruction the index of the next on the same CPU."""
    after = np.full(window.code.size, -1, np.int64)
    for cpu in np.unique(window.cpu).tolist():
        own = np.flatnonzero(window.cpu == cpu)
        after[own[:-1]] = own[1:]
    return after


def _aside(code: Code, decoded: Decoded, window: Window, after: Ints) -> Flags:
    """Where the next instruction is none that this one can go to, of those that say where they go."""
    here, to = window.code, code.address[window.code[after]]
    flow, target = decoded.flow[here], decoded.target[here]
    own = code.address[here]
    behind = own + code.size[here].astype(np.uint64)
    known = _among(flow, _KNOWN_WAYS) & ~((target == INDIRECT) & _among(flow, (Flow.JUMP, Flow.CALL))) & (after >= 0)
    ways = ((to == behind) & _among(flow, (Flow.ON, Flow.REPEAT, Flow.BRANCH))) | (
        ((to == target) & _among(flow, (Flow.JUMP, Flow.BRANCH, Flow.CALL))) | ((to == own) & (flow == Flow.REPEAT))
    )
    up = (to >= UPPER_HALF) & (after >= 0)  # where only kernels are: no program of the lower half gets there by itself
    entered = up & (own < UPPER_HALF) & ~_among(flow, (Flow.SYSCALL, Flow.INTERRUPT))
    result: Flags = (known & ~ways) | entered | (up & (flow == Flow.SYSRET))
    return result


def _through_pointer(code: Code, decoded: Decoded, window: Window, after: Ints, handlers: Handlers) -> Flags:
    """Where what goes anywhere (a return, an indirect call) is followed by a handler's first instruction."""
    flow = decoded.flow[window.code]
    anywhere = ~_among(flow, _KNOWN_WAYS) | (
        (decoded.target[window.code] == INDIRECT) & _among(flow, (Flow.JUMP, Flow.CALL))
    )
    result: Flags = (after >= 0) & anywhere & np.isin(code.address[window.code[after]], handlers.all)
    return result


def _among(values: Ints, wanted: Iterable[Flow]) -> Flags:
    return np.isin(values, np.array([int(one) for one in wanted]))
