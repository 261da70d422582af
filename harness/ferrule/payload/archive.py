"""The user's static libraries: which functions an `ar` archive defines, read from its symbol index.

The format is that of GNU ar and of LLVM (System V): a global magic, then members with 60-byte headers. The first is the
symbol index: a big-endian count, as many offsets, and names ended by NUL (32-bit numbers; 64-bit under `/SYM64/`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferrule.errors import UsageError

MAGIC: Final = b"!<arch>\n"
_HEADER: Final = 60
_SIZE: Final = slice(48, 58)  # of the header: the member's bytes, decimal
_WIDTH: Final = {b"/": 4, b"/SYM64/": 8}  # bytes of a number in the index, by the member's name


def symbols(path: Path) -> frozenset[str]:
    """Names that the archive defines.

    Raises:
        UsageError: it cannot be read, is no archive, or has no index.
    """
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}; name a static library (lib*.a) made by ar") from None


def parse(content: bytes) -> frozenset[str]:
    """As symbols(), of an archive's bytes.

    Raises:
        ValueError: names the fault.
    """
    if not content.startswith(MAGIC):
        raise ValueError("not an ar archive")
    header = content[len(MAGIC) : len(MAGIC) + _HEADER]
    width = _WIDTH.get(header[:16].rstrip())
    if width is None or not header.endswith(b"`\n"):
        raise ValueError("an archive without a symbol index")
    start = len(MAGIC) + _HEADER
    size = header[_SIZE].strip()
    index = content[start : start + int(size)] if size.isdigit() else b""
    count = int.from_bytes(index[:width], "big")
    names = index[width * (count + 1) :].split(b"\0")[:count]
    if not size.isdigit() or len(index) != int(size) or len(names) != count:
        raise ValueError("the archive's symbol index is cut")
    return frozenset(name.decode(errors="replace") for name in names)
