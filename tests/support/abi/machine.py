"""An x86-64 processor for user programs, by unicorn: address spaces, contexts and nothing of any kernel's.

What a system call does is the business of a Kernel, which the port's test brings. A call answers with a number, or with
a function that is asked again and again until it has one: the context waits meanwhile, and others run.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import unicorn
from unicorn import x86_const as x86

PAGE = 4096
MASK = 2**64 - 1
TURNS = 256  # system calls a context may make before others have their turn
ARGUMENTS = (
    *(x86.UC_X86_REG_RDI, x86.UC_X86_REG_RSI, x86.UC_X86_REG_RDX),
    *(x86.UC_X86_REG_R10, x86.UC_X86_REG_R8, x86.UC_X86_REG_R9),
)

Wait = Callable[[], int | None]


class Violation(AssertionError):
    """The program did what its kernel's interface does not allow, or what nobody can serve."""


class Ended(Exception):
    """The machine was ended by the program: the code it gave."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Kernel(Protocol):
    """What a port's test brings."""

    def call(self, context: Context) -> int | Wait | None:
        """Serve the call that a context makes: the result, what to ask for it, or None when the context is over."""

    def port_in(self, context: Context, port: int) -> int:
        """A byte read from an I/O port."""

    def port_out(self, context: Context, port: int, value: int) -> None:
        """A byte written to an I/O port."""

    def idle(self) -> bool:
        """Everybody waits: whether time can pass, so that somebody need not wait any more."""

    def fault(self, context: Context) -> bool:
        """A store to memory that may not be written to: whether the program has been told, and goes on."""


@dataclass
class Region:
    """Memory mapped somewhere; the same memory may be mapped in several spaces."""

    address: int
    size: int
    memory: mmap.mmap
    shared: bool  # kept by copies of the space

    @property
    def end(self) -> int:
        """First address behind it."""
        return self.address + self.size


class Space:
    """An address space, and the processor that looks at it."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.regions: list[Region] = []
        self._read_only: set[int] = set()  # addresses of pages
        self.uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
        self.uc.ctl_set_cpu_model(x86.UC_CPU_X86_EPYC_ROME)  # it has RDTSCP
        self.uc.hook_add(unicorn.UC_HOOK_INSN, machine.on_call, None, 1, 0, x86.UC_X86_INS_SYSCALL)
        self.uc.hook_add(unicorn.UC_HOOK_INSN, machine.on_in, None, 1, 0, x86.UC_X86_INS_IN)
        self.uc.hook_add(unicorn.UC_HOOK_INSN, machine.on_out, None, 1, 0, x86.UC_X86_INS_OUT)

    def map(self, address: int, size: int, memory: mmap.mmap | None = None, shared: bool = False) -> Region:
        """Map whole pages, readable, writable and executable: zeroed ones, or memory of another region."""
        region = Region(address, size, memory or mmap.mmap(-1, size), shared)
        if address % PAGE or size % PAGE or not size or self.overlaps(address, size):
            raise Violation(f"{size:#x} bytes at {address:#x} cannot be mapped")
        where = ctypes.addressof(ctypes.c_char.from_buffer(region.memory))
        self.uc.mem_map_ptr(address, size, unicorn.UC_PROT_ALL, where)
        self.regions.append(region)
        return region

    def unmap(self, address: int, size: int) -> None:
        """Undo one map(), all of it."""
        region = next((one for one in self.regions if (one.address, one.size) == (address, size)), None)
        if region is None:
            raise Violation(f"{size:#x} bytes at {address:#x} are unmapped that were not mapped as one")
        self.uc.mem_unmap(address, size)
        self.regions.remove(region)

    def protect(self, address: int, size: int, writable: bool) -> None:
        """Of whole pages, all of them mapped: whether they may be written to."""
        self.check(address, size, "memory to protect")
        pages = range(address, address + size, PAGE)
        self._read_only = self._read_only - set(pages) if writable else self._read_only | set(pages)
        self.uc.mem_protect(address, size, unicorn.UC_PROT_ALL if writable else unicorn.UC_PROT_READ)

    def may_write(self, address: int, size: int) -> bool:
        """What a kernel asks before it writes for a program."""
        return self._read_only.isdisjoint(range(address // PAGE * PAGE, address + size, PAGE))

    def overlaps(self, address: int, size: int) -> bool:
        """Whether something is mapped there."""
        return any(one.address < address + size and address < one.end for one in self.regions)

    def room(self, size: int, start: int) -> int:
        """A free address for so many bytes, not below `start`."""
        for candidate in sorted([start, *(one.end for one in self.regions if one.end > start)]):
            if not self.overlaps(candidate, size):
                return candidate
        raise AssertionError("an address space has no end of room")

    def copy(self) -> Space:
        """What a new process starts with: its own memory with the same content, shared regions as they are."""
        new = Space(self._machine)
        for one in self.regions:
            region = new.map(one.address, one.size, one.memory if one.shared else None, one.shared)
            if not one.shared:
                region.memory[:] = one.memory[:]
        return new

    def check(self, address: int, size: int, what: str) -> None:
        """Every byte must be mapped.

        Raises:
            Violation: one is not; says which pointer it was.
        """
        at = address
        while at < address + size:
            region = next((one for one in self.regions if one.address <= at < one.end), None)
            if region is None:
                raise Violation(f"{what}: {size} bytes at {address:#x}, but nothing is mapped at {at:#x}")
            at = region.end

    def read(self, address: int, size: int) -> bytes:
        """Bytes that check() has found to be there."""
        return bytes(self.uc.mem_read(address, size)) if size else b""

    def write(self, address: int, content: bytes) -> None:
        """The same, the other way."""
        if content:
            self.uc.mem_write(address, content)


@dataclass
class Context:
    """A flow of control: a thread, or a process's first one."""

    space: Space
    wait: Wait | None = None
    saved: Any = None  # registers while another context of the space runs
    private: dict[str, Any] = field(default_factory=dict)  # the kernel's

    def start(self, instruction: int, stack: int) -> None:
        """Registers of a context that begins: all zero but these two."""
        uc = self.space.uc
        before = uc.context_save()
        for register in (*ARGUMENTS, x86.UC_X86_REG_RAX, x86.UC_X86_REG_RBX, x86.UC_X86_REG_RBP, x86.UC_X86_REG_RCX):
            uc.reg_write(register, 0)
        uc.reg_write(x86.UC_X86_REG_RIP, instruction)
        uc.reg_write(x86.UC_X86_REG_RSP, stack)
        self.saved = uc.context_save()
        uc.context_restore(before)

    @property
    def number(self) -> int:
        """Of the call being made."""
        return int(self.space.uc.reg_read(x86.UC_X86_REG_RAX))

    @property
    def arguments(self) -> tuple[int, ...]:
        """Of the call being made, all six."""
        return tuple(int(self.space.uc.reg_read(register)) for register in ARGUMENTS)


