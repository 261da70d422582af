"""Static libraries as `ar` writes them, for tests that link against one: GNU's format, with a symbol index."""

from __future__ import annotations

import io
from collections.abc import Mapping

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

MAGIC = b"!<arch>\n"


def defined(member: bytes) -> list[str]:
    """Names that an object file defines for others."""
    table = ELFFile(io.BytesIO(member)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return [
        symbol.name
        for symbol in table.iter_symbols()
        if symbol["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK") and symbol["st_shndx"] != "SHN_UNDEF"
    ]


def archive(members: Mapping[str, bytes], symbols: Mapping[str, list[str]], width: int = 4) -> bytes:
    """The library: content and symbols by member (up to 15 characters); `width`: bytes of a number in the index."""
    names = [name for member in members for name in symbols[member]]
    text = b"".join(name.encode() + b"\0" for name in names)
    size = width * (len(names) + 1) + len(text)
    at, offsets, body = len(MAGIC) + 60 + size + size % 2, [], b""
    for name, content in members.items():
        offsets += [at + len(body)] * len(symbols[name])
        body += header(f"{name}/", len(content)) + content + b"\n" * (len(content) % 2)
    index = b"".join(number.to_bytes(width, "big") for number in [len(names), *offsets]) + text
    return MAGIC + header("/" if width == 4 else "/SYM64/", size) + index + b"\n" * (size % 2) + body


def header(name: str, size: int) -> bytes:
    """A member's header: name, date, owner, group, mode, size, each padded with blanks."""
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{0o644:<8o}{size:<10}`\n".encode()
