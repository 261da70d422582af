"""Where in a payload its timed regions begin and end, and where its workloads' loops are entered: from its symbols."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from ferrule.anatomy.symbols import Symbol, functions_of
from ferrule.errors import InfrastructureError
from ferrule.payload.registry import Declaration

# The functions of guest/payload/run.c that timed() may be inlined into, as compilers name them and their parts.
_TIMED: Final = re.compile(r"(timed|timed_batch|take_batches|calibrate|measure|run_one)(\.[\w.]+)?")
_OPENS, _CLOSES = b"\x0f\x31", b"\x0f\x01\xf9"  # RDTSC, RDTSCP: guest/core/counter.h
_LOOP: Final = re.compile(r"\.loop = (\w+)")
_MAIN: Final = "program_main"  # guest/payload/main.c
_BEGINS: Final = 16  # bytes of code: distinguish it from other code at the same offset in a page
_OWN_LOOP: Final = "workload_loop"  # the name that the macro gives


@dataclass(frozen=True)
class Sites:
    """Link addresses; a position-independent payload is loaded a whole number of pages above them."""

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    loops: Mapping[str, int]  # by workload
    moved: bool
    main: int = 0  # the payload's first function; 0: it is not known
    begins: bytes = b""  # the first bytes of that function


def sites(image: bytes, workloads: Mapping[str, Declaration]) -> Sites:
    """The addresses that the instrument watches for these workloads.

    Raises:
        InfrastructureError: the payload's symbols do not show them.
    """
    elf = ELFFile(io.BytesIO(image))
    found = functions_of(elf)
    code = [
        (symbol.address, content)
        for symbol in found
        if _TIMED.fullmatch(symbol.name) and (content := _content(elf, symbol.address, symbol.size))
    ]
    opens, closes = (_places(code, pattern) for pattern in (_OPENS, _CLOSES))
    if not opens or not closes:
        raise InfrastructureError("payload: no timed region is seen in its code; is its symbol table stripped?")
    loops = {name: _loop(found, row) for name, row in workloads.items()}
    main = next((symbol.address for symbol in found if symbol.name == _MAIN), 0)
    return Sites(opens, closes, loops, elf["e_type"] == "ET_DYN", main, _content(elf, main, _BEGINS))


def _places(code: list[tuple[int, bytes]], pattern: bytes) -> tuple[int, ...]:
    """Where a byte pattern occurs. One inside another instruction does no harm: it is never executed from there."""
    return tuple(
        sorted({start + match.start() for start, content in code for match in re.finditer(re.escape(pattern), content)})
    )


def _content(elf: ELFFile, address: int, size: int) -> bytes:
    for segment in elf.iter_segments("PT_LOAD"):
        offset = address - segment["p_vaddr"]
        if offset >= 0 and offset + size <= segment["p_filesz"]:
            data: bytes = segment.data()
            return data[offset : offset + size]
    return b""


def _loop(symbols: list[Symbol], row: Declaration) -> int:
    declared = _LOOP.search(Path(row.path).read_text(encoding="utf-8"))
    name = declared[1] if declared else _OWN_LOOP
    found = [one.address for one in symbols if one.name == name and one.file == Path(row.path).name]
    if len(found) != 1:
        raise InfrastructureError(f"payload: the loop of {row.name}, {name}, has {len(found)} symbols instead of one")
    return found[0]
