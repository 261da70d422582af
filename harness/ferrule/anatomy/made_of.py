"""What an operation consists of: counts only, never weighted by assumed costs.

Instructions by owner (payload, kernel, other), entries to the kernel and exits from it, instructions that are expensive
on real hardware, footprint in caches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ferrule.anatomy.decode import COUNTED, COUNTER, Flow
from ferrule.anatomy.flow import Followed
from ferrule.anatomy.listing import Listing
from ferrule.anatomy.profile import Row
from ferrule.anatomy.trace import Flags, Ints, Window, Words

# Physical addresses by which PCs' timers are armed: the local APIC's initial count, the HPET's comparators. The PIT is
# armed through ports and a TSC deadline through a model-specific register: a trace does not show which one is written.
TIMERS: Final = np.array([0xFEE00380, *(0xFED00108 + 0x20 * n for n in range(3))], dtype=np.uint64)
LINE: Final = 6  # bits of an address within a cache line
PAGE: Final = 12
TITLES: Final = {
    "payload": "instructions in the payload",
    "kernel": "instructions in the kernel",
    "other": "instructions in other programs",
    "interrupt": "instructions in interrupts",
    "syscall": "system calls",
    "exception": "exceptions",
    "interrupts": "interrupts",
    "sysret": "returns by sysret",
    "iret": "returns by iret",
    "cr3": "address-space switches (mov cr3)",
    "tlb": "TLB invalidations",
    "wrmsr": "MSR writes",
    "rdmsr": "MSR reads",
    "port": "port accesses",
    "device": "device-memory accesses",
    "timer": "timer programmings (local APIC, HPET)",
    "cpuid": "cpuid",
    "counter": "counter reads (rdtsc)",
    "locked": "locked operations",
    "state": "vector-state saves and restores",
    "halt": "halts",
    "pause": "pauses",
    "call": "calls",
    "load": "loads",
    "store": "stores",
    "code_lines": "code lines, 64 bytes",
    "data_lines": "data lines, 64 bytes",
    "pages": "pages",
}
_THING: Final = np.uint64(40)  # bits of a line's number: 64 TiB of memory; above them 16 million operations
GROUPS: Final = ("payload", "kernel", "other")
Columns = dict[str, Ints]  # by row, a figure for each operation of a batch; the first is of incomplete operations
_Cut = tuple[Ints, int]
_MOST_AT_ONCE: Final = 64  # operations in one iteration of a loop
FOOTPRINT: Final = ("code_lines", "data_lines", "pages")
_OF_LOOP: Final = ("payload", "counter", "call", "load", "store", *FOOTPRINT)
_FLOWS: Final = {"syscall": Flow.SYSCALL, "sysret": Flow.SYSRET, "iret": Flow.IRET, "call": Flow.CALL}


@dataclass(frozen=True)
class Batch:
    """A counted window: its flow, and which of its instructions were within interrupts."""

    window: Window
    followed: Followed
    interrupted: Flags
    operations: int


@dataclass(frozen=True)
class Marker:
    """An instruction of the loop's function that is executed once in `every` operations, and so separates them."""

    code: int
    every: int


def marker(listing: Listing, loop: int, batches: Sequence[Batch]) -> Marker | None:
    """The marker that separates the fewest operations at a time; None if there is none in all batches."""
    own = np.flatnonzero(listing.functions.of == loop)
    times = np.zeros((len(batches), own.size), np.int64)
    for number, batch in enumerate(batches):
        code = batch.window.code[batch.window.cpu == batch.window.cpu[0]]
        times[number] = np.bincount(code, minlength=listing.code.size.size)[own]
    for every in range(1, _MOST_AT_ONCE + 1):
        found = own[(times * every == np.array([[batch.operations] for batch in batches])).all(axis=0)]
        if found.size:
            return Marker(int(found[0]), every)
    return None


def _cut(batch: Batch, mark: Marker | None) -> _Cut:
    """The operation's number of each executed instruction, and how many numbers there are.

    Numbers from 1 on are whole operations, from mark to mark. 0 is what comes before the first mark and after the last:
    parts of operations, and instructions of no operation.
    """
    number = np.zeros(batch.window.code.size, np.int64)
    at = np.flatnonzero(batch.window.code == mark.code) if mark is not None else number[:0]
    if at.size < 2:
        return number, 1
    number[at] = 1
    number = np.cumsum(number)
    number[at[-1] :] = 0
    return number, int(at.size)


def everything(listing: Listing, counted: Sequence[Columns], batches: Sequence[Batch]) -> dict[str, float]:
    """Means for one operation of all counts of the batches, interrupts included; no footprints."""
    found: list[Columns] = []
    for rows, one in zip(counted, batches, strict=True):
        if one.interrupted.any():
            whole = replace(one, interrupted=np.zeros_like(one.interrupted))
            found.append(_rows(listing, _cut(one, None), whole))
        else:
            found.append({name: row for name, row in rows.items() if name not in FOOTPRINT})
    sums = [[row.sum() / one.operations for row in rows.values()] for rows, one in zip(found, batches, strict=True)]
    return dict(zip(found[0], np.mean(sums, axis=0).tolist(), strict=True))


