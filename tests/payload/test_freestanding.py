"""guest/core on its own: it links without libc on every architecture, and its memory and text functions are right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from ferrule import paths
from ferrule.core import _build
from ferrule.errors import ToolMissing
from ferrule.payload.toolchain import ARCHES, Compiler, host_compiler, target_compiler
from hypothesis import given
from hypothesis import strategies as st

CORE = paths.guest() / "core"
WARNINGS = ("-std=c11", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fno-stack-protector")


def compiler_for(arch: str) -> Compiler:
    try:
        return target_compiler(arch)
    except ToolMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("arch", ARCHES)
def test_it_links_without_any_library(arch: str, tmp_path: Path) -> None:
    """Warning-free, and nothing undefined: no libc, and no libgcc (128-bit division, bit counting)."""
    compiler, whole = compiler_for(arch), tmp_path / "core.o"
    sources = [CORE / source for source in _build.SOURCES]
    compiler.run([*WARNINGS, "-O2", "-nostdlib", "-r", "-o", whole, *sources], f"core for {arch}")
    with whole.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        missing = [symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name]
    assert not missing


@pytest.mark.parametrize("optimise", ["-O1", "-O2", "-O3", "-Os"])
@pytest.mark.parametrize("arch", ARCHES)
def test_memory_functions_do_not_call_themselves(arch: str, optimise: str, tmp_path: Path) -> None:
    """A compiler that recognises the loop in memcpy as memcpy would make it call itself without end."""
    compiler, listing = compiler_for(arch), tmp_path / "text.s"
    compiler.run([*WARNINGS, optimise, "-S", "-o", listing, CORE / "text.c"], f"text.c for {arch}")
    function, calls = "", []
    for line in listing.read_text().splitlines():
        words = line.split()
        if line and line[0].isalpha() and line.split()[0].endswith(":"):
            function = words[0].rstrip(":")
        elif len(words) > 1 and words[0] in ("call", "jmp", "tail", "bl", "b", "j") and words[1][0].isalpha():
            calls.append((function, words[1].split("@")[0]))
    assert not [call for call in calls if call[1] in (call[0], "strlen")]
    assert not [call for call in calls if call[0] in ("memcpy", "memset", "memcmp")]


@pytest.fixture(scope="module")
def freestanding(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """text.c compiled as for a guest, as a library: (ffi, lib)."""
    library = tmp_path_factory.mktemp("text") / "text.so"
    flags = [*WARNINGS, "-O2", "-fPIC", "-shared", "-nostdlib", "-Wl,-Bsymbolic"]
    host_compiler().run([*flags, "-o", library, CORE / "text.c"], "text.c")
    ffi = cffi.FFI()
    ffi.cdef("""
        void *memcpy(void *, const void *, size_t); void *memmove(void *, const void *, size_t);
        void *memset(void *, int, size_t); int memcmp(const void *, const void *, size_t);
        size_t text_u64(char *, uint64_t); int text_to_i64(const char *, size_t, int64_t *);
        int text_copy(char *, size_t, const char *); int text_starts(const char *, const char *);
    """)
    return ffi, ffi.dlopen(str(library))


@given(st.binary(max_size=200), st.integers(0, 15), st.integers(0, 15))
def test_memory_moves(freestanding: tuple[Any, Any], data: bytes, here: int, there: int) -> None:
    ffi, lib = freestanding
    memory = bytearray(os.urandom(512))
    memory[here : here + len(data)] = data
    expected, space, far = bytearray(memory), ffi.from_buffer(memory), 256 + there
    expected[far : far + len(data)] = data
    assert lib.memcpy(space + far, space + here, len(data)) == space + far
    assert memory == expected
    expected[there : there + len(data)] = data
    assert lib.memmove(space + there, space + here, len(data)) == space + there  # overlaps either way
    assert memory == expected


@given(st.integers(0, 15), st.integers(0, 100), st.integers(0, 255))
def test_memory_is_set(freestanding: tuple[Any, Any], start: int, length: int, byte: int) -> None:
    ffi, lib = freestanding
    memory = bytearray(os.urandom(128))
    expected, space = bytearray(memory), ffi.from_buffer(memory)
    expected[start : start + length] = bytes([byte]) * length
    assert lib.memset(space + start, byte, length) == space + start
    assert memory == expected


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_memory_compares(freestanding: tuple[Any, Any], start: bytes, one: bytes, other: bytes) -> None:
    ffi, lib = freestanding
    size = len(start) + min(len(one), len(other))
    a, b = (start + one)[:size], (start + other)[:size]
    assert np.sign(lib.memcmp(ffi.from_buffer(a), ffi.from_buffer(b), size)) == (a > b) - (a < b)


@given(st.integers(0, 2**64 - 1), st.integers(-(2**64), 2**64).map(str) | st.text("-0123456789x", max_size=22))
def test_numbers_as_text(freestanding: tuple[Any, Any], number: int, text: str) -> None:
    ffi, lib = freestanding
    digits = ffi.new("char[20]")
    assert ffi.buffer(digits, lib.text_u64(digits, number))[:] == str(number).encode()
    value = ffi.new("int64_t *")
    valid = text.lstrip("-").isdigit() and text.count("-") <= 1 and -(2**63) <= int(text) < 2**63
    assert bool(lib.text_to_i64(text.encode(), len(text), value)) == valid
    assert not valid or value[0] == int(text)


@given(st.text("ab", max_size=12), st.integers(1, 12), st.text("ab", max_size=4))
def test_short_texts(freestanding: tuple[Any, Any], text: str, size: int, prefix: str) -> None:
    ffi, lib = freestanding
    into = ffi.new("char[16]", b"x" * 16)
    assert bool(lib.text_copy(into, size, text.encode())) == (len(text) < size)
    assert ffi.string(into) == text[: size - 1].encode()
    assert ffi.buffer(into)[size:] == b"x" * (16 - size)
    assert bool(lib.text_starts(text.encode(), prefix.encode())) == text.startswith(prefix)
