"""What the instrument wrote, read: the windows of a trace, each a timed batch, instruction by instruction.

PREFIX.PID.code holds an entry an instruction, PREFIX.PID.trace words of 64 bits (plugin/trace.c). Numpy arrays: a
batch is some 100,000 instructions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferrule.errors import InfrastructureError

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]

EXECUTED, ACCESSED, OPENED, CLOSED, PAYLOAD_AT = range(5)
_ENTRY: Final = np.dtype([("address", "<u8"), ("size", "u1"), ("bytes", "u1", 15)])
_VALUE: Final = np.uint64((1 << 60) - 1)
_LOW48: Final = (1 << 48) - 1


@dataclass(frozen=True)
class Code:
    """The instructions that were executed in windows, numbered from 0, each once."""

    address: Words
    size: Ints
    content: Sequence[bytes]


@dataclass(frozen=True)
class Accesses:
    """Memory accesses of a window, in order. Addresses are virtual, and physical for lines and pages."""

    by: Ints  # index of the executed instruction
    address: Words
    physical: Words
    size: Ints  # bytes
    store: Flags
    device: Flags


@dataclass(frozen=True)
class Window:
    """One timed batch, from the counter's reading that opens it to the one that closes it."""

    loop: int  # which of the loops that the instrument was told
    base: int  # by how much the payload was moved
    code: Ints  # executed instructions, by their number in Code
    cpu: Ints  # on which CPU each
    accesses: Accesses


def boots(prefix: Path) -> list[Path]:
    """The prefixes of all boots that wrote one, each with the process in it, the oldest first."""
    found = sorted(prefix.parent.glob(f"{prefix.name}.*.trace"), key=lambda path: path.stat().st_mtime_ns)
    return [path.with_suffix("") for path in found]


def read(prefix: Path) -> tuple[Code, list[Window]]:
    """Instructions and whole windows, in the order in which they were run.

    Raises:
        InfrastructureError: nothing was written there, or it is no trace.
    """
    try:
        entries = np.fromfile(f"{prefix}.code", dtype=_ENTRY)
        words = np.fromfile(f"{prefix}.trace", dtype=np.uint64)
    except OSError as error:
        raise InfrastructureError(f"the instrument wrote nothing: {error.filename}: {error.strerror}") from None
    # One instruction has an entry for each block that it was translated in.
    unique, first, same = np.unique(
        entries.view(np.dtype((np.void, _ENTRY.itemsize))), return_index=True, return_inverse=True
    )
    del unique
    rows = entries[first]
    content = [bytes(row[:size]) for row, size in zip(rows["bytes"], rows["size"].tolist(), strict=True)]
    code = Code(rows["address"].astype(np.uint64), rows["size"].astype(np.int64), content)
    return code, list(_windows(words, same.reshape(-1).astype(np.int64)))


def _windows(words: Words, numbers: Ints) -> Iterator[Window]:
    kinds = (words >> np.uint64(60)).astype(np.int64)
    if kinds.size and int(kinds.max()) > PAYLOAD_AT:
        raise InfrastructureError("the instrument's trace holds words of no known kind")
    start = 0
    for end in np.flatnonzero(kinds == CLOSED).tolist():
        yield _window(words[start:end] & _VALUE, kinds[start:end], numbers)
        start = end + 1


def _window(values: Words, kinds: Ints, numbers: Ints) -> Window:
    opened, moved = (np.flatnonzero(kinds == kind) for kind in (OPENED, PAYLOAD_AT))
    if opened.size != 1 or moved.size != 1:
        raise InfrastructureError("the instrument's trace holds a window that was not opened once")
    executed, accessed = kinds == EXECUTED, kinds == ACCESSED
    code = (values[executed] & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1
    cpu = (values[executed] >> np.uint64(32)).astype(np.int64)
    if code.size == 0 or not 0 <= int(code.min()) <= int(code.max()) < numbers.size:
        raise InfrastructureError("the instrument's trace names an instruction that it did not describe")
    if accessed.sum() % 2:
        raise InfrastructureError("the instrument's trace holds half an access")
    by = (np.cumsum(executed) - 1)[accessed][::2]
    pairs = values[accessed].reshape(-1, 2)
    low = pairs[:, 0] & np.uint64(_LOW48)
    flags = (pairs[:, 0] >> np.uint64(48)).astype(np.int64)
    high = np.uint64(0xFFFF << 48)
    address = np.where(low >> np.uint64(47) != 0, low | high, low)
    size = np.left_shift(1, flags & 7)
    accesses = Accesses(by, address, pairs[:, 1], size, (flags & 8) != 0, (flags & 16) != 0)
    return Window(int(values[opened[0]]), int(values[moved[0]]), numbers[code], cpu, accesses)
