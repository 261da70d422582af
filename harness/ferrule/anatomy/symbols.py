"""Functions by address, from the symbol tables of ELF files, with readable names."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import rust_demangler
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ferrule import elf
from ferrule.anatomy.trace import Ints, Words
from ferrule.errors import UsageError

Group = Literal["payload", "kernel", "other"]  # other: programs that are neither
_HASH: Final = re.compile(r"::h[0-9a-f]{16}$")
_SUFFIX: Final = re.compile(r"(\.[A-Za-z_]\w*|\.\d+)+$")  # appended to names by a build
_KEPT: Final = 3  # parts of a Rust path in a short name


@dataclass(frozen=True)
class Symbol:
    """A function of an ELF file."""

    name: str
    address: int
    size: int  # 0: up to the next one
    file: str = ""  # the source file of a local symbol, as the compiler recorded it
    section: str = ""
    group: Group = "kernel"


def read(image: bytes, what: str) -> list[Symbol]:
    """All functions that an ELF file's symbol table names, in its order; an empty list if it is stripped.

    Raises:
        UsageError: it is no ELF file; `what` names it.
    """
    try:
        with elf.reading(image) as file:
            return functions_of(file)
    except elf.Broken as error:
        raise UsageError(f"{what}: {error}") from None


def functions_of(file: ELFFile) -> list[Symbol]:
    """The same for an open file. Assembly symbols often have no type: labels in executable sections count."""
    found, source = [], ""
    names = {number: section.name for number, section in enumerate(file.iter_sections())}
    code = {number for number, section in enumerate(file.iter_sections()) if section["sh_flags"] & 4}  # SHF_EXECINSTR
    for section in file.iter_sections():
        if not isinstance(section, SymbolTableSection):
            continue
        for symbol in section.iter_symbols():
            kind, scope, index = symbol["st_info"]["type"], symbol["st_info"]["bind"], symbol["st_shndx"]
            if kind == "STT_FILE":
                source = symbol.name
            elif kind in ("STT_FUNC", "STT_NOTYPE") and index in code and symbol.name:
                local = source if scope == "STB_LOCAL" else ""
                size = symbol["st_size"] if kind == "STT_FUNC" else 0
                found.append(Symbol(symbol.name, symbol["st_value"], size, local, names[index]))
    return found


def moved(symbols: Iterable[Symbol], by: int, group: Group | None = None) -> list[Symbol]:
    """The symbols of an image that is loaded `by` bytes above its link address, or that is of another group."""
    return [replace(one, address=one.address + by, group=group or one.group) for one in symbols]


@dataclass(frozen=True)
class Functions:
    """The function of each instruction: numbers into `names`, which are as in the symbol tables."""

    of: Ints  # by instruction
    names: Sequence[str]
    addresses: Sequence[int]
    groups: Sequence[Group]
    named: Sequence[bool]  # False: no symbol covers it; its name is an address


def assign(address: Words, groups: Sequence[Group], symbols: Iterable[Symbol], starts: Iterable[int]) -> Functions:
    """The functions of instructions at `address`, each in one of `groups`.

    Code that no symbol covers is taken to begin at the nearest of `starts` before it: targets of calls in the trace.
    """
    table = sorted(
        {one.address: one for one in sorted(symbols, key=lambda one: (bool(one.size), one.size))}.values(),
        key=lambda one: one.address,
    )  # of several names for one address, the one with a size
    begins = np.array([one.address for one in table], dtype=np.uint64)
    others = np.array(sorted(set(starts)), dtype=np.uint64)
    numbers: dict[tuple[str, int, Group], int] = {}
    named: list[bool] = []
    of = np.zeros(address.size, np.int64)
    at = np.searchsorted(begins, address, side="right") - 1
    near = np.searchsorted(others, address, side="right") - 1
    for index, (here, group) in enumerate(zip(address.tolist(), groups, strict=True)):
        one = _covering(table, int(at[index]), here, group)
        if one is not None:
            key = (one.name, one.address, group)
        else:
            start = int(others[near[index]]) if near[index] >= 0 else here
            start = start if here - start < 1 << 16 else here & ~0xFFF
            key = (f"{start:#x}", start, group)
        if key not in numbers:
            numbers[key] = len(numbers)
            named.append(one is not None)
        of[index] = numbers[key]
    keys = list(numbers)
    return Functions(of, [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys], named)


def _covering(table: Sequence[Symbol], place: int, address: int, group: Group) -> Symbol | None:
    """The symbol whose function holds an address: a larger one may begin further up than a label inside it."""
    for back in range(place, max(-1, place - 8), -1):
        one = table[back]
        if one.group == group and (address < one.address + one.size or (not one.size and back == place)):
            return one
    return None


@functools.cache
def readable(name: str) -> str:
    """A name as in the source: Rust's are demangled, without the legacy scheme's hash."""
    if not name.startswith(("_R", "_ZN", "__R", "__ZN")):
        return name
    try:
        text: str = rust_demangler.demangle(name)
    except Exception:
        return name
    return _HASH.sub("", text)


@functools.cache
def short(name: str) -> str:
    """A name for tables: no generic arguments, and only the last parts of a path."""
    text = readable(name)
    if text != name:
        text = _SUFFIX.sub("", text)
    implemented = re.match(r"<(.*) as .*?>::", text)
    bare = _without_arguments(text)
    if implemented or text.startswith("<"):
        bare = _without_arguments(re.sub(r" as .*", "", _first_group(text)[0])) + _without_arguments(
            _first_group(text)[1]
        )
    return "::".join([part for part in bare.split("::") if part][-_KEPT:]) or text


def _first_group(text: str) -> tuple[str, str]:
    """`<A<B> as C>::d` as (`A<B> as C`, `::d`)."""
    depth = 0
    for place, sign in enumerate(text):
        depth += {"<": 1, ">": -1 if text[place - 1] != "-" else 0}.get(sign, 0)
        if depth == 0:
            return text[1:place], text[place + 1 :]
    return text[1:], ""


def _without_arguments(text: str) -> str:
    kept, depth = [], 0
    for place, sign in enumerate(text):
        if sign == "<":
            depth += 1
        elif sign == ">" and text[place - 1] != "-":
            depth -= 1
        elif not depth:
            kept.append(sign)
    return "".join(kept)
