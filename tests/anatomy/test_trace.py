"""Reading the instrument's file: windows in pieces, and only those that are wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ferrule.anatomy.trace import read
from ferrule.errors import InfrastructureError

STORE, DEVICE = 1 << 62, 1 << 63


def piece(loop: int, last: int, executed: list[int], accesses: list[tuple[int, int]]) -> bytes:
    """As plugin/trace.c writes it: instructions by their number from 1, accesses by place and physical address."""
    head = np.array([0x1000], np.uint64).tobytes()
    head += np.array([loop, last, len(executed), len(accesses)], np.uint32).tobytes()
    physical, by = np.array([p for _, p in accesses], np.uint64), np.array([at for at, _ in accesses], np.int32)
    return head + np.array(executed, np.uint32).tobytes() + physical.tobytes() + by.tobytes()


def written(folder: Path, *pieces: bytes) -> Path:
    entry = np.dtype([("address", "<u8"), ("size", "u1"), ("bytes", "u1", 15)])
    code = np.zeros(3, entry)
    code["address"], code["size"] = [0x10, 0x20, 0x10], [1, 1, 1]  # the third is the first, of another block
    prefix = folder / "boot.1"
    code.tofile(f"{prefix}.code")
    Path(f"{prefix}.trace").write_bytes(b"".join(pieces))
    return prefix


def test_pieces_of_a_window_are_joined(tmp_path: Path) -> None:
    """An access at the start of a piece may be of the last instruction of the previous piece."""
    prefix = written(
        tmp_path, piece(0, 0, [1, 2], [(1, 0x40 | STORE)]), piece(0, 1, [3 | 1 << 24], [(-1, 0x80), (0, 0xC0 | DEVICE)])
    )
    code, (window,) = read(prefix)
    assert code.address.tolist() == [0x10, 0x20]
    assert code.address[window.code].tolist() == [0x10, 0x20, 0x10]
    assert window.cpu.tolist() == [0, 0, 1]
    assert window.base == 0x1000
    assert window.accesses.by.tolist() == [1, 1, 2]
    assert window.accesses.physical.tolist() == [0x40, 0x80, 0xC0]
    assert window.accesses.store.tolist() == [True, False, False]
    assert window.accesses.device.tolist() == [False, False, True]


def test_of_each_loop_the_last_windows_are_read(tmp_path: Path) -> None:
    windows = [piece(loop, 1, [1] * size, []) for loop, size in ((0, 1), (1, 2), (0, 3), (0, 4), (1, 5))]
    prefix = written(tmp_path, *windows)
    assert [(one.loop, one.code.size) for one in read(prefix, {0: 2, 1: 1})[1]] == [(0, 3), (0, 4), (1, 5)]
    assert [one.code.size for one in read(prefix)[1]] == [1, 2, 3, 4, 5]


def test_a_window_that_was_not_closed_is_none(tmp_path: Path) -> None:
    assert read(written(tmp_path, piece(0, 0, [1], [])))[1] == []
    cut = piece(0, 1, [1, 1], [])[:-2]  # QEMU was killed while it wrote
    assert [one.code.size for one in read(written(tmp_path, piece(0, 1, [1], []), cut))[1]] == [1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (piece(0, 1, [0], []), "did not describe"),
        (piece(0, 1, [9], []), "did not describe"),
        (piece(0, 1, [], []), "did not describe"),
        (piece(0, 1, [1], [(1, 0)]), "access of no instruction"),
    ],
)
def test_what_is_no_trace_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InfrastructureError, match=words):
        read(written(tmp_path, content))
