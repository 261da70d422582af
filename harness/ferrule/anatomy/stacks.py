"""The tree of calls, from executed calls and returns: a shadow stack for each stack of the machine.

A call stores its return address, and the return that ends it loads that same word: the word's physical address finds
the frame, whichever stack it is on. If it is on another stack than the one in use, the kernel has switched contexts.
Entries to the kernel (system calls, exceptions, interrupts) push frames without a word of their own; the instruction
that returns from them pops the topmost. A kernel may run a program as a call from a loop of its own: its entry then
returns to that loop. The loop takes the entry's place in the tree, because the program is the caller. A function that
was entered before the trace began has no frame: a stack that begins inside one is not whole, and the callers of its
instructions are not known.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferrule.anatomy.decode import Flow
from ferrule.anatomy.flow import Followed
from ferrule.anatomy.listing import Listing
from ferrule.anatomy.trace import Flags, Ints, Window, Words
from ferrule.anatomy.tree import ROOT, Tree

_TURNS: Final = tuple(
    int(one) for one in (Flow.CALL, Flow.RETURN, Flow.SYSCALL, Flow.SYSRET, Flow.IRET, Flow.INTERRUPT)
)
_KEPT: Final = 64  # stacks not in use that are kept
_DEEPEST: Final = 512  # frames; deeper ones are lost returns


@dataclass(eq=False)
class _Frame:
    node: int
    slot: int  # physical address of the return address; 0: none
    resume: int  # where it returns to; 0: anywhere
    entry: bool = False  # whether it is an entry to the kernel


_Stack = list[_Frame]


class Walker:
    """Goes through the windows of one boot in order and builds the tree."""

    def __init__(self, listing: Listing) -> None:
        code, decoded, functions = listing.code, listing.decoded, listing.functions
        self.tree = Tree()
        self._address: list[int] = code.address.tolist()
        self._behind: list[int] = (code.address + code.size.astype(np.uint64)).tolist()
        self._flow: list[int] = decoded.flow.tolist()
        self._function: list[int] = functions.of.tolist()
        self._of = functions.of
        self._calls = np.isin(decoded.flow, np.array([int(Flow.CALL), int(Flow.SYSCALL)]))
        self._turns = np.isin(decoded.flow, np.array(_TURNS))
        self._program = [group != "kernel" for group in functions.groups]
        self._in_program = np.array(self._program)[functions.of]
        self._interrupts = listing.handlers.interrupts
        self._stacks: dict[int, _Stack] = {}  # by slot
        self._current: dict[int, _Stack] = {}  # by CPU
        self._idle: list[_Stack] = []  # stacks not in use, the latest last
        # Iterations of a loop that used only the stack above the frame they began in, by that frame and all their
        # control transfers: the same iteration has the same result again.
        self._known: dict[tuple[_Frame, int, bytes], tuple[Counter[int], Counter[int]]] = {}
        self._lost = False  # whether the iteration read or changed anything else

    def walk(self, window: Window, followed: Followed, counted: bool) -> Flags:
        """Walk a window; returns for each executed instruction whether it was within an interrupt."""
        interrupted = np.zeros(window.code.size, np.bool_)
        for cpu in np.unique(window.cpu).tolist():
            own = np.flatnonzero(window.cpu == cpu)
            if cpu == int(window.cpu[0]) or cpu not in self._current:  # a window begins anew on its own CPU
                self._current[cpu] = [self._root(int(self._of[window.code[own[0]]]))]
            for first, behind in self._follow(window, followed, own, counted):
                interrupted[own[first:behind]] = True
        return interrupted

    def _follow(self, window: Window, followed: Followed, own: Ints, counted: bool) -> list[tuple[int, int]]:
        """Walk one CPU's instructions of a window; returns the ranges within interrupts, first and end of each."""
        cpu, codes, tree = int(window.cpu[own[0]]), window.code[own], self.tree
        function = self._of[codes]
        turns = self._turns[codes] | followed.aside[own]
        turns[:-1] |= function[1:] != function[:-1]
        places = np.append(np.flatnonzero(turns[:-1]), own.size - 1)
        done = np.diff(np.append(0, np.cumsum(followed.completed[own])[places]))
        at, here, to = own[places[:-1]], codes[places[:-1]], codes[places[:-1] + 1]
        aside = followed.aside[at]
        columns = (done[:-1], here, to, aside, followed.completed[at], aside | self._calls[here], *_slots(window, at))
        rows = np.stack([column.astype(np.int64) for column in columns], axis=1)
        ends = np.append(0, places + 1).tolist()
        stretches: list[tuple[int, int]] = []
        first = 0
        for end in self._rounds(to):
            part = rows[first:end]
            stack = self._current[cpu]
            key = (stack[-1], stack[-1].node, part.tobytes())
            if (did := self._known.get(key)) is None:
                did, self._lost, depth = (Counter[int](), Counter[int]()), False, len(stack)
                for number, row in enumerate(part.tolist(), first):
                    if tree.interrupt[self._take(cpu, row, *did)]:
                        stretches.append((ends[number], ends[number + 1]))
                        self._lost = True
                same = self._current[cpu] is stack and len(stack) == depth and (stack[-1], stack[-1].node) == key[:2]
                if same and not self._lost:
                    self._known[key] = did
            if counted:
                tree.add(*did)
            first = end
        node = self._current[cpu][-1].node
        if counted:
            tree.own[node] += int(done[-1])
        if tree.interrupt[node]:
            stretches.append((ends[-2], ends[-1]))
        return stretches

    def _rounds(self, to: Ints) -> list[int]:
        """Where the iterations of a program's loop end, if it has one; the last end is that of all instructions."""
        times = np.bincount(to[self._in_program[to]], minlength=1)
        ends = np.flatnonzero(to == times.argmax()) + 1 if times.any() else to[:0]
        return [*ends[ends < to.size].tolist(), to.size]

    def _take(self, cpu: int, row: list[int], own: Counter[int], calls: Counter[int]) -> int:
        """Take a stretch within one function and the control transfer that ends it; returns the stretch's node.

        The row: its number of instructions, the transfer's instruction and the next one, whether that is a handler's
        first, whether the transfer was completed, whether it calls, the word stored last, the one loaded first.
        """
        mine, here, to, aside, completed, called, stored, loaded = row
        node = self._current[cpu][-1].node
        own[node] += mine
        if aside:
            self._go_aside(cpu, here, to, bool(completed), loaded)
        else:
            self._turn(cpu, here, to, (stored, loaded))
        if called:
            calls[self._current[cpu][-1].node] += 1
        return node

    def _go_aside(self, cpu: int, here: int, to: int, completed: bool, slot: int) -> None:
        """Enter a handler."""
        if self._flow[here] == Flow.RETURN and completed:  # the interrupt came after the return
            self._return(cpu, slot, 0, None)
        stack = self._current[cpu]
        interrupt = self._address[to] in self._interrupts
        node = self.tree.node(stack[-1].node, self._function[to], interrupt, False)
        stack.append(_Frame(node, 0, 0 if completed else self._address[here], entry=True))

    def _turn(self, cpu: int, here: int, to: int, slots: tuple[int, int]) -> None:
        """A call, a return, or a jump to another function; `slots`: the word stored last, the one loaded first."""
        flow, stack = self._flow[here], self._current[cpu]
        if flow in (Flow.CALL, Flow.SYSCALL, Flow.INTERRUPT):
            node = self.tree.node(stack[-1].node, self._function[to], False, False)
            frame = _Frame(node, slots[0] if flow == Flow.CALL else 0, self._behind[here], entry=flow != Flow.CALL)
            stack.append(frame)
            if frame.slot:
                self._stacks[frame.slot] = stack
            if len(stack) > _DEEPEST:
                del stack[1 : _DEEPEST // 2]
        elif flow == Flow.RETURN:
            self._return(cpu, slots[1], self._address[to], self._function[to])
        elif flow in (Flow.SYSRET, Flow.IRET):
            self._leave(cpu, self._address[to], self._function[to])
        self._correct(cpu, self._function[to])

    def _return(self, cpu: int, slot: int, address: int, function: int | None) -> None:
        """Pop frames down to the one that this word belongs to, on whichever stack it is."""
        stack = self._current[cpu]
        if slot and stack[-1].slot != slot:
            other = self._stacks.get(slot)
            if other is None or not any(frame.slot == slot for frame in other):
                slot = self._carried(stack, address)  # a return address may be copied to another stack
                other = stack if slot else None
            if other is None:
                if not stack[-1].entry:
                    self._unknown(cpu, function)
                return
            if other is not stack:
                self._switch(cpu, other)
                stack = other
            while stack[-1].slot != slot:
                self._drop(stack)
        if len(stack) > 1:
            self._drop(stack)
        else:
            self._unknown(cpu, function)

    def _carried(self, stack: _Stack, address: int) -> int:
        """The slot of the call that returns to an address, if it is later than the last kernel entry; else 0."""
        for frame in reversed(stack):
            if frame.slot and frame.resume == address:
                return frame.slot
            if frame.entry:
                break
        return 0

    def _leave(self, cpu: int, address: int, function: int) -> None:
        """Return from the kernel: ends the topmost entry, or another context's, if the kernel keeps no stack."""
        stack = self._current[cpu]
        entry = next((frame for frame in reversed(stack) if frame.entry), None)
        if entry is None or entry.resume not in (0, address):
            self._lost = True
            others = (one for one in reversed(self._idle) if any(f.entry and f.resume == address for f in one))
            other = next(others, None)
            if other is None:
                while len(stack) > 1:  # the next entry from there comes from a program
                    self._drop(stack)
                self._unknown(cpu, function)
                return
            self._switch(cpu, other)
            stack = other
            entry = next(frame for frame in reversed(stack) if frame.entry and frame.resume == address)
        while stack[-1] is not entry:
            self._drop(stack)
        if len(stack) > 1:
            self._drop(stack)
        else:
            self._unknown(cpu, function)

    def _unknown(self, cpu: int, function: int | None) -> None:
        """Back in a function that was entered before the trace began: the bottom of this stack, or another stack."""
        self._lost = True
        if function is None:
            return
        stack = self._current[cpu]
        if len(stack) == 1 and not self.tree.whole[stack[0].node]:
            stack[0] = self._root(function)
        else:
            self._switch(cpu, [self._root(function)])

    def _correct(self, cpu: int, function: int) -> None:
        """A jump to another function replaces the function that jumped: a tail call."""
        stack = self._current[cpu]
        top = stack[-1]
        if self.tree.function[top.node] == function:
            return
        if len(stack) == 1:
            stack[0] = self._root(function)
            return
        parent = self.tree.parent[top.node]
        under_interrupt = self.tree.interrupt[top.node]
        top.node = self.tree.node(parent, function, under_interrupt, self.tree.whole[top.node])

    def _switch(self, cpu: int, to: _Stack) -> None:
        self._lost = True
        left = self._current[cpu]
        self._idle = [*[one for one in self._idle if one is not to and one is not left][-_KEPT:], left]
        self._current[cpu] = to

    def _drop(self, stack: _Stack) -> None:
        frame = stack.pop()
        if frame.slot and self._stacks.get(frame.slot) is stack:
            del self._stacks[frame.slot]

    def _root(self, function: int) -> _Frame:
        return _Frame(self.tree.node(ROOT, function, False, self._program[function]), 0, 0)


def _slots(window: Window, at: Ints) -> tuple[Words, Words]:
    """The physical address that each instruction stored to last, and the one it loaded from first; 0 for none."""
    accesses = window.accesses
    if not accesses.by.size:
        return np.zeros(at.size, np.uint64), np.zeros(at.size, np.uint64)
    first = np.searchsorted(accesses.by, at, side="left")
    last = np.searchsorted(accesses.by, at, side="right") - 1
    behind = np.minimum(first, accesses.by.size - 1)
    some, none = first <= last, np.uint64(0)
    stored = np.where(some & accesses.store[last], accesses.physical[last], none)
    loaded = np.where(some & ~accesses.store[behind], accesses.physical[behind], none)
    return stored, loaded
