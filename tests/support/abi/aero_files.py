"""Aero's descriptors: files, pipes, sockets, event counters and epoll, as the payload uses them."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass, field

from tests.support.abi.machine import Context, Space, Violation, Wait

# Errors, by Aero's own numbers.
EACCES, EBADFD, EEXIST, EFAULT, EINVAL, ENOENT = 1002, 1081, 1019, 1020, 1026, 1043
ENOSYS, ENOTSOCK, ESPIPE, ESRCH = 1051, 1056, 1069, 1070
DIRECTORY = "directory"


Answer = int | Wait | None  # as Kernel.call returns it


def or_wait(attempt: Wait) -> Answer:
    """The result of a call, or the attempt itself while there is no result yet."""
    result = attempt()
    return attempt if result is None else result


@dataclass
class File:
    """Something that can be open."""

    kind: str  # null | file | directory | pipe | socket | eventfd | epoll
    queue: deque[bytes] = field(default_factory=deque)  # what can be read from it
    content: bytearray = field(default_factory=bytearray)
    count: int = 0
    partner: File | None = None  # where writes go
    writers: int = 0  # of a pipe
    interest: dict[int, bytes] = field(default_factory=dict)


@dataclass
class Handle:
    """An open file: how it was opened, and its offset."""

    file: File
    reads: bool = True
    writes: bool = True
    offset: int = 0


@dataclass
class Task:
    """A process, or a thread, which is a process that shares its memory and descriptors."""

    pid: int
    parent: int
    space: Space
    handles: dict[int, Handle]
    messages: deque[tuple[int, bytes]] = field(default_factory=deque)
    status: int | None = None  # as waitpid gives it, when it has ended
    context: Context | None = None

    def read(self, address: int, size: int) -> bytes:
        """The bytes that a pointer points to."""
        self.space.check(address, size, "a pointer to what is read")
        return self.space.read(address, size)

    def write(self, address: int, content: bytes) -> None:
        """Fill the bytes that a pointer points to."""
        self.space.check(address, len(content), "a pointer to what is filled")
        self.space.write(address, content)


class Files:
    """All calls on descriptors. Sockets and pipes take any amount, without delay."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = {path: File("file", content=bytearray(content)) for path, content in files.items()}

    def _open(self, task: Task, _: int, path: int, length: int, flags: int, mode: int) -> int:
        name = task.read(path, length).decode()
        if flags & ~0o103:
            raise Violation(f"open: flags {flags:#o} are not Aero's read, write, both and O_CREAT")
        if name == "/dev/null":
            return self._handle(task, Handle(File("null")))
        if name not in self.files:
            if not flags & 0o100:
                return -ENOENT
            self.files[name] = File("file")
        access = flags & 3
        return self._handle(task, Handle(self.files[name], access != 1, access != 0))

    @staticmethod
    def _handle(task: Task, handle: Handle) -> int:
        fd = next(number for number in range(256) if number not in task.handles)
        task.handles[fd] = handle
        return fd

    def _close(self, task: Task, fd: int) -> int:
        if fd not in task.handles:
            return -EBADFD
        self.drop(task.handles.pop(fd))
        return 0

    @staticmethod
    def drop(handle: Handle) -> None:
        if handle.file.kind == "pipe" and handle.writes:
            handle.file.writers -= 1

    def _dup(self, task: Task, fd: int, flags: int) -> int:
        if flags:
            raise Violation(f"dup: flags {flags:#x}")
        handle = task.handles[fd]
        handle.file.writers += handle.file.kind == "pipe" and handle.writes
        return self._handle(task, handle)

    def _fcntl(self, task: Task, fd: int, command: int, argument: int) -> int:
        if command == 6:
            task.space.check(argument, 32, "a lock")
            return 0  # a stub in Aero, too
        if command != 3:
            raise Violation(f"fcntl: command {command} is neither F_GETFL nor F_SETLK")
        handle = task.handles[fd]
        return 0 if not handle.writes else 2 if handle.reads else 1

    def _ioctl(self, task: Task, fd: int, command: int, argument: int) -> int:
        if command != 0x541B:
            raise Violation(f"ioctl: command {command:#x} is not FIONREAD")
        return -EACCES  # no file that the payload opens supports it

    def _seek(self, task: Task, fd: int, offset: int, start: int) -> int:
        handle = task.handles[fd]
        if start not in (1, 2, 3):
            raise Violation(f"seek: from {start}: the kernel panics")
        if handle.file.kind != "file":
            return -ESPIPE
        handle.offset = {1: handle.offset, 2: len(handle.file.content), 3: 0}[start] + offset
        return handle.offset

    def _stat(self, task: Task, path: int, length: int, into: int) -> int:
        file = self.files.get(task.read(path, length).decode())
        return self._fill_status(task, file, into) if file else -ENOENT

    def _fstat(self, task: Task, fd: int, path: int, length: int, flags: int, into: int) -> int:  # noqa: PLR0917 - its arguments
        if length or flags != 0x1000:
            raise Violation(f"fstat: a path of {length} bytes with flags {flags:#x} is not AT_EMPTY_PATH")
        return self._fill_status(task, task.handles[fd].file, into)

    @staticmethod
    def _fill_status(task: Task, file: File, into: int) -> int:
        task.write(into, struct.pack("<18q", *[0] * 6, len(file.content), *[0] * 11))
        return 0

    def _mkdir(self, task: Task, path: int, length: int) -> int:
        name = task.read(path, length).decode()
        if name in self.files:
            return -EEXIST
        self.files[name] = File(DIRECTORY)
        return 0

    def _rmdir(self, task: Task, path: int, length: int) -> int:
        return 0 if self.files.pop(task.read(path, length).decode(), None) else -ENOENT

    def _getdents(self, task: Task, fd: int, into: int, size: int) -> int:
        raise Violation("getdents: seek in a directory fails, and the payload calls it first")

    def _poll(self, task: Task, asked: int, count: int, timeout: int, mask: int) -> int:
        if task.read(timeout, 16) != bytes(16) or mask:
            raise Violation("poll: with a timeout or signals")
        ready = 0
        for at in range(asked, asked + 8 * count, 8):
            fd, events, _ = struct.unpack("<ihh", task.read(at, 8))
            if fd not in task.handles:
                return 0
            now = bool(task.handles[fd].file.queue) & events
            task.write(at + 6, struct.pack("<h", now))
            ready += bool(now)
        return ready

    def _unlink(self, task: Task, _: int, path: int, length: int, flags: int) -> int:
        return 0  # a stub in Aero, too

    def _read(self, task: Task, fd: int, into: int, length: int) -> Answer:
        handle = task.handles[fd]
        if not handle.reads:
            raise Violation(f"read: descriptor {fd} is not open for reading")

        def attempt() -> int | None:
            content = self._content(handle, length)
            if content is None:
                return None
            task.write(into, content)
            return len(content)

        return or_wait(attempt)

    @staticmethod
    def _content(handle: Handle, length: int) -> bytes | None:
        file = handle.file
        if file.kind == "file":
            content = bytes(file.content[handle.offset : handle.offset + length])
            handle.offset += len(content)
            return content
        if file.kind == "eventfd":
            if length < 8:
                raise Violation("read: an eventfd gives 8 bytes")
            count, file.count = file.count, 0
            return count.to_bytes(8, "little") if count else None
        if file.kind == "null" or (file.kind == "pipe" and not file.queue and not file.writers):
            return b""
        if not file.queue:
            return None
        chunk = file.queue.popleft()
        if len(chunk) > length:
            file.queue.appendleft(chunk[length:])
        return chunk[:length]

    def _write(self, task: Task, fd: int, bytes_at: int, length: int) -> int:
        handle, content = task.handles[fd], task.read(bytes_at, length)
        file = handle.file
        if not handle.writes:
            raise Violation(f"write: descriptor {fd} is not open for writing")
        if file.kind == "file":
            file.content[handle.offset : handle.offset + length] = content
            handle.offset += length
        elif file.kind == "eventfd":
            file.count += int.from_bytes(content, "little")
        elif file.kind == "socket" and file.partner is not None:
            file.partner.queue.append(content)
        elif file.kind == "pipe":
            file.queue.append(content)
        return length

    def _pipe(self, task: Task, ends: int, flags: int) -> int:
        file = File("pipe", writers=1)
        made = self._handle(task, Handle(file, True, False)), self._handle(task, Handle(file, False, True))
        task.write(ends, struct.pack("<2i", *made))
        return 0

    def _socketpair(self, task: Task, domain: int, kind: int, protocol: int, ends: int) -> int:
        if domain != 3 or kind not in (1, 3, 4) or protocol:
            raise Violation(f"socketpair: ({domain}, {kind}, {protocol}) is not one of Aero's AF_UNIX")
        one, other = File("socket"), File("socket")
        one.partner, other.partner = other, one
        made = self._handle(task, Handle(one)), self._handle(task, Handle(other))
        task.write(ends, struct.pack("<2i", *made))
        return 0

    def _eventfd(self, task: Task, initial: int, flags: int) -> int:
        if initial or flags:
            raise Violation("eventfd: Aero ignores an initial count, and flags crash it")
        return self._handle(task, Handle(File("eventfd")))

    def _epoll_create(self, task: Task, flags: int) -> int:
        return self._handle(task, Handle(File("epoll"))) if flags in (0, 1) else -EINVAL

    def _epoll_ctl(self, task: Task, queue: int, operation: int, fd: int, event: int) -> int:
        interest, known = task.handles[queue].file.interest, task.read(event, 12)
        if operation not in (1, 2):
            raise Violation(f"epoll_ctl: operation {operation} is neither EPOLL_CTL_ADD nor EPOLL_CTL_DEL")
        if operation == 1:
            interest[fd] = known
            return 0
        return 0 if interest.pop(fd, None) else -ENOENT

    def _epoll_pwait(self, task: Task, queue: int, events: int, count: int, *timeout_and_mask: int) -> int:
        if timeout_and_mask[0]:
            raise Violation("epoll_pwait: only a timeout of 0 works there")
        task.space.check(events, 12 * count, "a pointer")
        for fd, event in task.handles[queue].file.interest.items():
            if task.handles[fd].file.queue:
                task.write(events, event)
                return 1
        return 0
