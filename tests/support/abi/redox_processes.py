"""Processes of a Redox userland, as the daemon that manages them sees them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.abi.machine import Context, Violation, Wait
from tests.support.abi.redox_contexts import ContextCalls
from tests.support.abi.redox_things import Process, Served, Thing

WAIT, EXIT, PARENT = 0, 2, 12  # relibc: enum ProcCall
FROM_SCHEME, WORDS = 0x400, 3  # SYS_CALL: flags, and how many words of metadata there are
EBADF, ECHILD = 9, 10
METADATA = 44  # bytes of a process's metadata; its number comes first


@dataclass(eq=False)
class Kept:
    """A process."""

    pid: int
    parent: int
    threads: list[Process] = field(default_factory=list)
    status: int | None = None  # as wait(2) reports it


@dataclass(eq=False)
class ProcessHandle(Served):
    """A descriptor of a process."""

    kept: Kept

    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """See Served."""
        if size < METADATA:
            return -EBADF
        return give(struct.pack("<3I", self.kept.pid, self.kept.pid, self.kept.parent).ljust(METADATA, b"\0"))

    def write(self, content: bytes) -> int:
        """See Served."""
        raise Violation(f"{len(content)} bytes are written to a process")


@dataclass(eq=False)
class ThreadHandle(Thing):
    """A descriptor of a context that the daemon handed out: only a dup of it reaches the kernel."""

    process: Process


class ProcessCalls(ContextCalls):
    """Calls to the daemon."""

    _processes: dict[int, Kept]  # by number

    def _derived_process(self, handle: ProcessHandle, name: bytes) -> Thing:
        if name == b"fork":
            return ProcessHandle(self._new_process(handle.kept.pid))
        if name == b"new-thread":
            handle.kept.threads.append(Process())
            return ThreadHandle(handle.kept.threads[-1])
        if name == b"thread-0":
            return ThreadHandle(handle.kept.threads[0])
        raise Violation(f"dup of a process: {name!r}")

    def _new_process(self, parent: int) -> Kept:
        pid = max(self._processes, default=9) + 1
        kept = self._processes[pid] = Kept(pid, parent, [Process()])
        return kept

    def _call_process(
        self, context: Context, kept: Kept, payload: tuple[int, int], bits: int, at: int
    ) -> int | Wait | None:
        start, size = payload
        if bits & ~FROM_SCHEME != WORDS:
            raise Violation(f"call of a process with flags {bits:#x}")
        what, first, _ = struct.unpack("<3Q", context.space.read(at, 24))
        if what == PARENT and not bits & FROM_SCHEME:
            return kept.parent
        if what == EXIT and not bits & FROM_SCHEME:
            return self._end(context, kept, first)
        if what == WAIT and bits & FROM_SCHEME and size == 8:
            child = self._processes.get(first)
            if child is None or child.parent != kept.pid:
                return -ECHILD

            def ended() -> int | None:
                if child.status is None:
                    return None
                context.space.write(start, struct.pack("<Q", child.status))
                del self._processes[child.pid]
                return child.pid

            return ended
        raise Violation(f"call {what} of a process, {size} bytes, flags {bits:#x}")

    def _end(self, context: Context, kept: Kept, status: int) -> int | None:
        """`status`: an exit status below 0x100, or a signal above that byte."""
        kept.status = status << 8 if status < 0x100 else status >> 8
        for thread in kept.threads:
            if thread.context is not None:
                self._finish(thread)
        return None if any(thread.context is context for thread in kept.threads) else 0
