"""Aero's signals: handlers, the frame that the kernel puts on their stack, and sigreturn."""

from __future__ import annotations

import struct
from typing import Final

from unicorn import x86_const as x86

from tests.support.abi.aero_files import Files, Task
from tests.support.abi.machine import Context, Violation

RED_ZONE = 128
SEGMENTATION = 11
NUMBERS = (SEGMENTATION, 15)
# In the order of the frame, after a word that says whether a call is restarted.
SAVED: Final = (
    *("R15", "R14", "R13", "R12", "RBP", "RBX"),
    *("R11", "R10", "R9", "R8", "RSI", "RDI", "RDX", "RCX", "RAX"),
    *("RIP", "CS", "RFLAGS", "RSP", "SS"),
)
REGISTERS = tuple(getattr(x86, f"UC_X86_REG_{name}") for name in SAVED)
RAX, STACK = REGISTERS.index(x86.UC_X86_REG_RAX), REGISTERS.index(x86.UC_X86_REG_RSP)
RESTORED = tuple(one for one in REGISTERS if one not in (x86.UC_X86_REG_CS, x86.UC_X86_REG_SS))
FRAME = struct.Struct("<22Q")


class Signals(Files):
    """Signals that a process sends to itself."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self._handlers: dict[tuple[int, int], tuple[int, int]] = {}  # (pid, signal): handler, return address

    def _sigaction(self, task: Task, signal: int, action: int, back: int, old: int) -> int:
        handler, flags, unused, mask = struct.unpack("<4Q", task.read(action, 32))
        if signal not in NUMBERS or flags or unused or mask or old:
            raise Violation(f"sigaction of {signal}: flags {flags:#x}, mask {mask:#x}, old {old:#x}")
        task.space.check(back, 1, "where a handler returns to")
        self._handlers.pop((task.pid, signal), None)
        if handler:
            task.space.check(handler, 1, "a handler")
            self._handlers[task.pid, signal] = handler, back
        return 0

    def deliver(self, task: Task, signal: int) -> int:
        """Deliver a signal that the running process sends to itself: its handler runs next."""
        if (task.pid, signal) not in self._handlers or task.context is None:
            raise Violation(f"signal {signal} to process {task.pid}, which has no handler for it")
        handler, back = self._handlers[task.pid, signal]
        uc = task.context.space.uc
        values = [int(uc.reg_read(register)) for register in REGISTERS]
        values[RAX] = 0  # the result of the call that sent it
        top = values[STACK] - RED_ZONE - FRAME.size
        task.write(top, FRAME.pack((1 << 64) - 1, *values, 0))
        task.write(top - 8, struct.pack("<Q", back))
        uc.reg_write(x86.UC_X86_REG_RSP, top - 8)
        uc.reg_write(x86.UC_X86_REG_RIP, handler)
        uc.reg_write(x86.UC_X86_REG_RDI, signal)
        return 0

    def fault(self, context: Context) -> bool:
        """See machine.Kernel: a store to read-only memory is SIGSEGV."""
        task: Task = context.private["task"]
        if (task.pid, SEGMENTATION) not in self._handlers:
            return False
        self.deliver(task, SEGMENTATION)
        return True

    def _sigreturn(self, task: Task) -> int:
        """Returns as any call does: RCX and R11 are lost."""
        assert task.context is not None
        uc = task.context.space.uc
        _, *values, _ = FRAME.unpack(task.read(int(uc.reg_read(x86.UC_X86_REG_RSP)), FRAME.size))
        for register, value in zip(REGISTERS, values, strict=True):
            if register in RESTORED:
                uc.reg_write(register, value)
        return int(values[RAX])
