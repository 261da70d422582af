"""The kernel proper out of a bzImage, so that an emulated CPU need not unpack it: that is half of a boot under TCG.

Layout: the kernel's Documentation/arch/x86/boot.rst (setup header, protocol 2.08 and later).
"""

from __future__ import annotations

import io
import lzma
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import NoteSegment

from ferrule import paths

# XEN_ELFNOTE_PHYS32_ENTRY, a number that pyelftools has no name for: QEMU starts an ELF kernel with it in 32-bit mode.
_PVH_ENTRY = "18"
_SETUP_SECTORS, _PAYLOAD = 0x1F1, 0x248  # u8; u32 offset from the protected-mode code, u32 length


def is_bzimage(content: bytes) -> bool:
    """Whether it has the setup header's magic."""
    return content[0x202:0x206] == b"HdrS" and len(content) > 0x250


def unpacked(content: bytes, digest: str) -> Path | None:
    """The ELF kernel inside, as a file in the cache; None when it cannot be booted like that or unpacked here.

    Args:
        content: a bzImage.
        digest: its SHA-256, which names it in the cache.
    """
    target = paths.cache("vmlinux") / digest
    if target.is_file():
        return target
    image = _payload(content)
    if image is None or not _has_pvh_entry(image):
        return None
    part = target.with_suffix(f".{zlib.crc32(image):08x}.part")
    try:
        part.write_bytes(image)
        part.replace(target)
    except OSError:  # a full disk costs speed, not the run
        part.unlink(missing_ok=True)
        return None
    return target


def _payload(content: bytes) -> bytes | None:
    """Decompress by magic number. The image's length follows the compressed stream, except gzip's, which has it."""
    start = ((content[_SETUP_SECTORS] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", content, _PAYLOAD)
    packed = content[start + offset : start + offset + length]
    try:
        if packed.startswith(b"\xfd7zXZ\0"):
            return lzma.LZMADecompressor().decompress(packed)
        if packed.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(wbits=31).decompress(packed)
        if packed.startswith(b"\x28\xb5\x2f\xfd") and shutil.which("zstd"):
            done = subprocess.run(["zstd", "-dcq"], input=packed[:-4], capture_output=True, timeout=60, check=True)
            return done.stdout
    except (OSError, zlib.error, lzma.LZMAError, subprocess.SubprocessError):
        return None
    return None


def _has_pvh_entry(image: bytes) -> bool:
    try:
        segments = ELFFile(io.BytesIO(image)).iter_segments("PT_NOTE")
        notes = [note for segment in segments if isinstance(segment, NoteSegment) for note in segment.iter_notes()]
        return any(note["n_name"] == "Xen" and str(note["n_type"]) == _PVH_ENTRY for note in notes)
    except (ELFError, UnicodeDecodeError, struct.error):
        return False
