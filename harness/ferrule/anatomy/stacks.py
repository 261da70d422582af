"""The tree of calls, from executed calls and returns: a shadow stack for each stack of the machine.

A call stores its return address, and the return that ends it loads that very word: the physical address of the word
finds the frame, whichever stack it is on. Where it is on another stack than the one in use, the kernel has switched
contexts. Entries of the kernel (system calls, exceptions, interrupts) put frames on top without a word of their own;
the instruction that returns from them takes off the topmost. A kernel may run a program as a call of a loop of its own:
its entry then returns to that loop, which stands in the entry's place, for the program is who asked. What was entered
before anybody looked has no frame: a stack that begins in the middle of such a thing is not whole, and its
instructions' callers are not known.
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
_KEPT: Final = 64  # stacks that were left
_DEEPEST: Final = 512  # frames; deeper ones are lost returns


@dataclass(eq=False)
class _Frame:
    node: int
    slot: int  # physical address of the return address; 0: none
    resume: int  # where it returns to; 0: anywhere
    entry: bool = False  # of the kernel


_Stack = list[_Frame]


class Walker:
    """Goes through windows of one boot in their order and grows the tree."""

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
        self._idle: list[_Stack] = []  # that were left, the latest last
        # Rounds of a loop that did nothing but to the stack above where they began, by that place and all their turns:
        # the same round does the same again.
        self._known: dict[tuple[_Frame, int, bytes], tuple[Counter[int], Counter[int]]] = {}
        self._lost = False  # whether more than that was looked at or changed

    def walk(self, window: Window, followed: Followed, counted: bool) -> Flags:
        """Take a window; returns for each executed instruction whether it was within an interrupt."""
        interrupted = np.zeros(window.code.size, np.bool_)
        for cpu in np.unique(window.cpu).tolist():
            own = np.flatnonzero(window.cpu == cpu)
            if cpu == int(window.cpu[0]) or cpu not in self._current:  # the batch's own end is at its beginning again
                self._current[cpu] = [self._root(int(self._of[window.code[own[0]]]))]
            for first, behind in self._follow(window, followed, own, counted):
                interrupted[own[first:behind]] = True
        return interrupted

    def _follow(self, window: Window, followed: Followed, own: Ints, counted: bool) -> list[tuple[int, int]]:
        """One CPU's instructions of a window; returns stretches within interrupts, first and end of each."""
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
        """Where rounds of a loop end, if a program has one; the last ends with all."""
        times = np.bincount(to[self._in_program[to]], minlength=1)
        ends = np.flatnonzero(to == times.argmax()) + 1 if times.any() else to[:0]
        return [*ends[ends < to.size].tolist(), to.size]

    def _take(self, cpu: int, row: list[int], own: Counter[int], calls: Counter[int]) -> int:
        """A stretch within one function and the turn that ends it; returns the node that it is of.

        The row: its instructions, the turn's and the next one, whether that is a handler's first, whether the turn was
        completed, whether it calls, the word stored last, the one loaded first.
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
        """Into a handler."""
        if self._flow[here] == Flow.RETURN and completed:  # it had returned when the interrupt came
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
        """Take frames off down to the one that this word belongs to, on whichever stack it is."""
        stack = self._current[cpu]
        if slot and stack[-1].slot != slot:
            other = self._stacks.get(slot)
            if other is None or not any(frame.slot == slot for frame in other):
                slot = self._carried(stack, address)  # a return address may be taken along to another stack
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
        """The slot of the call that returns to an address, of those since the kernel was entered; 0: there is none."""
        for frame in reversed(stack):
            if frame.slot and frame.resume == address:
                return frame.slot
            if frame.entry:
                break
        return 0

    def _leave(self, cpu: int, address: int, function: int) -> None:
        """Return from the kernel: the topmost entry is over, or another context's, where the kernel keeps no stack."""
        stack = self._current[cpu]
        entry = next((frame for frame in reversed(stack) if frame.entry), None)
        if entry is None or entry.resume not in (0, address):
            self._lost = True
            others = (one for one in reversed(self._idle) if any(f.entry and f.resume == address for f in one))
            other = next(others, None)
            if other is None:
                while len(stack) > 1:  # what is entered from there next is entered from a program
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
        """Back in what was entered before anybody looked: the bottom of this stack, or another one."""
        self._lost = True
        if function is None:
            return
        stack = self._current[cpu]
        if len(stack) == 1 and not self.tree.whole[stack[0].node]:
            stack[0] = self._root(function)
        else:
            self._switch(cpu, [self._root(function)])

    def _correct(self, cpu: int, function: int) -> None:
        """A jump to another function takes its caller's place: a tail call."""
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
    """Of instructions executed there the physical address last stored to, and the one first loaded from; 0: none."""
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
