"""A program of a few hundred bytes with all that Ferrule reads: symbols, notes, a plan, module information."""

from __future__ import annotations

import struct

from ferrule.payload.build import PLAN_MAGIC, PLAN_SECTION
from ferrule.payload.plan import CAPACITY

ALLOCATED, EXECUTED = 2, 4
_HEAD, _SECTION, _SEGMENT, _SYMBOL = "<HHIQQQIHHHHHH", "<IIQQQQIIQQ", "<IIQQQQQQ", "<IBBHQQ"


def program(*, plan: bool = False) -> bytes:
    """An ELF file for x86-64; its one segment begins with an EFI image's header."""
    note = struct.pack("<III", 4, 20, 3) + b"GNU\0" + bytes(range(20))
    names = b"\0start\0a.c\0_RNvC1a3run\0"
    symbols = [(0, 0, 0, 0, 0), (7, 4, 0xFFF1, 0, 0), (1, 0x12, 1, 0x1000, 16), (11, 2, 1, 0x1010, 0)]
    table = b"".join(struct.pack(_SYMBOL, name, info, 0, at, value, size) for name, info, at, value, size in symbols)
    sections: list[tuple[str, int, int, int, bytes, int, int]] = [  # name, type, flags, link, content, info, entry
        (".text", 1, ALLOCATED | EXECUTED, 0, b"MZ" + b"\x90" * 62, 0, 0),
        (".kallsyms", 1, ALLOCATED, 0, bytes(64), 0, 0),
        (".note.gnu.build-id", 7, ALLOCATED, 0, note, 0, 0),
        (".modinfo", 1, 0, 0, b"license=GPL\0depends=\0name=9p\0", 0, 0),
        (".symtab", 2, 0, 6, table, 2, struct.calcsize(_SYMBOL)),
        (".strtab", 3, 0, 0, names, 0, 0),
    ]
    if plan:
        sections.append((PLAN_SECTION, 1, ALLOCATED, 0, PLAN_MAGIC.ljust(CAPACITY, b"\0"), 0, 0))
    return _laid_out(sections)


def _laid_out(sections: list[tuple[str, int, int, int, bytes, int, int]]) -> bytes:
    strings = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in sections) + b".shstrtab\0"
    sections = [*sections, (".shstrtab", 3, 0, 0, strings, 0, 0)]
    at, body, headers = 64 + 56, b"", [bytes(64)]
    for name, kind, flags, link, content, info, entry in sections:
        place = at + len(body)
        named = strings.index(b"\0" + name.encode() + b"\0") + 1
        address = 0x1000 + place if flags & ALLOCATED else 0
        headers.append(struct.pack(_SECTION, named, kind, flags, address, place, len(content), link, info, 8, entry))
        body += content + bytes(-len(content) % 8)
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    counts = (64, 56, 1, 64, len(headers), len(headers) - 1)
    head = ident + struct.pack(_HEAD, 2, 62, 1, 0x1000, 64, at + len(body), 0, *counts)
    segment = struct.pack(_SEGMENT, 1, 5, at, 0x1000, 0x1000, 192, 192, 4096)
    return head + segment + body + b"".join(headers)