def columns(listing: Listing, mark: Marker | None, batch: Batch) -> Columns:
    """All counts of a batch, by operation."""
    cut = _cut(batch, mark)
    return _rows(listing, cut, batch) | _footprint(listing, cut, batch)


def count(counted: Sequence[Columns], mark: Marker | None, batches: Sequence[Batch]) -> dict[str, Row]:
    """All rows. The payload's still includes counter and loop: the caller subtracts them."""
    every = mark.every if mark is not None else 1
    rows = {name: _row(name, [one[name] for one in counted], batches, every) for name in counted[0]}
    return {name: row for name, row in rows.items() if every == 1 or name not in FOOTPRINT}


def _row(name: str, found: Sequence[Ints], batches: Sequence[Batch], every: int) -> Row:
    """The range is that of whole operations. Rows that counter and loop add to have their mean, others that of all."""
    whole = np.concatenate([one[1:] for one in found]) / every
    means = np.array([one.sum() / batch.operations for one, batch in zip(found, batches, strict=True)])
    if not whole.size:
        return Row(float(means.mean()), float(means.min()), float(means.max()))
    mean = float(whole.mean()) if name in _OF_LOOP else float(means.mean())
    return Row(mean, min(mean, float(whole.min())), max(mean, float(whole.max())))


def _rows(listing: Listing, cut: _Cut, batch: Batch) -> Columns:
    code, decoded, functions = listing.code, listing.decoded, listing.functions
    here, accesses = batch.window.code, batch.window.accesses
    number, size = cut
    counted = batch.followed.completed & ~batch.interrupted
    groups = np.array([GROUPS.index(one) for one in functions.groups])[functions.of]
    kinds = len(GROUPS) + 1
    of_groups = np.bincount(number * kinds + np.where(counted, groups[here], kinds - 1), minlength=size * kinds)
    rows = {name: of_groups[place::kinds] for place, name in enumerate(GROUPS)}
    rows["interrupt"] = _by_operation(number, np.flatnonzero(batch.interrupted & batch.followed.completed), size)
    aside = np.flatnonzero(batch.followed.aside)
    irq = np.isin(
        code.address[here[batch.followed.next[aside]]], np.array(sorted(listing.handlers.interrupts), dtype=np.uint64)
    )
    rows["interrupts"] = _by_operation(number, aside[irq], size)
    rows["exception"] = _by_operation(number, aside[~irq & ~batch.interrupted[aside]], size)
    special = np.isin(decoded.flow, [int(kind) for kind in _FLOWS.values()])
    for name in COUNTED:
        special |= decoded.counted[name]
    at = np.flatnonzero(special[here] & counted)
    rows |= {name: _by_operation(number, at[decoded.flow[here[at]] == kind], size) for name, kind in _FLOWS.items()}
    rows |= {name: _by_operation(number, at[decoded.counted[name][here[at]]], size) for name in COUNTED}
    rows[COUNTER][0] -= 1  # the counter reading that opens the window
    made = ~batch.interrupted[accesses.by]
    rows["load"] = _by_operation(number, accesses.by[made & ~accesses.store], size)
    rows["store"] = _by_operation(number, accesses.by[made & accesses.store], size)
    device = np.flatnonzero(made & accesses.device)
    timer = device[accesses.store[device] & np.isin(accesses.physical[device], TIMERS)]
    rows["device"] = _by_operation(number, accesses.by[device], size)
    rows["timer"] = _by_operation(number, accesses.by[timer], size)
    return rows


def _footprint(listing: Listing, cut: _Cut, batch: Batch) -> Columns:
    """Distinct lines and pages of each operation."""
    accesses = batch.window.accesses
    number, size = cut
    counted = np.flatnonzero(batch.followed.completed & ~batch.interrupted)
    lines, line = np.unique(listing.code.address >> np.uint64(LINE), return_inverse=True)
    code = _distinct(number[counted], line[batch.window.code[counted]].astype(np.uint64))
    memory = np.flatnonzero(~batch.interrupted[accesses.by] & ~accesses.device)
    data = _distinct(number[accesses.by[memory]], accesses.physical[memory] >> np.uint64(LINE))
    up = np.uint64(PAGE - LINE)
    _, page = np.unique(lines >> up, return_inverse=True)
    code_pages = _distinct(code[0], page[code[1].astype(np.int64)].astype(np.uint64))
    data_pages = _distinct(data[0], data[1] >> up)
    found = {"code_lines": code[0], "data_lines": data[0], "pages": np.concatenate([code_pages[0], data_pages[0]])}
    return {name: np.bincount(own, minlength=size)[:size] for name, own in found.items()}


def _by_operation(number: Ints, places: Ints, size: int) -> Ints:
    """How many of these instructions each operation has."""
    found: Ints = np.bincount(number[places], minlength=size)[:size]
    return found


def _distinct(number: Ints, what: Words) -> tuple[Ints, Words]:
    """The distinct values of each operation: the operations, and the values."""
    key = np.sort(number.astype(np.uint64) << _THING | what)
    key = key[np.concatenate([[True], key[1:] != key[:-1]])[: key.size]]
    return (key >> _THING).astype(np.int64), key & np.uint64((1 << int(_THING)) - 1)
