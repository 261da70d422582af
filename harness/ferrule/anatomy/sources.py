"""Where a guest's symbols come from: the payload's own, and those of the kernel that the user named."""

from __future__ import annotations

import bisect
import io
import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ferrule import files, paths
from ferrule.anatomy.symbols import Group, Symbol, moved, read
from ferrule.anatomy.trace import Code
from ferrule.errors import InfrastructureError
from ferrule.guests import aero, linux, redox
from ferrule.images import guestfile, kernels
from ferrule.machine.options import GuestOptions, kind
from ferrule.payload import archive
from ferrule.payload.build import Payload

KERNEL_HALF: Final = 1 << 63
_SECTOR = 2048  # of a CD: files begin at one
_SECONDS = 600  # for vmlinux-to-elf, which takes 15 s of an idle CPU
_PROGRAM = "vmlinux-to-elf"  # GPL-3: run, never imported


@dataclass(frozen=True)
class Known:
    """Symbols of a guest, and a note about them."""

    symbols: Sequence[Symbol]
    note: str


def kernel(name: str, options: GuestOptions) -> Known:
    """The symbols of a guest's kernel, if the kernel is a file of its own.

    Raises:
        FerruleError: its file is not available.
    """
    if name == "redox":
        file = guestfile.find(name, redox.NEEDS, options, redox.SETTINGS).files["kernel"]
        return _known(read(file.path.read_bytes(), str(file.path)), file.path.name)
    if name == "aero":
        file = guestfile.find(name, [aero.KERNEL], options).files[aero.KERNEL.key]
        return _known(in_cd(file.path.read_bytes(), str(file.path)), f"the kernel in {file.path.name}")
    if kind(name) == "linux":
        found = kernels.choose(linux.labelled(name, options))
        if found.protocol == "bzImage":
            return _of_linux(found)
        return _known(read(found.image.read_bytes(), str(found.image)), found.image.name)
    if name in ("floor", "hermit"):
        return Known((), "the kernel is part of the payload's file")
    return Known((), f"no symbol table is known of {name}'s kernel: its functions are shown as addresses")


def _known(symbols: Sequence[Symbol], name: str) -> Known:
    if not symbols:
        return Known((), f"{name} is stripped: its functions are shown as addresses")
    return Known(symbols, f"{len(symbols)} symbols of {name}")


def in_cd(cd: bytes, what: str) -> list[Symbol]:
    """The symbols of the first ELF file on a CD whose entry is in the upper half: a kernel."""
    at = -_SECTOR
    while (at := cd.find(b"\x7fELF\x02", at + 1)) >= 0:
        head = cd[at : at + 64]
        if at % _SECTOR == 0 and len(head) == 64 and struct.unpack_from("<Q", head, 24)[0] >= KERNEL_HALF:
            headers, size, count = (
                struct.unpack_from(f"<{kind}", head, offset)[0] for kind, offset in (("Q", 40), ("H", 58), ("H", 60))
            )
            return read(cd[at : at + headers + size * count], what)
    return []


def _of_linux(found: kernels.Kernel) -> Known:
    """From the image's own table (kallsyms), by a program that knows its formats; cached by the image's SHA-256."""
    cached = paths.cache("symbols") / f"linux-{found.sha256}.json"
    if not files.sound(cached):
        beside = Path(sys.executable).with_name(_PROGRAM)
        program = shutil.which(_PROGRAM) or (str(beside) if beside.exists() else None)
        if program is None:
            return Known(
                (), f"kernel functions are shown as addresses: {_PROGRAM} is not here (pip install {_PROGRAM})"
            )
        try:
            symbols = _extracted(program, found)
        except InfrastructureError as error:  # names are optional: the counts are valid without them
            return Known((), f"kernel functions are shown as addresses: {error}")
        files.write_sound(cached, json.dumps(symbols).encode())
    rows = json.loads(cached.read_text())
    return _known([Symbol(name, address, 0) for name, address in rows], found.image.name)


def _extracted(program: str, found: kernels.Kernel) -> list[tuple[str, int]]:
    with files.scratch() as folder:
        made = folder / "vmlinux"
        try:
            done = subprocess.run(
                [program, str(found.image), str(made)], capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InfrastructureError(f"{_PROGRAM}: {error}") from None
        if done.returncode or not made.exists():
            output = (done.stderr or done.stdout).strip().splitlines()
            raise InfrastructureError(f"{_PROGRAM}: {output[-1] if output else f'exit status {done.returncode}'}")
        elf = ELFFile(io.BytesIO(made.read_bytes()))
        table = elf.get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise InfrastructureError(f"{_PROGRAM}: found no symbols in {found.image}")
        rows = [(one.name, one["st_value"]) for one in table.iter_symbols() if one.name and one["st_value"]]
    return sorted(rows, key=lambda row: row[1])


class Image:
    """The payload as it is in memory: its functions, and whether an instruction is its own."""

    def __init__(self, payload: Payload, base: int, library: Path | None = None) -> None:
        owned = archive.symbols(library) if library else frozenset[str]()
        found = moved(read(payload.image, "payload"), base)
        grouped = [replace(one, group="kernel" if _kernels(one, owned) else "payload") for one in found]
        self.symbols: list[Symbol] = sorted(grouped, key=lambda one: one.address)
        self._starts = [one.address for one in self.symbols]
        elf = ELFFile(io.BytesIO(payload.image))
        self._content = [(part["p_vaddr"] + base, part.data()) for part in elf.iter_segments("PT_LOAD")]

    def groups(self, code: Code) -> list[Group]:
        """The group of each instruction: its function's if the image has the same bytes there, else kernel or other.

        A kernel that is part of the image (floor, hermit) is recognized by its functions.
        """
        return [self._group(at, content) for at, content in zip(code.address.tolist(), code.content, strict=True)]

    def _group(self, address: int, content: bytes) -> Group:
        for start, data in self._content:
            if data[max(0, address - start) : max(0, address - start) + len(content)] == content and address >= start:
                place = bisect.bisect_right(self._starts, address) - 1
                return self.symbols[place].group if place >= 0 else "payload"
        return "kernel" if address >= KERNEL_HALF else "other"


def _kernels(one: Symbol, owned: frozenset[str]) -> bool:
    """Whether a function of the payload's file is the kernel's: floor's by section, a library's by name."""
    mangled = bool(owned) and one.name.startswith(("_R", "_ZN"))
    return one.section.startswith(".kernel") or mangled or one.name in owned
