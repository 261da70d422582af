"""The first bytes of every kind of file that a user may give in place of a kernel."""

from __future__ import annotations

import gzip
import lzma

from ferrule.images.rawimage import MAGIC

from tests.support.archives import archive
from tests.support.bzimages import bzimage_of
from tests.support.programs import program

CD = bytes(0x8001) + b"CD001"
FIRMWARE = bytes(40) + b"_FVH" + bytes(16)
DISK = bytes(512) + b"EFI PART" + bytes(4096)
KINDS: dict[str, tuple[bytes, str]] = {  # content, and its name in messages
    "empty": (b"", "an empty file"),
    "text": (b"kernel = 'x'\n", "a text file"),
    "unknown": (b"\x01\x02\x03" * 99, "a file of no known kind"),
    "elf": (program(), "a 64-bit ELF file"),
    "elf32": (b"\x7fELF\x01" + bytes(64), "a 32-bit ELF file"),
    "bzimage": (bzimage_of(b"x"), "a Linux bzImage"),
    "arm64": (bytes(56) + MAGIC["aarch64"] + bytes(4), "a raw Linux Image for aarch64"),
    "efi": (b"MZ" + bytes(600), "an EFI image"),
    "archive": (archive({"a.o": b""}, {"a.o": ["x"]}), "an ar archive"),
    "cd": (CD, "a CD image"),
    "disk": (DISK, "a disk image"),
    "firmware": (FIRMWARE, "UEFI firmware"),
    "gzip": (gzip.compress(b"x"), "a gzip file, which has to be unpacked"),
    "xz": (lzma.compress(b"x"), "an xz file, which has to be unpacked"),
}
