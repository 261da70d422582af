"""Aero's kernel as the payload sees it: which calls there are, what they take, and what they do as far as is needed.

The table is written from facts read in, and tried on, Andy-Python-Programmer/aero at be57ae00e122 (of 2025-04-07,
looked at 2026-11-22); guest/os/aero/README.md says them in words. Nothing here is Aero's code.
"""

from __future__ import annotations

import struct
from typing import Final

from unicorn.x86_const import UC_X86_REG_RAX, UC_X86_REG_RIP, UC_X86_REG_RSP

from .aero_files import EBADFD, EFAULT, EINVAL, ENOSYS, ESRCH, Files, Handle, Task, or_sleep
from .machine import Context, End, Machine
from .memory import PAGE, READ, WRITE, AbiError, Space, load

# number: name and arguments. fd: an open descriptor; path, bytes, into: a pointer, whose length is the next argument;
# *N: a pointer to N bytes that the kernel fills; &N: one that it reads; others are plain numbers.
TABLE: Final = {
    0: ("read", "fd into length"),
    1: ("write", "fd bytes length"),
    2: ("open", "folder path length flags mode"),
    3: ("close", "number"),
    4: ("shutdown", ""),
    5: ("exit", "status"),
    6: ("fork", ""),
    8: ("mmap", "address size protection flags file offset"),
    9: ("munmap", "address size"),
    17: ("exec", "path length arguments count environment count"),
    18: ("log", "bytes length"),
    19: ("uname", "*390"),
    20: ("waitpid", "pid *4 flags"),
    30: ("gettime", "clock *16"),
    31: ("sleep", "&16"),
    33: ("pipe", "*8 flags"),
    34: ("unlink", "folder path length flags"),
    38: ("clone", "entry stack"),
    45: ("ipc_send", "pid bytes length"),
    46: ("ipc_recv", "*8 into length wait"),
    52: ("epoll_create", "flags"),
    53: ("epoll_pwait", "fd events count timeout mask"),
    54: ("epoll_ctl", "fd operation fd &12"),
    55: ("eventfd", "initial flags"),
    56: ("kill", "pid signal"),
    57: ("futex_wait", "word expected &16"),
    58: ("futex_wake", "word"),
    66: ("getppid", ""),
    67: ("socketpair", "domain type protocol *8"),
}
# The only number outside the table that the payload may try: invalid_call's.
UNKNOWN: Final = 200
STACK_TOP, STACK_SIZE = 0x7FFF_FFFF_E000, 0x64000
MAPPINGS: Final = 0x7000_0000_0000
AT_FDCWD: Final = (1 << 64) - 100
NO_FILE: Final = (1 << 64) - 1


