"""Reading untrusted ELF files: every defect is one error, and none makes us allocate more than the file's size.

pyelftools parses headers on demand, and raises any of a dozen exceptions on invalid ones.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import Section

from ferrule.text import one_line

MAGIC: Final = b"\x7fELF"
_FAULTS: Final = (
    *(ELFError, ConstructError, struct.error, UnicodeDecodeError, ValueError, KeyError, IndexError, TypeError),
    *(AttributeError, OverflowError, AssertionError, RecursionError, MemoryError, NotImplementedError),
)


class Broken(ValueError):
    """Not an ELF file, or an inconsistent one."""


@contextmanager
def reading(image: bytes) -> Iterator[ELFFile]:
    """An open ELF file; read it only inside the `with` block.

    Raises:
        Broken: in place of what pyelftools raises, anywhere in the block.
    """
    if not image.startswith(MAGIC):
        raise Broken("not an ELF file")
    try:
        yield ELFFile(io.BytesIO(image))
    except Broken:
        raise
    except _FAULTS as error:
        message = one_line(str(error))[:120] or type(error).__name__
        raise Broken(f"a damaged ELF file: {message}") from None


def content(section: Section) -> bytes:
    """A section's bytes, as the file holds them.

    Raises:
        Broken: the section has no bytes in the file, or is compressed and might unpack to far more than the file.
    """
    if section["sh_type"] == "SHT_NOBITS" or section.compressed:
        raise Broken(f"section {one_line(section.name)[:40]} is not in the file as it is")
    data: bytes = section.data()
    return data
