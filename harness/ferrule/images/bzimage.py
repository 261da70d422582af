"""Unpacks the ELF kernel inside a bzImage, so that an emulated CPU need not do it: that is half of a boot under TCG.

Layout: the kernel's Documentation/arch/x86/boot.rst (setup header, protocol 2.08 and later).
"""

from __future__ import annotations

import lzma
import shutil
import struct
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import Final

from elftools.elf.segments import NoteSegment

from ferrule import elf, files, paths

# XEN_ELFNOTE_PHYS32_ENTRY, a number that pyelftools has no name for: QEMU starts an ELF kernel with it in 32-bit mode.
_PVH_ENTRY = "18"
LARGEST: Final = 256 << 20  # bytes of an unpacked kernel; Debian's take 60 MiB
_SETUP_SECTORS, _PAYLOAD = 0x1F1, 0x248  # u8; u32 offset from the protected-mode code, u32 length


def is_bzimage(content: bytes) -> bool:
    """Whether it has the setup header's magic."""
    return content[0x202:0x206] == b"HdrS" and len(content) > 0x250


def unpacked(content: bytes, digest: str, *, afresh: bool = False) -> Path | None:
    """The ELF kernel inside, as a file in the cache; None when it cannot be booted directly or not be unpacked here.

    A file in the cache that was changed or cut is unpacked again.

    Args:
        content: a bzImage.
        digest: its SHA-256, which names it in the cache.
        afresh: unpack it even if it is in the cache, so that the booted kernel certainly comes from this bzImage.
    """
    target = paths.cache("vmlinux") / digest
    if not afresh and files.sound(target):
        return target
    image = _payload(content)
    if image is None or not has_pvh_entry(image):
        return None
    try:
        files.write_sound(target, image)
    except OSError:  # a full disk costs speed, not the run
        return None
    return target


def _payload(content: bytes) -> bytes | None:
    """Decompress by magic number, at most LARGEST bytes: a small file may hold gigabytes of zeros.

    The image's length follows the compressed stream, except for gzip, whose stream includes it.
    """
    start = ((content[_SETUP_SECTORS] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", content, _PAYLOAD)
    packed = content[start + offset : start + offset + length]
    image: bytes | None = None
    try:
        if packed.startswith(b"\xfd7zXZ\0"):
            image = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=LARGEST).decompress(packed, LARGEST + 1)
        elif packed.startswith(b"\x1f\x8b"):
            image = zlib.decompressobj(wbits=31).decompress(packed, LARGEST + 1)
        elif packed.startswith(b"\x28\xb5\x2f\xfd") and shutil.which("zstd"):
            image = _zstd(packed[:-4])
    except (OSError, zlib.error, lzma.LZMAError):
        return None
    return image if image is not None and len(image) <= LARGEST else None


def _zstd(packed: bytes) -> bytes | None:
    """Decompress by the program `zstd`, which is killed when its output is too large."""
    with tempfile.TemporaryFile() as stream:
        stream.write(packed)
        stream.seek(0)
        command = ["zstd", "-dcq", f"--memory={LARGEST}"]
        with subprocess.Popen(command, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
            assert child.stdout is not None
            image = child.stdout.read(LARGEST + 1)
            if len(image) > LARGEST:
                child.kill()
            status = child.wait()
    return image if status == 0 or len(image) > LARGEST else None


def has_pvh_entry(image: bytes) -> bool:
    """Whether it is an ELF kernel with a PVH note, which QEMU can start: Linux's vmlinux is one."""
    try:
        with elf.reading(image) as file:
            segments = [one for one in file.iter_segments("PT_NOTE") if isinstance(one, NoteSegment)]
            notes = (note for segment in segments for note in segment.iter_notes())
            return any(note["n_name"] == "Xen" and str(note["n_type"]) == _PVH_ENTRY for note in notes)
    except elf.Broken:
        return False