class Machine:
    """All contexts, taking turns. `run` ends when none is left or the program ends the machine."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._current: Context | None = None
        self._called = False
        self._failure: BaseException | None = None
        self.contexts: list[Context] = []

    def run(self) -> int | None:
        """Run everything to its end: the code that the program ended the machine with, if it did.

        Raises:
            Violation: whatever the kernel or the processor found wrong.
        """
        try:
            while self.contexts:
                if not self._turn(list(self.contexts)) and not self._kernel.idle():
                    raise Violation("every context waits for another")
        except Ended as end:
            return end.code
        return None

    def _turn(self, contexts: Iterable[Context]) -> bool:
        """Let everybody run who can; whether somebody could."""
        progress = False
        for context in contexts:
            if context not in self.contexts:
                continue
            if context.wait is not None:
                result = context.wait()
                if result is None:
                    continue
                context.wait = None
                context.space.uc.context_restore(context.saved)
                self._answer(context, result)
            else:
                context.space.uc.context_restore(context.saved)
            progress = True
            self._run(context)
        return progress

    def _run(self, context: Context) -> None:
        uc = context.space.uc
        self._current = context
        for _ in range(TURNS):
            self._called = False
            try:
                uc.emu_start(uc.reg_read(x86.UC_X86_REG_RIP), 0)
            except unicorn.UcError as error:
                if error.errno == unicorn.UC_ERR_WRITE_PROT and self._kernel.fault(context):
                    continue
                where = uc.reg_read(x86.UC_X86_REG_RIP)
                raise Violation(f"{error} at instruction {where:#x}") from None
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            if not self._called:
                raise Violation(f"ran to {uc.reg_read(x86.UC_X86_REG_RIP):#x}, where no program is")
            result = self._kernel.call(context)
            if result is None:
                return
            if not isinstance(result, int):
                context.wait = result
                break
            self._answer(context, result)
        context.saved = uc.context_save()

    def _answer(self, context: Context, result: int) -> None:
        """The result, and what SYSCALL and SYSRET leave in the two registers they overwrite: nothing of use."""
        uc = context.space.uc
        uc.reg_write(x86.UC_X86_REG_RAX, result & MASK)
        uc.reg_write(x86.UC_X86_REG_RCX, 0xBAD0C0DE)
        uc.reg_write(x86.UC_X86_REG_R11, 0xBAD0F1A6)

    # Exceptions must not pass through unicorn's C code: they are kept until it has come back.

    def on_call(self, uc: unicorn.Uc, _: object) -> None:
        """SYSCALL was executed."""
        self._called = True
        uc.emu_stop()

    def on_in(self, uc: unicorn.Uc, port: int, size: int, _: object) -> int:
        """IN was executed."""
        try:
            if size != 1:
                raise Violation(f"IN of {size} bytes from port {port:#x}")
            return self._kernel.port_in(self._running(), port)
        except Exception as failure:
            self._failure = failure
            uc.emu_stop()
            return 0

    def on_out(self, uc: unicorn.Uc, port: int, size: int, value: int, _: object) -> None:
        """OUT was executed."""
        try:
            if size != 1:
                raise Violation(f"OUT of {size} bytes to port {port:#x}")
            self._kernel.port_out(self._running(), port, value & 0xFF)
        except Exception as failure:
            self._failure = failure
            uc.emu_stop()

    def _running(self) -> Context:
        assert self._current is not None
        return self._current
