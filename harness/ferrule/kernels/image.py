"""Makes a bootable EFI image from the linker's output."""

from __future__ import annotations

import struct
from typing import Final

from ferrule import elf
from ferrule.errors import BuildFailed

SYMBOLS: Final = ".kallsyms"
# StarryOS reads its symbol table when it starts, and panics without one. This is an empty table (crate ksym 0.6.0,
# KallsymsMapped::from_blob): its length, the number of symbols, and the lengths of names, tokens and their index.
_NO_SYMBOLS: Final = struct.pack("<5Q", 40, 0, 0, 0, 0)


def flat(program: bytes) -> bytes:
    """The EFI image in an ELF program of one segment that begins with the image's header.

    Raises:
        BuildFailed: it is not such a program.
    """
    try:
        with elf.reading(program) as file:
            segments = list(file.iter_segments("PT_LOAD"))
            table = file.get_section_by_name(SYMBOLS)
    except elf.Broken as error:
        raise BuildFailed(f"the kernel: {error}") from None
    if len(segments) != 1 or table is None or table["sh_size"] < len(_NO_SYMBOLS):
        raise BuildFailed(f"the kernel is not one segment with a section {SYMBOLS}")
    start, size = segments[0]["p_offset"], segments[0]["p_filesz"]
    image = bytearray(program[start : start + size])
    if image[:2] != b"MZ":
        raise BuildFailed("the kernel's segment does not begin with an EFI image's header")
    at = table["sh_offset"] - start
    image[at : at + len(_NO_SYMBOLS)] = _NO_SYMBOLS
    return bytes(image)
