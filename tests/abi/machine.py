"""A machine to run a port's payload on without a kernel: contexts, and a hook for system calls.

The code runs in Unicorn, one instance an address space (memory.py). What a call does is the business of a Kernel (one
subclass a port); this module gives it contexts that sleep and wake. Nothing runs at
the same time as anything else, and a context runs on until it sleeps: what is tested is the ABI, not a scheduler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from unicorn import Uc, UcError
from unicorn.x86_const import (
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

from .memory import AbiError, Space

PATIENCE: Final = 30_000_000  # microseconds that a context may run without a system call
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


Retry = Callable[[], "int | None"]


@dataclass(eq=False)
class Context:
    """A thread: where it goes on, and what it waits for."""

    id: int
    space: Space
    registers: dict[int, int] = field(default_factory=dict)  # with which it goes on
    waiting: Retry | None = None  # gives the call's result, or None to sleep on
    ended: bool = False


class Sleep(Exception):
    """Raised by a call that cannot be answered yet; `retry` is asked again when others have run."""

    def __init__(self, retry: Retry) -> None:
        super().__init__()
        self.retry = retry


class End(Exception):
    """Raised by a call from which its caller does not return: its context has `ended`."""


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
        except BaseException as error:
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
