"""Address spaces of the machine that payloads are tested on: mapped memory, checked at every use, and ELF loading."""

from __future__ import annotations

import ctypes
import io
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from elftools.elf.elffile import ELFFile
from unicorn import (
    UC_ARCH_X86,
    UC_HOOK_INSN,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_WRITE,
    UC_MEM_WRITE,
    UC_MODE_64,
    Uc,
)
from unicorn.x86_const import UC_X86_INS_SYSCALL

if TYPE_CHECKING:
    from .machine import Machine

PAGE: Final = 4096
READ, WRITE, EXECUTE = 1, 2, 4


class AbiError(AssertionError):
    """The payload did what the kernel's ABI does not allow."""


@dataclass
class Region:
    """Pages in a row; a shared one has the same memory in every address space."""

    start: int
    memory: mmap.mmap
    rights: int
    shared: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.memory)


class Space:
    """An address space."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.regions: list[Region] = []
        self.uc = Uc(UC_ARCH_X86, UC_MODE_64)
        self.uc.hook_add(UC_HOOK_INSN, machine.on_syscall, None, 1, 0, UC_X86_INS_SYSCALL)

    def map(
        self, start: int, size: int, rights: int, *, shared: bool = False, memory: mmap.mmap | None = None
    ) -> Region:
        """Map zeroed pages, or given memory."""
        size = -(-size // PAGE) * PAGE
        region = Region(start, memory or mmap.mmap(-1, size), rights, shared)
        address = ctypes.addressof(ctypes.c_char.from_buffer(region.memory))
        self.uc.mem_map_ptr(start, size, rights, address)
        self.regions.append(region)
        if shared:
            self._watch_first_access(region)
        return region

    def unmap(self, start: int, size: int) -> None:
        """Unmap what was mapped in one piece."""
        region = self.region(start)
        if (region.start, region.end) != (start, start + -(-size // PAGE) * PAGE):
            raise AbiError(f"unmaps {start:#x}..{start + size:#x} of the region {region.start:#x}..{region.end:#x}")
        self.uc.mem_unmap(region.start, len(region.memory))
        self.regions.remove(region)

    def region(self, address: int) -> Region:
        """The region that holds an address."""
        for region in self.regions:
            if region.start <= address < region.end:
                return region
        raise AbiError(f"address {address:#x} is not mapped")

    def copy(self) -> Space:
        """What fork makes: private memory is copied, shared memory is shared."""
        twin = Space(self._machine)
        for region in self.regions:
            memory = region.memory
            if not region.shared:
                memory = mmap.mmap(-1, len(region.memory))
                memory[:] = region.memory[:]
            twin.map(region.start, len(memory), region.rights, shared=region.shared, memory=memory)
        return twin

    def read(self, address: int, size: int) -> bytes:
        """Bytes that a pointer argument points to: they must be mapped and readable."""
        return bytes(self._view(address, size, READ))

    def write(self, address: int, content: bytes) -> None:
        """Fill what a pointer argument points to: it must be mapped and writable."""
        self._view(address, len(content), WRITE)[:] = content

    def check(self, address: int, size: int, right: int) -> None:
        """A pointer that is used later."""
        self._view(address, size, right)

    def _view(self, address: int, size: int, right: int) -> memoryview:
        region = self.region(address)
        if address + size > region.end:
            raise AbiError(f"{size} bytes at {address:#x} go beyond the region's end {region.end:#x}")
        if not region.rights & right:
            raise AbiError(f"the region of {address:#x} has rights {region.rights}, not {right}")
        offset = address - region.start
        return memoryview(region.memory)[offset : offset + size]

    def _watch_first_access(self, region: Region) -> None:
        """Let the machine judge whether a shared page is read or written first."""
        touched: set[int] = set()

        def access(uc: Uc, kind: int, address: int, *rest: int) -> None:
            page = address // PAGE
            if page not in touched:
                touched.add(page)
                self._machine.guarded(lambda: self._machine.kernel.first_access(address, kind == UC_MEM_WRITE))

        for hook in (UC_HOOK_MEM_READ, UC_HOOK_MEM_WRITE):
            self.uc.hook_add(hook, access, None, region.start, region.end - 1)


def load(space: Space, image: bytes) -> int:
    """Put an ELF program's segments where they belong, as private memory; returns its entry.

    Raises:
        AbiError: no static x86-64 program, or segments that share a page with different rights.
    """
    program = ELFFile(io.BytesIO(image))
    if program["e_machine"] != "EM_X86_64" or program["e_type"] != "ET_EXEC":
        raise AbiError(f"a {program['e_machine']} {program['e_type']} is not a static x86-64 program")
    for segment in program.iter_segments():
        if segment["p_type"] == "PT_INTERP":
            raise AbiError("it asks for a dynamic linker")
        if segment["p_type"] != "PT_LOAD":
            continue
        start = segment["p_vaddr"] // PAGE * PAGE
        flags = segment["p_flags"]
        rights = (READ if flags & 4 else 0) | (WRITE if flags & 2 else 0) | (EXECUTE if flags & 1 else 0)
        region = space.map(start, segment["p_vaddr"] + segment["p_memsz"] - start, rights)
        offset = segment["p_vaddr"] - start
        region.memory[offset : offset + segment["p_filesz"]] = segment.data()
    entry: int = program["e_entry"]
    return entry