class Aero(Files):
    """Files at their paths, processes, and a log; no limits, and no way to be slow."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.image = files["/usr/bin/init"]
        self.tasks: dict[int, Task] = {}
        self.log: list[bytes] = []
        self.used: set[str] = set()  # names of calls
        self.now = 1_577_836_800 * 10**9
        self.off = False

    def boot(self) -> None:
        """Run /usr/bin/init, as the kernel does: no arguments, no open files; until the machine is off."""
        machine = Machine(self)
        task = Task(4, 4, Space(machine), {})
        self.tasks[task.pid] = task
        self._execute(task, [])
        machine.run()
        if not self.off:
            raise AbiError("init ended and left the machine on")

    # --- what a call is made of

    def call(self, context: Context, number: int, arguments: tuple[int, ...]) -> int:
        """Check a call against the table and do it."""
        if number == UNKNOWN:
            return -ENOSYS
        if number not in TABLE:
            raise AbiError(f"call {number} is not one of Aero's that the payload knows")
        name, shape = TABLE[number]
        self.used.add(name)
        task = self.tasks[context.id]
        kinds = shape.split()
        given = arguments[: len(kinds)]
        for place, kind in enumerate(kinds):
            try:
                self._check(task, kind, given, place)
            except AbiError as error:
                raise AbiError(f"{name}: argument {place} ({kind}): {error}") from None
            except KeyError:
                return -EBADFD
        result: int = getattr(self, f"_{name}")(task, *given)
        return result

    def _check(self, task: Task, kind: str, given: tuple[int, ...], place: int) -> None:
        value = given[place]
        if kind == "fd":
            task.handles[value]  # raises KeyError when it is not open
        elif kind == "path":
            path = task.space.read(value, given[place + 1])
            if not path or b"\0" in path:
                raise AbiError(f"{path!r} is no path of its length")
        elif kind in ("bytes", "into"):
            task.space.check(value, given[place + 1], READ if kind == "bytes" else WRITE)
        elif kind[0] in "*&":
            task.space.check(value, int(kind[1:]), WRITE if kind[0] == "*" else READ)
        elif kind == "folder" and value != AT_FDCWD:
            raise AbiError(f"{value:#x} is not AT_FDCWD")

    def first_access(self, address: int, writes: bool) -> None:
        """Aero maps a shared page that is read first so that it can never be written."""
        if not writes:
            raise AbiError(f"the shared page of {address:#x} is read before it is written to")

    # --- processes

    def _getppid(self, task: Task) -> int:
        return task.parent

    def _spawn(self, task: Task, space: Space, handles: dict[int, Handle], registers: dict[int, int]) -> int:
        pid = max(self.tasks) + 1
        context = Context(pid, space, registers)
        self.tasks[pid] = Task(pid, task.pid, space, handles, context=context)
        self.machine.add(context)
        return pid

    def _fork(self, task: Task) -> int:
        handles = {fd: Handle(one.file, one.reads, one.writes, one.offset) for fd, one in task.handles.items()}
        for handle in handles.values():
            handle.file.writers += handle.file.kind == "pipe" and handle.writes
        return self._spawn(task, task.space.copy(), handles, self.machine.after_call() | {UC_X86_REG_RAX: 0})

    def _clone(self, task: Task, entry: int, stack: int) -> int:
        task.space.check(entry, 1, READ)
        task.space.check(stack - 8, 8, WRITE)
        registers = self.machine.after_call() | {UC_X86_REG_RIP: entry, UC_X86_REG_RSP: stack}
        return self._spawn(task, task.space, task.handles, registers)

    def _exec(self, task: Task, path: int, length: int, *slices: int) -> int:
        arguments, count, _, none = slices
        if task.space.read(path, length) != b"/usr/bin/init" or none:
            raise AbiError("exec: only the payload is there, and it wants no environment")
        words = [struct.unpack("<QQ", task.space.read(arguments + 16 * i, 16)) for i in range(count)]
        self._execute(task, [task.space.read(start, size) for start, size in words])
        raise End

    def _execute(self, task: Task, arguments: list[bytes]) -> None:
        """A fresh address space with the program in it, and the initial stack of the x86-64 psABI."""
        task.space = space = Space(self.machine)
        entry = load(space, self.image)
        space.map(STACK_TOP - STACK_SIZE, STACK_SIZE, READ | WRITE)
        top = STACK_TOP - 16
        texts = []
        for word in arguments:
            top -= len(word) + 1
            space.write(top, word + b"\0")
            texts.append(top)
        auxiliary = [9, entry, 23, 0, 0, 0]
        stack = [len(texts), *texts, 0, 0, *auxiliary]
        top = (top - 8 * len(stack)) // 16 * 16
        space.write(top, struct.pack(f"<{len(stack)}Q", *stack))
        if task.context is not None:
            task.context.ended = True
        task.context = Context(task.pid, space, {UC_X86_REG_RIP: entry, UC_X86_REG_RSP: top})
        self.machine.add(task.context)

    def _end(self, task: Task, status: int) -> None:
        task.status = status
        if not any(other.handles is task.handles for other in self.tasks.values() if other.status is None):
            for handle in task.handles.values():
                self.drop(handle)
        if task.context is not None:
            task.context.ended = True

    def _exit(self, task: Task, status: int) -> int:
        self._end(task, (status & 0xFF) << 8)
        raise End

    def _kill(self, task: Task, pid: int, signal: int) -> int:
        if pid not in self.tasks or self.tasks[pid].status is not None:
            return -ESRCH
        self._end(self.tasks[pid], 1 << 8)
        return 0

    def _waitpid(self, task: Task, pid: int, status: int, flags: int) -> int:
        if pid not in self.tasks or self.tasks[pid].parent != task.pid:
            raise AbiError(f"waitpid: {pid} is no child of {task.pid}: Aero sleeps for ever")

        def attempt() -> int | None:
            ended = self.tasks[pid].status
            if ended is None:
                return None
            task.space.write(status, struct.pack("<I", ended))
            self.tasks[pid].parent = 0  # reaped
            return pid

        return or_sleep(attempt)

    def _shutdown(self, task: Task) -> int:
        self.off = True
        for other in self.machine.contexts:
            other.ended = True
        raise End

    # --- messages, waiting, time

    def _ipc_send(self, task: Task, pid: int, content: int, length: int) -> int:
        if pid not in self.tasks:
            return -EINVAL
        self.tasks[pid].messages.append((task.pid, task.space.read(content, length)))
        return 0

    def _ipc_recv(self, task: Task, sender: int, into: int, size: int, wait: int) -> int:
        if not wait:
            raise AbiError("ipc_recv: without waiting it crashes the kernel when there is no message")

        def attempt() -> int | None:
            if not task.messages:
                return None
            pid, content = task.messages.popleft()
            task.space.write(sender, struct.pack("<Q", pid))
            task.space.write(into, content)
            return len(content)

        return or_sleep(attempt)

    def _futex_wait(self, task: Task, word: int, expected: int, timeout: int) -> int:
        return self._futex_wake(task, word)

    def _futex_wake(self, task: Task, word: int) -> int:
        task.space.check(word, 4, READ)
        return -EINVAL  # of every aligned word

    def _gettime(self, task: Task, clock: int, into: int) -> int:
        if clock not in (0, 1):
            raise AbiError(f"gettime: there is no clock {clock}")
        self.now += 100_000
        stepped = self.now // 1_000_000 * 1_000_000
        task.space.write(into, struct.pack("<qq", *divmod(stepped, 10**9)))
        return 0

    def _sleep(self, task: Task, time: int) -> int:
        seconds, nanoseconds = struct.unpack("<qq", task.space.read(time, 16))
        if not 0 <= nanoseconds < 10**9 or seconds < 0:
            raise AbiError(f"sleep: {seconds} s and {nanoseconds} ns are no time")
        self.now += (seconds + (nanoseconds > 0)) * 10**9
        return 0

    # --- memory

    def _mmap(self, task: Task, address: int, size: int, protection: int, *how: int) -> int:
        flags, fd, offset = how
        if address or protection != 3 or not size:
            raise AbiError(f"mmap: ({address:#x}, {size}, protection {protection}) is not what the payload maps")
        if flags == 1 | 8:
            if fd != NO_FILE:
                raise AbiError("mmap: anonymous memory with a file")
        elif flags != 2:
            return -EFAULT if flags == 2 | 8 else -EINVAL
        elif task.handles[fd].file is not self.files.get("/ferrule/shared") or offset or size > PAGE:
            raise AbiError("mmap: shared memory is the one page of /ferrule/shared")
        start = max(
            [
                MAPPINGS,
                *(one.end for one in task.space.regions if one.start >= MAPPINGS and one.end < STACK_TOP - STACK_SIZE),
            ]
        )
        task.space.map(start, size, READ | WRITE, shared=flags == 2)
        return start

    def _munmap(self, task: Task, address: int, size: int) -> int:
        task.space.unmap(address, size)
        return 0

    # --- words

    def _log(self, task: Task, text: int, length: int) -> int:
        content = task.space.read(text, length)
        content.decode()  # the kernel does not check, and would be wrong
        self.log.append(content)
        return 0

    def _uname(self, task: Task, into: int) -> int:
        words = (b"Aero", b"unknown", b"0.1.0-aero", b"0.1.0", b"x86_64", b"")
        task.space.write(into, b"".join(word.ljust(65, b"\0") for word in words))
        return 0
