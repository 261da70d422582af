"""Kernels that QEMU starts by their Multiboot header, as it does a bzImage: with a command line and a file beside it.

Layout: the Multiboot Specification 0.6.96, 3.1, and QEMU's hw/i386/multiboot.c, which takes version 1 only.
"""

from __future__ import annotations

import struct
from typing import Final

MAGIC: Final = 0x1BADB002
MAGIC_2: Final = 0xE85250D6  # of version 2: Multiboot2 Specification 2.0, 3.1.1; its four words add up to nothing
REACH: Final = 8192  # bytes of the file within which the header lies, at a multiple of four
_EM_386, _EM_X86_64 = 3, 62


def is_multiboot(content: bytes) -> bool:
    """Whether a header is there whose magic, flags and checksum add up to nothing."""
    word = struct.pack("<I", MAGIC)
    at = content.find(word)
    while 0 <= at <= REACH - 12 and at + 12 <= len(content):
        if at % 4 == 0 and sum(struct.unpack_from("<III", content, at)) % (1 << 32) == 0:
            return True
        at = content.find(word, at + 1)
    return False


def is_second_version(content: bytes) -> bool:
    """Whether a header of version 2 is there, which QEMU does not know."""
    word, reach = struct.pack("<I", MAGIC_2), 32768
    at = content.find(word)
    while 0 <= at <= reach - 16 and at + 16 <= len(content):
        if at % 8 == 0 and sum(struct.unpack_from("<IIII", content, at)) % (1 << 32) == 0:
            return True
        at = content.find(word, at + 1)
    return False


def taken(content: bytes) -> bytes:
    """The same image, marked so that QEMU takes it: its ELF header says EM_386 and keeps its 64-bit layout."""
    return content[:18] + struct.pack("<H", _EM_386) + content[20:]


def is_refused(content: bytes) -> bool:
    """Whether QEMU will not start it although it has a header: its ELF file says that it is for x86-64."""
    return content[:4] == b"\x7fELF" and content[18:20] == struct.pack("<H", _EM_X86_64)
