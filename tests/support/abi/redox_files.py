"""Calls on files of Redox: a descriptor's offset, reads and writes at an offset, status, flags, protection."""

from __future__ import annotations

import struct

from tests.support.abi.machine import MASK, Context, Violation
from tests.support.abi.redox_daemons import File
from tests.support.abi.redox_descriptors import EBADF, Descriptors

SEEK_CUR, GET_FLAGS, STATUS = 1, 3, 104
READ, WRITE = 0x40000, 0x20000  # protection


class FileCalls(Descriptors):
    """A userland's files. A bare kernel has none, only the calls that work on any descriptor."""

    def _file(self, context: Context, fd: int) -> File | None:
        thing = self._thing(context, fd)
        if thing is not None and not isinstance(thing, File):
            raise Violation(f"{thing} gets a call that only a file supports")
        return thing

    def _lseek(self, context: Context, fd: int, offset: int, start: int, *_: int) -> int:
        if offset or start != SEEK_CUR:
            raise Violation(f"lseek by {offset} from {start}: not a query of the offset")
        file = self._file(context, fd)
        return file.at if file else -EBADF

    def _fcntl(self, context: Context, fd: int, command: int, *_: int) -> int:
        if command != GET_FLAGS:
            raise Violation(f"fcntl: command {command}")
        return 0x30000 if self._thing(context, fd) else -EBADF

    def _fstat(self, context: Context, fd: int, into: int, size: int, *_: int) -> int:
        file = self._file(context, fd)
        if size != STATUS:
            raise Violation(f"fstat of {size} bytes")
        if file:
            context.space.write(into, struct.pack("<13Q", *[0] * 4, len(file.content), *[0] * 8))
        return 0 if file else -EBADF

    def _read2(self, context: Context, fd: int, into: int, size: int, *rest: int) -> int:
        file = self._at_a_place(context, fd, rest)
        part = bytes(file.content[rest[0] : rest[0] + size]) if file else b""
        context.space.write(into, part)
        return len(part) if file else -EBADF

    def _write2(self, context: Context, fd: int, start: int, size: int, *rest: int) -> int:
        file = self._at_a_place(context, fd, rest)
        if file and not file.writable:
            raise Violation("a file that was opened for reading is written to")
        if file:
            file.content[rest[0] : rest[0] + size] = context.space.read(start, size)
        return size if file else -EBADF

    def _at_a_place(self, context: Context, fd: int, rest: tuple[int, ...]) -> File | None:
        if rest[1] != MASK:
            raise Violation(f"flags {rest[1]:#x} are not the descriptor's own")
        return self._file(context, fd)

    def _mprotect(self, context: Context, at: int, size: int, bits: int, *_: int) -> int:
        if not bits & READ:
            raise Violation("memory without permission to read")
        context.space.protect(at, size, bool(bits & WRITE))
        return 0
