"""An x86-64 processor for user programs, emulated by unicorn: address spaces and contexts, but no kernel.

A Kernel, which the port's test provides, serves the system calls. A call returns a number, or a function that is called
repeatedly until it returns one: meanwhile the context waits, and others run.
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
    """The program did what its kernel's interface does not allow, or something that no model serves."""


class Ended(Exception):
    """The program ended the machine, with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Kernel(Protocol):
    """The model of a kernel, which a port's test provides."""

    def call(self, context: Context) -> int | Wait | None:
        """Serve the call that a context makes: the result, a function to poll for it, or None if the context ended."""

    def port_in(self, context: Context, port: int) -> int:
        """A byte read from an I/O port."""

    def port_out(self, context: Context, port: int, value: int) -> None:
        """A byte written to an I/O port."""

    def idle(self) -> bool:
        """Called when every context waits: let time pass until a wait may end; False if none can."""

    def fault(self, context: Context) -> bool:
        """A store to memory that may not be written to: whether the program gets a signal and goes on."""


@dataclass
class Region:
    """Memory mapped somewhere; the same memory may be mapped in several spaces."""

    address: int
    size: int
    memory: mmap.mmap
    shared: bool  # copies of the space map the same memory

    @property
    def end(self) -> int:
        """First address after it."""
        return self.address + self.size


class Space:
    """An address space, and the processor that runs in it."""

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
        """Set whether whole pages, all of them mapped, may be written to."""
        self.check(address, size, "memory to protect")
        pages = range(address, address + size, PAGE)
        self._read_only = self._read_only - set(pages) if writable else self._read_only | set(pages)
        self.uc.mem_protect(address, size, unicorn.UC_PROT_ALL if writable else unicorn.UC_PROT_READ)

    def may_write(self, address: int, size: int) -> bool:
        """Whether all these bytes may be written to: for a kernel that writes for a program."""
        return self._read_only.isdisjoint(range(address // PAGE * PAGE, address + size, PAGE))

    def overlaps(self, address: int, size: int) -> bool:
        """Whether something is mapped there."""
        return any(one.address < address + size and address < one.end for one in self.regions)

    def room(self, size: int, start: int) -> int:
        """A free address for `size` bytes, not below `start`."""
        for candidate in sorted([start, *(one.end for one in self.regions if one.end > start)]):
            if not self.overlaps(candidate, size):
                return candidate
        raise AssertionError("the address space is full")

    def copy(self) -> Space:
        """What a new process starts with: its own memory with the same content, shared regions as they are."""
        new = Space(self._machine)
        for one in self.regions:
            region = new.map(one.address, one.size, one.memory if one.shared else None, one.shared)
            if not one.shared:
                region.memory[:] = one.memory[:]
        return new

    def check(self, address: int, size: int, what: str) -> None:
        """Check that every byte is mapped.

        Raises:
            Violation: one is not; the message begins with `what`.
        """
        at = address
        while at < address + size:
            region = next((one for one in self.regions if one.address <= at < one.end), None)
            if region is None:
                raise Violation(f"{what}: {size} bytes at {address:#x}, but nothing is mapped at {at:#x}")
            at = region.end

    def read(self, address: int, size: int) -> bytes:
        """Read bytes that check() has found to be mapped."""
        return bytes(self.uc.mem_read(address, size)) if size else b""

    def write(self, address: int, content: bytes) -> None:
        """Write bytes that check() has found to be mapped."""
        if content:
            self.uc.mem_write(address, content)


@dataclass
class Context:
    """A flow of control: a thread, or a process's first one."""

    space: Space
    wait: Wait | None = None
    saved: Any = None  # registers while another context of the space runs
    private: dict[str, Any] = field(default_factory=dict)  # for the kernel's model

    def start(self, instruction: int, stack: int) -> None:
        """Set the initial registers: all zero except these two."""
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
        """Number of the call being made."""
        return int(self.space.uc.reg_read(x86.UC_X86_REG_RAX))

    @property
    def arguments(self) -> tuple[int, ...]:
        """All six arguments of the call being made."""
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
        """Run all contexts to their end; returns the code with which the program ended the machine, if it did.

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
        """Run every context that can run; returns whether one could."""
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
        """Set the result, and rubbish in the two registers that SYSCALL and SYSRET overwrite."""
        uc = context.space.uc
        uc.reg_write(x86.UC_X86_REG_RAX, result & MASK)
        uc.reg_write(x86.UC_X86_REG_RCX, 0xBAD0C0DE)
        uc.reg_write(x86.UC_X86_REG_R11, 0xBAD0F1A6)

    # Exceptions must not pass through unicorn's C code: they are kept until it returns.

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
