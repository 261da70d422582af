"""Kernels with a Multiboot header, which QEMU starts like a bzImage: with a command line and an initial file system.

Layout: the Multiboot Specification 0.6.96, 3.1, and QEMU's hw/i386/multiboot.c, which takes version 1 only.
"""

from __future__ import annotations

import struct
from typing import Final

MAGIC: Final = 0x1BADB002
MAGIC_2: Final = 0xE85250D6  # of version 2: Multiboot2 Specification 2.0, 3.1.1; its four words add up to 0
REACH: Final = 8192  # the header is in this many first bytes of the file, at a multiple of four
_EM_386, _EM_X86_64 = 3, 62


def is_multiboot(content: bytes) -> bool:
    """Whether there is a header whose magic, flags and checksum add up to 0 (modulo 2^32)."""
    word = struct.pack("<I", MAGIC)
    at = content.find(word)
    while 0 <= at <= REACH - 12 and at + 12 <= len(content):
        if at % 4 == 0 and sum(struct.unpack_from("<III", content, at)) % (1 << 32) == 0:
            return True
        at = content.find(word, at + 1)
    return False


def is_second_version(content: bytes) -> bool:
    """Whether there is a header of version 2, which QEMU does not support."""
    word, reach = struct.pack("<I", MAGIC_2), 32768
    at = content.find(word)
    while 0 <= at <= reach - 16 and at + 16 <= len(content):
        if at % 8 == 0 and sum(struct.unpack_from("<IIII", content, at)) % (1 << 32) == 0:
            return True
        at = content.find(word, at + 1)
    return False


def marked(content: bytes) -> bytes:
    """The image with EM_386 as the machine in its ELF header, so that QEMU accepts it; its layout stays 64-bit."""
    return content[:18] + struct.pack("<H", _EM_386) + content[20:]


def is_refused(content: bytes) -> bool:
    """Whether QEMU refuses the image although it has a Multiboot header: its ELF header names x86-64."""
    return content[:4] == b"\x7fELF" and content[18:20] == struct.pack("<H", _EM_X86_64)
