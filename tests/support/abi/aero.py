"""A model of Aero's kernel: it checks calls against the table, and does as much of them as the payload needs."""

from __future__ import annotations

import io
import struct

from elftools.elf.elffile import ELFFile

from tests.support.abi.aero_files import EBADFD, EINVAL, ENOENT, ENOSYS, ESRCH, Answer, Handle, Task, or_wait
from tests.support.abi.aero_memory import Memory
from tests.support.abi.aero_signals import Signals
from tests.support.abi.aero_sockets import Sockets
from tests.support.abi.aero_table import AT_FDCWD, STACK_SIZE, STACK_TOP, TABLE, UNKNOWN
from tests.support.abi.machine import PAGE, Context, Ended, Machine, Space, Violation

KILL = 9


class Aero(Memory, Signals, Sockets):
    """Files by path, processes, and a log; without limits and without delays."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.image = files["/usr/bin/init"]
        self.tasks: dict[int, Task] = {}
        self.log: list[bytes] = []
        self.used: set[str] = set()  # names of calls
        self.now = 1_577_836_800 * 10**9

    def boot(self) -> None:
        """Run /usr/bin/init, as the kernel does: no arguments, no open files; until the machine is off."""
        self.machine = Machine(self)
        task = Task(4, 4, Space(self.machine), {})
        self.tasks[task.pid] = task
        self._execute(task, [])
        if self.machine.run() is None:
            raise Violation("init ended and left the machine on")

    def port_in(self, context: Context, port: int) -> int:
        """Not allowed to programs."""
        raise Violation(f"IN from port {port:#x}")

    def port_out(self, context: Context, port: int, value: int) -> None:
        """Not allowed to programs."""
        raise Violation(f"OUT of {value:#x} to port {port:#x}")

    def idle(self) -> bool:
        """Time ends no wait here: only a call of another task does."""
        return False

    # --- calls

    def call(self, context: Context) -> Answer:
        """Check a call against the table and do it."""
        number = context.number
        if self.read_first is not None:
            raise Violation(f"the shared page of {self.read_first:#x} is read before it is written to")
        if number == UNKNOWN:
            return -ENOSYS
        if number not in TABLE:
            raise Violation(f"call {number} is not one of Aero's that the payload knows")
        name, shape = TABLE[number]
        self.used.add(name)
        task: Task = context.private["task"]
        kinds = shape.split()
        given = context.arguments[: len(kinds)]
        for place, kind in enumerate(kinds):
            try:
                self._check(task, kind, given, place)
            except Violation as error:
                raise Violation(f"{name}: argument {place} ({kind}): {error}") from None
            except KeyError:
                return -EBADFD
        result: Answer = getattr(self, f"_{name}")(task, *given)
        return result

    def _check(self, task: Task, kind: str, given: tuple[int, ...], place: int) -> None:
        value = given[place]
        if kind == "fd":
            task.handles[value]  # raises KeyError if it is not open
        elif kind == "path":
            path = task.read(value, given[place + 1])
            if not path or b"\0" in path:
                raise Violation(f"{path!r} is no path of its length")
        elif kind == "asked":
            task.space.check(value, 8 * given[place + 1], kind)
        elif kind in ("bytes", "into"):
            task.space.check(value, given[place + 1], kind)
        elif kind[0] in "*&":
            task.space.check(value, int(kind[1:]), kind)
        elif kind == "folder" and value != AT_FDCWD:
            raise Violation(f"{value:#x} is not AT_FDCWD")

    # --- processes

    def _getpid(self, task: Task) -> int:
        return task.pid

    def _getppid(self, task: Task) -> int:
        return task.parent

    def _spawn(self, task: Task, context: Context, handles: dict[int, Handle]) -> int:
        pid = max(self.tasks) + 1
        self.tasks[pid] = context.private["task"] = Task(pid, task.pid, context.space, handles, context=context)
        self.machine.contexts.append(context)
        return pid

    def _fork(self, task: Task) -> int:
        handles = {fd: Handle(one.file, one.reads, one.writes, one.offset) for fd, one in task.handles.items()}
        for handle in handles.values():
            handle.file.writers += handle.file.kind == "pipe" and handle.writes
        child = Context(task.space.copy())
        for region in child.space.regions:
            if region.shared:
                self.watch(child.space, region)
        child.wait, child.saved = lambda: 0, task.space.uc.context_save()  # the call's result in the child
        return self._spawn(task, child, handles)

    def _clone(self, task: Task, entry: int, stack: int) -> int:
        task.space.check(entry, 1, "a thread's first instruction")
        task.space.check(stack - 8, 8, "a thread's stack")
        context = Context(task.space)
        context.start(entry, stack)
        return self._spawn(task, context, task.handles)

    def _exec(self, task: Task, path: int, length: int, *slices: int) -> Answer:
        arguments, count, _, none = slices
        if none:
            raise Violation("exec: the payload wants no environment")
        if task.read(path, length) != b"/usr/bin/init":
            return -ENOENT
        words = [struct.unpack("<QQ", task.read(arguments + 16 * i, 16)) for i in range(count)]
        self._execute(task, [task.read(start, size) for start, size in words])
        return None

    def _execute(self, task: Task, arguments: list[bytes]) -> None:
        """A fresh address space with the program in it, and the initial stack of the x86-64 psABI."""
        task.space = space = Space(self.machine)
        entry = load(space, self.image)
        space.map(STACK_TOP - STACK_SIZE, STACK_SIZE)
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
            self.machine.contexts.remove(task.context)
        task.context = Context(space, private={"task": task})
        task.context.start(entry, top)
        self.machine.contexts.append(task.context)

    def _end(self, task: Task, status: int) -> None:
        task.status = status
        if not any(other.handles is task.handles for other in self.tasks.values() if other.status is None):
            for handle in task.handles.values():
                self.drop(handle)
        if task.context is not None:
            self.machine.contexts.remove(task.context)

    def _exit(self, task: Task, status: int) -> Answer:
        self._end(task, (status & 0xFF) << 8)
        return None

    def _kill(self, task: Task, pid: int, signal: int) -> int:
        if pid not in self.tasks or self.tasks[pid].status is not None:
            return -ESRCH
        if signal != KILL:
            return self.deliver(self.tasks[pid], signal)
        self._end(self.tasks[pid], 1 << 8)
        return 0

    def _waitpid(self, task: Task, pid: int, status: int, flags: int) -> Answer:
        if pid not in self.tasks or self.tasks[pid].parent != task.pid:
            raise Violation(f"waitpid: {pid} is no child of {task.pid}: Aero sleeps for ever")

        def attempt() -> int | None:
            ended = self.tasks[pid].status
            if ended is None:
                return None
            task.write(status, struct.pack("<I", ended))
            self.tasks[pid].parent = 0  # reaped
            return pid

        return or_wait(attempt)

    def _shutdown(self, task: Task) -> Answer:
        raise Ended(0)

    # --- messages, waiting, time

    def _ipc_send(self, task: Task, pid: int, content: int, length: int) -> int:
        if pid not in self.tasks:
            return -EINVAL
        self.tasks[pid].messages.append((task.pid, task.read(content, length)))
        return 0

    def _ipc_recv(self, task: Task, sender: int, into: int, size: int, wait: int) -> Answer:
        if not wait:
            raise Violation("ipc_recv: without waiting it crashes the kernel when there is no message")

        def attempt() -> int | None:
            if not task.messages:
                return None
            pid, content = task.messages.popleft()
            task.write(sender, struct.pack("<Q", pid))
            task.write(into, content)
            return len(content)

        return or_wait(attempt)

    def _futex_wait(self, task: Task, word: int, expected: int, timeout: int) -> int:
        return self._futex_wake(task, word)

    def _futex_wake(self, task: Task, word: int) -> int:
        task.space.check(word, 4, "a futex")
        return -EINVAL  # for every aligned word

    def _gettime(self, task: Task, clock: int, into: int) -> int:
        if clock not in (0, 1):
            raise Violation(f"gettime: there is no clock {clock}")
        self.now += 100_000
        stepped = self.now // 1_000_000 * 1_000_000
        task.write(into, struct.pack("<qq", *divmod(stepped, 10**9)))
        return 0

    def _sleep(self, task: Task, time: int) -> int:
        seconds, nanoseconds = struct.unpack("<qq", task.read(time, 16))
        if not 0 <= nanoseconds < 10**9 or seconds < 0:
            raise Violation(f"sleep: {seconds} s and {nanoseconds} ns are no time")
        self.now += (seconds + (nanoseconds > 0)) * 10**9
        return 0

    # --- text

    def _log(self, task: Task, text: int, length: int) -> int:
        content = task.read(text, length)
        content.decode()  # must be UTF-8: the kernel does not check it
        self.log.append(content)
        return 0

    def _uname(self, task: Task, into: int) -> int:
        words = (b"Aero", b"unknown", b"0.1.0-aero", b"0.1.0", b"x86_64", b"")
        task.write(into, b"".join(word.ljust(65, b"\0") for word in words))
        return 0


def load(space: Space, image: bytes) -> int:
    """Map a static program's segments, each on pages of its own; returns the program's entry."""
    program = ELFFile(io.BytesIO(image))
    if program["e_machine"] != "EM_X86_64" or program["e_type"] != "ET_EXEC":
        raise Violation(f"a {program['e_machine']} {program['e_type']} is not a static x86-64 program")
    for segment in program.iter_segments():
        if segment["p_type"] == "PT_INTERP":
            raise Violation("it asks for a dynamic linker")
        if segment["p_type"] != "PT_LOAD":
            continue
        if not segment["p_filesz"]:
            raise Violation("a segment with no bytes in the file: Aero's exec panics")
        offset = segment["p_vaddr"] % PAGE
        start = segment["p_vaddr"] - offset
        region = space.map(start, -(-(offset + segment["p_memsz"]) // PAGE) * PAGE)
        region.memory[offset : offset + segment["p_filesz"]] = segment.data()
    entry: int = program["e_entry"]
    return entry
