"""Names a file's type by its first bytes, so that a file of a wrong type is refused before a machine boots it."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final, Literal

from ferrule.images import bzimage, rawimage

Form = Literal["", "elf64", "elf", "efi", "archive", "cd", "disk", "firmware"]
WANTED: Final[dict[Form, tuple[str, ...]]] = {  # the names that are accepted for each form; messages use the first
    "elf64": ("a 64-bit ELF file",),
    "elf": ("an ELF file", "a 64-bit ELF file", "a 32-bit ELF file"),
    "efi": ("an EFI image",),
    "archive": ("an ar archive (a static library, lib*.a)",),
    "cd": ("a CD image (ISO 9660)",),
    "disk": ("a disk image", "a file of no known kind"),
    "firmware": ("UEFI firmware", "a file of no known kind"),
}
_HEAD: Final = 0x9000  # bytes to read: a CD's volume descriptor begins at its 17th sector of 2048
_MAGIC: Final = (  # offset, magic, name
    (0, b"\x1f\x8b", "a gzip file, which has to be unpacked"),
    (0, b"\xfd7zXZ\0", "an xz file, which has to be unpacked"),
    (0, b"\x28\xb5\x2f\xfd", "a zstd file, which has to be unpacked"),
    (0, b"BZh", "a bzip2 file, which has to be unpacked"),
    (0, b"PK\x03\x04", "a zip archive, which has to be unpacked"),
    (257, b"ustar", "a tar archive, which has to be unpacked"),
    (0, b"!<arch>\n", "an ar archive (a static library, lib*.a)"),
    (0, b"\x7fELF\x02", "a 64-bit ELF file"),
    (0, b"\x7fELF\x01", "a 32-bit ELF file"),
    (0x8001, b"CD001", "a CD image (ISO 9660)"),
    (0, b"QFI\xfb", "a qcow2 image, which has to be converted to a raw one (qemu-img convert -O raw)"),
    (512, b"EFI PART", "a disk image"),
    (40, b"_FVH", "UEFI firmware"),
    (0, b"MZ", "an EFI image"),
    (510, b"\x55\xaa", "a disk image"),
)


def name(content: bytes) -> str:
    """The name of the type of a file with these first bytes, with an article."""
    if not content:
        return "an empty file"
    if bzimage.is_bzimage(content):
        return "a Linux bzImage"
    if (arch := rawimage.arch(content)) is not None:
        return f"a raw Linux Image for {arch}"
    for at, magic, words in _MAGIC:
        if content[at : at + len(magic)] == magic:
            return words
    return "a text file" if _is_text(content) else "a file of no known kind"


def _is_text(content: bytes) -> bool:
    head = content[:512]
    return all(byte >= 0x20 or byte in b"\t\n\r\f\x1b" for byte in head) and 0x7F not in head


def mismatch(path: Path, form: Form) -> str | None:
    """Why a file is not of a form, for a message after the file's name; None where it may be.

    Raises:
        OSError: it cannot be read.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return "is a folder, not a file"
    if not stat.S_ISREG(mode):
        return "is a device or a pipe, not a file"
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    found = name(head)
    if not form or found in WANTED[form]:
        return None if head else "is an empty file"
    return f"is {found}, not {WANTED[form][0]}"
