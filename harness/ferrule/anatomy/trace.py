"""Reads the instrument's trace: windows, each a timed batch, instruction by instruction.

PREFIX.PID.code has one entry for each instruction, PREFIX.PID.trace the windows in pieces (plugin/trace.c). Numpy
arrays, because a batch is some 100,000 instructions.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from ferrule.errors import InfrastructureError

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]

_ENTRY: Final = np.dtype([("address", "<u8"), ("size", "u1"), ("bytes", "u1", 15)])
_PIECE: Final = struct.Struct("<QIIII")  # base, loop, last, executed, accessed
_NUMBER: Final = 24  # lowest bits of an executed instruction: its number; above them the CPU
_PHYSICAL: Final = np.uint64((1 << 62) - 1)  # the address; above it: whether it is a store, whether it is a device's
_DEVICE, _STORE = np.uint64(1 << 63), np.uint64(1 << 62)


@dataclass(frozen=True)
class Code:
    """The instructions that were executed in windows, numbered from 0, each once."""

    address: Words
    size: Ints
    content: Sequence[bytes]


@dataclass(frozen=True)
class Accesses:
    """Memory accesses of a window, in order."""

    by: Ints  # index of the executed instruction
    physical: Words
    store: Flags
    device: Flags


@dataclass(frozen=True)
class Window:
    """One timed batch, from the counter's reading that opens it to the one that closes it."""

    loop: int  # the number of its loop among the instrument's loop= arguments
    base: int  # load address of the payload minus its link address
    code: Ints  # executed instructions, by their number in Code
    cpu: NDArray[np.uint8]  # of each
    accesses: Accesses


def boots(prefix: Path) -> list[Path]:
    """The prefixes of all boots that wrote a trace, each with its process ID, the oldest first."""
    found = sorted(prefix.parent.glob(f"{prefix.name}.*.trace"), key=lambda path: path.stat().st_mtime_ns)
    return [path.with_suffix("") for path in found]


@dataclass(frozen=True)
class _Piece:
    offset: int  # of its executed instructions, in the file
    executed: int
    accessed: int


@dataclass
class _Place:
    """Where a window is in the file."""

    loop: int
    base: int
    pieces: list[_Piece]


def read(prefix: Path, last: Mapping[int, int] | None = None) -> tuple[Code, list[Window]]:
    """The instructions, and the whole windows in the order in which they were run.

    `last`: how many windows of each loop to read, counted from the end.

    Raises:
        InfrastructureError: nothing was written there, or it is no trace.
    """
    try:
        entries = np.fromfile(f"{prefix}.code", dtype=_ENTRY)
        with Path(f"{prefix}.trace").open("rb") as file:
            places = _places(file)
            if last is not None:
                places = _latest(places, last)
            found = [_window(file, place) for place in places]
    except OSError as error:
        raise InfrastructureError(f"the instrument wrote nothing: {error.filename}: {error.strerror}") from None
    seen = np.zeros(entries.size + 1, np.bool_)
    for window in found:
        if window.code.size == 0 or int(window.code.max()) > entries.size:
            raise InfrastructureError("the instrument's trace names an instruction that it did not describe")
        seen[window.code] = True
    if seen[0]:
        raise InfrastructureError("the instrument's trace names an instruction that it did not describe")
    # An instruction has one entry for each block that it was translated in.
    used = entries[seen[1:]]
    _, first, same = np.unique(used.view(np.dtype((np.void, _ENTRY.itemsize))), return_index=True, return_inverse=True)
    numbers = np.zeros(entries.size + 1, np.int64)
    numbers[seen] = same.reshape(-1)
    rows = used[first]
    content = [bytes(row[:size]) for row, size in zip(rows["bytes"], rows["size"].tolist(), strict=True)]
    code = Code(rows["address"].astype(np.uint64), rows["size"].astype(np.int64), content)
    return code, [replace(window, code=numbers[window.code]) for window in found]


def _places(file: BinaryIO) -> list[_Place]:
    found: list[_Place] = []
    pieces: list[_Piece] = []
    size = os.fstat(file.fileno()).st_size
    while len(head := file.read(_PIECE.size)) == _PIECE.size:
        base, loop, ends, executed, accessed = _PIECE.unpack(head)
        pieces.append(_Piece(file.tell(), executed, accessed))
        if file.seek(executed * 4 + accessed * 12, os.SEEK_CUR) > size:
            break  # QEMU was killed while it wrote
        if ends:
            found.append(_Place(loop, base, pieces))
            pieces = []
    return found


def _latest(places: Sequence[_Place], last: Mapping[int, int]) -> list[_Place]:
    left, kept = dict(last), []
    for place in reversed(places):
        if left.get(place.loop, 0) > 0:
            left[place.loop] -= 1
            kept.append(place)
    return kept[::-1]


def _window(file: BinaryIO, place: _Place) -> Window:
    """Read one window; its instructions have the numbers of the file."""
    parts: list[tuple[NDArray[np.uint32], Words, Ints]] = []
    before = 0
    for piece in place.pieces:
        file.seek(piece.offset)
        executed = np.fromfile(file, np.uint32, piece.executed)
        physical = np.fromfile(file, np.uint64, piece.accessed)
        by = np.fromfile(file, np.int32, piece.accessed).astype(np.int64)
        parts.append((executed, physical, by + before if before else by))
        before += piece.executed
    executed, physical, by = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
    if by.size and not 0 <= int(by[0]) <= int(by[-1]) < executed.size:  # they are in order
        raise InfrastructureError("the instrument's trace has an access of no instruction")
    accesses = Accesses(by, physical & _PHYSICAL, (physical & _STORE) != 0, (physical & _DEVICE) != 0)
    cpu = (executed >> np.uint32(_NUMBER)).astype(np.uint8)
    return Window(place.loop, place.base, (executed & np.uint32((1 << _NUMBER) - 1)).astype(np.int64), cpu, accesses)
