"""ELF files that others made: whatever is wrong with one is one error, and nothing in it makes us hold more than it.

pyelftools reads what headers say as it is asked for it, and fails on nonsense in any of a dozen ways.
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
    """It is no ELF file, or one that contradicts itself."""


@contextmanager
def reading(image: bytes) -> Iterator[ELFFile]:
    """An ELF file, open for as long as this lasts; all of it is to be read within.

    Raises:
        Broken: in place of what pyelftools raises, at any moment until the end.
    """
    if not image.startswith(MAGIC):
        raise Broken("not an ELF file")
    try:
        yield ELFFile(io.BytesIO(image))
    except Broken:
        raise
    except _FAULTS as error:
        said = one_line(str(error))[:120] or type(error).__name__
        raise Broken(f"a damaged ELF file: {said}") from None


def content(section: Section) -> bytes:
    """A section's bytes, as they stand in the file.

    Raises:
        Broken: they do not: it would be zeros, or unpacked from little to much.
    """
    if section["sh_type"] == "SHT_NOBITS" or section.compressed:
        raise Broken(f"section {one_line(section.name)[:40]} is not in the file as it is")
    data: bytes = section.data()
    return data
