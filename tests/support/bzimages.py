"""Kernel images made by hand: a bzImage around a payload, and an ELF file with one note."""

from __future__ import annotations

import struct


def bzimage_of(payload: bytes) -> bytes:
    """Setup code of four sectors with the fields that Ferrule reads, then the payload."""
    setup = bytearray(5 * 512)
    setup[0x1F1] = 4
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", setup, 0x248, 16, len(payload))
    return bytes(setup) + bytes(16) + payload


def elf(note_type: int = 18) -> bytes:
    """An ELF file with one Xen note."""
    note = struct.pack("<III4sI", 4, 4, note_type, b"Xen\0", 0x1000000)
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    head = ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(note), len(note), 4) + note
