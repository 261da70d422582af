"""A machine to run a port's payload on without a kernel: ELF loading, memory, contexts, and a hook for system calls.

The code runs in Unicorn, one instance an address space. What a call does is the business of a Kernel (one subclass a
port); this module gives it memory that is checked at every access and contexts that sleep and wake. Nothing runs at
the same time as anything else, and a context runs on until it sleeps: what is tested is the ABI, not a scheduler.
"""

from __future__ import annotations

import ctypes
import io
import mmap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from elftools.elf.elffile import ELFFile
from unicorn import UC_ARCH_X86, UC_HOOK_INSN, UC_HOOK_MEM_READ, UC_HOOK_MEM_WRITE, UC_MODE_64, Uc, UcError
from unicorn.x86_const import (
    UC_X86_INS_SYSCALL,
    UC_X86_REG_EFLAGS,
    UC_X86_REG_R8,
    UC_X86_REG_R9,
    UC_X86_REG_R10,
    UC_X86_REG_R11,
    UC_X86_REG_R12,
    UC_X86_REG_R13,
    UC_X86_REG_R14,
    UC_X86_REG_R15,
    UC_X86_REG_RAX,
    UC_X86_REG_RBP,
    UC_X86_REG_RBX,
    UC_X86_REG_RCX,
    UC_X86_REG_RDI,
    UC_X86_REG_RDX,
    UC_X86_REG_RIP,
    UC_X86_REG_RSI,
    UC_X86_REG_RSP,
    UC_X86_REG_XMM0,
)

PAGE: Final = 4096
PATIENCE: Final = 30_000_000  # microseconds that a context may run without a system call
READ, WRITE, EXECUTE = 1, 2, 4
ARGUMENTS: Final = (
    UC_X86_REG_RDI,
    UC_X86_REG_RSI,
    UC_X86_REG_RDX,
    UC_X86_REG_R10,
    UC_X86_REG_R8,
    UC_X86_REG_R9,
)
_STATE: Final = (
    *(UC_X86_REG_RAX, UC_X86_REG_RBX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_RBP),
    *(UC_X86_REG_RSP, UC_X86_REG_R8, UC_X86_REG_R9, UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12, UC_X86_REG_R13),
    *(UC_X86_REG_R14, UC_X86_REG_R15, UC_X86_REG_RIP, UC_X86_REG_EFLAGS),
    *range(UC_X86_REG_XMM0, UC_X86_REG_XMM0 + 16),
)
_WORD: Final = (1 << 64) - 1
_CLOBBERED: Final = 0xDEAD_0000_DEAD  # what a kernel may leave in the registers that a call destroys


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

        def access(uc: Uc, kind: int, address: int, size: int, value: int, writes: bool) -> None:
            page = address // PAGE
            if page not in touched:
                touched.add(page)
                self._machine.guarded(lambda: self._machine.kernel.first_access(address, writes))

        for hook, writes in ((UC_HOOK_MEM_READ, False), (UC_HOOK_MEM_WRITE, True)):
            self.uc.hook_add(hook, access, writes, region.start, region.end - 1)


Retry = Callable[[], "int | None"]


@dataclass(eq=False)
class Context:
    """A thread: where it goes on, and what it waits for."""

    id: int
    space: Space
    registers: dict[int, int] = field(default_factory=dict)  # with which it goes on
    waiting: Retry | None = None  # gives the call's result, or None to sleep on
    ended: bool = False


class Sleep(Exception):  # noqa: N818 - no error: how a call says that its caller sleeps
    """Raised by a call that cannot be answered yet; `retry` is asked again when others have run."""

    def __init__(self, retry: Retry) -> None:
        super().__init__()
        self.retry = retry


class End(Exception):  # noqa: N818 - as above
    """Raised by a call from which its caller does not return; its context's `ended` and `registers` say what is next."""


class Kernel:
    """What a port's kernel does with calls. One subclass a port; everything here is what most of them need."""

    machine: Machine

    def call(self, context: Context, number: int, arguments: tuple[int, ...]) -> int:
        """A system call's result. May raise Sleep, End, AbiError."""
        raise NotImplementedError

    def first_access(self, address: int, writes: bool) -> None:
        """A shared page is touched for the first time in an address space."""


class Machine:
    """All contexts, and turns for those that can run."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        kernel.machine = self
        self.contexts: list[Context] = []
        self.current: Context | None = None
        self._raised: BaseException | None = None

    def add(self, context: Context) -> None:
        """Another context, ready to run."""
        self.contexts.append(context)

    def run(self) -> None:
        """Give turns until all contexts have ended.

        Raises:
            AbiError: what the payload did wrong; or all of them sleep and nobody can wake them.
        """
        while live := [context for context in self.contexts if not context.ended]:
            progress = False
            for context in live:
                if context.waiting is not None:
                    result = context.waiting()
                    if result is None or context.ended:
                        continue
                    context.waiting = None
                    context.registers[UC_X86_REG_RAX] = result & _WORD
                if not context.ended:
                    progress = True
                    self._turn(context)
            if not progress:
                raise AbiError(f"{len(live)} contexts sleep, and nobody wakes them")

    def after_call(self) -> dict[int, int]:
        """The registers of the context that is making a call, as they are behind it; for its copies."""
        assert self.current is not None
        registers = _registers(self.current.space.uc)
        return registers | {UC_X86_REG_RIP: registers[UC_X86_REG_RCX]}

    def guarded(self, judge: Callable[[], object]) -> object:
        """Run something inside a hook: Unicorn cannot be thrown through, so what is raised is kept for `run`."""
        try:
            return judge()
        except BaseException as error:  # noqa: BLE001 - raised again by _turn
            self._raised = error
            assert self.current is not None
            self.current.space.uc.emu_stop()
            return None

    def on_syscall(self, uc: Uc, _: object) -> None:
        """Unicorn's hook. The program counter still stands at the instruction."""
        context = self.current
        assert context is not None
        after = uc.reg_read(UC_X86_REG_RIP) + 2
        uc.reg_write(UC_X86_REG_RCX, after)
        uc.reg_write(UC_X86_REG_R11, _CLOBBERED)
        number, arguments = uc.reg_read(UC_X86_REG_RAX), tuple(uc.reg_read(one) for one in ARGUMENTS)
        result = self.guarded(lambda: self.kernel.call(context, number, arguments))
        if self._raised is None and isinstance(result, int):
            uc.reg_write(UC_X86_REG_RAX, result & _WORD)

    def _turn(self, context: Context) -> None:
        uc = context.space.uc
        for register, value in context.registers.items():
            uc.reg_write(register, value)
        self.current, self._raised = context, None
        start = uc.reg_read(UC_X86_REG_RIP)
        fault: UcError | None = None
        try:
            uc.emu_start(start, 0, timeout=PATIENCE)
        except UcError as error:
            fault = error
        raised = self._raised
        if isinstance(raised, Sleep):
            context.waiting = raised.retry
            context.registers = _registers(uc)
        elif isinstance(raised, End):
            pass
        elif raised is not None:
            raise raised
        else:
            where = f"at {uc.reg_read(UC_X86_REG_RIP):#x}, stack {uc.reg_read(UC_X86_REG_RSP):#x}"
            raise AbiError(f"context {context.id}: {fault or 'ran on without a system call'} {where}")


def _registers(uc: Uc) -> dict[int, int]:
    return {register: uc.reg_read(register) for register in _STATE}


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
