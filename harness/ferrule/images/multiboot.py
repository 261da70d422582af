"""Kernels that QEMU starts by their Multiboot header, as it does a bzImage: with a command line and a file beside it.

Layout: the Multiboot Specification 0.6.96, 3.1, and QEMU's hw/i386/multiboot.c, which takes version 1 only.
"""

from __future__ import annotations

import struct
from typing import Final

MAGIC: Final = 0x1BADB002
REACH: Final = 8192  # bytes of the file within which the header lies, at a multiple of four
_EM_X86_64: Final = 62


def is_multiboot(content: bytes) -> bool:
    """Whether a header is there whose magic, flags and checksum add up to nothing."""
    word = struct.pack("<I", MAGIC)
    at = content.find(word)
    while 0 <= at <= REACH - 12 and at + 12 <= len(content):
        if at % 4 == 0 and sum(struct.unpack_from("<III", content, at)) % (1 << 32) == 0:
            return True
        at = content.find(word, at + 1)
    return False


def is_refused(content: bytes) -> bool:
    """Whether QEMU will not start it although it has a header: its ELF file says that it is for x86-64."""
    return content[:4] == b"\x7fELF" and content[18:20] == struct.pack("<H", _EM_X86_64)
