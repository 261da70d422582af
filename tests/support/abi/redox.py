"""A model of the Redox kernel as its programs see it, as far as the port uses it."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable

from tests.support.abi.machine import MASK, PAGE, Context, Ended, Machine, Space, Violation, Wait
from tests.support.abi.redox_bytes import ByteCalls
from tests.support.abi.redox_descriptors import EBADF
from tests.support.abi.redox_files import FileCalls
from tests.support.abi.redox_schemes import MAP_AREA, OPEN_AT, SchemeCalls
from tests.support.abi.redox_table import PROBES, TABLES, UNKNOWN
from tests.support.abi.redox_things import (
    Clock,
    Console,
    ContextHandle,
    Description,
    Files,
    FilesHandle,
    PipeEnd,
    PipeState,
    Process,
    Queue,
    Root,
    Scheme,
    SchemeFile,
    SpaceHandle,
    Text,
    Thing,
)
from tests.support.abi.redox_time import TimeCalls
from tests.support.abi.shapes import check

USER = 0x1000  # where the first program is copied to; its entry's address is at offset 26
ENTRY_AT = 0x1A
METADATA = 0x7FFFFFFFC000  # count, (scheme id, descriptor) of each, descriptor of the right to make schemes
UPPER = 1 << 62  # of the descriptors that the kernel hands out itself
SCHEMES = range(1, 12)
CREATION = 16  # the right to make schemes
ENOSYS = 38


class RedoxCalls(ByteCalls, FileCalls, TimeCalls):
    """See machine.Kernel. The kernel's calls in one era, however the first program is started."""

    def __init__(self, era: str) -> None:
        SchemeCalls.__init__(self)
        TimeCalls.__init__(self)
        self.machine = Machine(self)
        self.records, self.console = bytearray(), bytearray()
        self.used: set[str] = set()
        self._era, self._table = era, TABLES[era]

    def run(self) -> int | None:
        """Run to the end; returns what was written to the debug exit."""
        return self.machine.run()

    # --- machine.Kernel ---

    def call(self, context: Context) -> int | Wait | None:
        """Look the call up, check its arguments, serve it."""
        number, arguments = context.number, context.arguments
        if number == UNKNOWN:
            self.used.add("unknown")
            return -ENOSYS
        if number not in self._table and number in PROBES:
            return -ENOSYS
        call = check(self._table, number, arguments, context.space)
        self.used.add(call.name)
        result: int | Wait | None = getattr(self, f"_{call.name}")(context, *arguments)
        return result

    def port_in(self, context: Context, port: int) -> int:
        """Line status of the second serial port: empty, ready."""
        self._check_port(context, port)
        if port != 0x2F8 + 5:
            raise Violation(f"IN from port {port:#x}")
        return 0x60

    def port_out(self, context: Context, port: int, value: int) -> None:
        """The second serial port's data register and settings, and the debug exit."""
        self._check_port(context, port)
        if port == 0xF4:
            raise Ended(value)
        if port not in range(0x2F8, 0x2F8 + 5):
            raise Violation(f"OUT to port {port:#x}")
        if port == 0x2F8 and value != 1:  # the divisor, once
            self.records.append(value)

    def fault(self, context: Context) -> bool:
        """The program gets no signal."""
        return False

    def _check_port(self, context: Context, port: int) -> None:
        if context not in self._io_ports:
            raise Violation(f"I/O port {port:#x} without permission")

    # --- memory ---

    def _fmap(self, context: Context, fd: int, at: int, size: int, *_: int) -> int:
        offset, length, bits, address = struct.unpack("<4Q", context.space.read(at, 32))
        sharing = bits & 3
        if size != 32 or offset or address or bits & ~0x60003 or sharing not in (1, 2):
            raise Violation(f"fmap of descriptor {fd:#x}: {offset:#x} {length:#x} {bits:#x} {address:#x}")
        memory = None if fd == MASK else self._object(context, fd, length, sharing == 1)
        where = context.space.room(length, MAP_AREA)
        context.space.map(where, length, memory, shared=sharing == 1)
        return where

    def _object(self, context: Context, fd: int, length: int, shared: bool) -> mmap.mmap:
        raise Violation(f"fmap of {self._thing(context, fd)}: {length:#x} bytes, shared {shared}")

    def _funmap(self, context: Context, at: int, size: int, *_: int) -> int:
        context.space.unmap(at, size)
        return 0

    def _mremap(self, context: Context, at: int, size: int, *rest: int) -> int:
        space, (to, grown, bits) = context.space, rest[:3]
        if to or bits != 0x60000 or (at | size | grown) % PAGE:
            raise Violation(f"mremap of {size:#x} bytes at {at:#x} to {grown:#x} at {to:#x} with flags {bits:#x}")
        where = space.room(max(size, grown), MAP_AREA)
        space.map(where, grown)
        space.write(where, space.read(at, min(size, grown)))
        space.unmap(at, size)
        return where

    # --- descriptors ---

    def _openat_into(self, context: Context, root: int, path: int, size: int, *rest: int) -> int | Wait:
        return self._open_in(context, self._thing(context, root), context.space.read(path, size), rest[0], rest[2])

    def _openat(self, context: Context, root: int, path: int, size: int, *rest: int) -> int | Wait:
        return self._open_in(context, self._thing(context, root), context.space.read(path, size), rest[0], None)

    def _open_in(self, context: Context, thing: Thing | None, name: bytes, bits: int, fd: int | None) -> int | Wait:
        """`fd`: the number that the program chose; None where the kernel picks one."""
        if isinstance(thing, SchemeFile):
            asked = (thing.number, 0, len(name), bits)
            return self._ask(thing.scheme, OPEN_AT, asked, self._opened(context, thing, fd))
        if not isinstance(thing, Root):
            return -EBADF
        made: Thing
        match thing.scheme, name:
            case (1, b""):
                made = Console(self.console)
            case (2, b""):
                made = Queue()
            case (4, b""):
                made = PipeEnd(PipeState(), writes=False)
            case (7, b"4"):
                made = Clock()
            case (8, b"uname"):
                made = Text(b"Redox\n0.5.12\nx86_64\n0123abcd\n")
            case (8, b"cpu"):
                made = Text(b"CPUs: 1\nVendor: none\n")
            case _:
                raise Violation(f"open: {name!r} in scheme {thing.scheme}")
        return self._place(context, fd, Description(made))

    def _opened(self, context: Context, root: SchemeFile, fd: int | None) -> Callable[[int], int]:
        def opened(result: int) -> int:
            if result >= 1 << 63:
                return result
            return self._place(context, fd, Description(SchemeFile(root.scheme, result)))

        return opened

    def _dup_into(self, context: Context, fd: int, what: int, size: int, into: int, *_: int) -> int | Wait:
        return self._duplicate(context, fd, context.space.read(what, size), into)

    def _dup(self, context: Context, fd: int, what: int, size: int, *_: int) -> int | Wait:
        return self._duplicate(context, fd, context.space.read(what, size), None)

    def _duplicate(self, context: Context, fd: int, name: bytes, into: int | None) -> int | Wait:
        description = self._files(context).table.get(fd)
        if description is None:
            return -EBADF
        if not name:
            description.held += 1
            return self._place(context, into, description)
        return self._place(context, into, Description(self._derived(context, description.thing, name)))

    def _derived(self, context: Context, thing: Thing, name: bytes) -> Thing:
        """What a dup with a name gives, by kind of object."""
        process: Process = context.private["process"]
        made: Thing
        match thing:
            case PipeEnd(pipe, False) if name == b"write" and True not in pipe.open_ends:
                pipe.open_ends.add(True)
                made = PipeEnd(pipe, writes=True)
            case Root(9) if name == b"cur-context":
                made = ContextHandle(process)
            case Root(9) if name == b"new-context":
                made = ContextHandle(Process())
            case Root(16) if name == b"create-scheme":
                made = Scheme(context)
            case Scheme() if len(name) == 32:
                offset, number, bits, internal = struct.unpack_from("<3QB", name)
                if offset or internal or bits & ~0x30000:
                    raise Violation(f"a scheme's new file: offset {offset}, flags {bits:#x}, internal {internal}")
                made = SchemeFile(thing, number)
            case ContextHandle(owner):
                made = self._aspect(owner, name)
            case SpaceHandle(space) if name == b"exclusive":
                made = SpaceHandle(space.copy())
            case FilesHandle(files) if name == b"copy":
                made = FilesHandle(files.copy())
            case _:
                raise Violation(f"dup: {name!r} of {thing}")
        return made


class RedoxKernel(RedoxCalls):
    """A bare kernel, with `program` as the first program that it starts."""

    def __init__(self, program: bytes, era: str = "2026-07") -> None:
        super().__init__(era)
        space = Space(self.machine)
        size = -(-len(program) // PAGE) * PAGE
        space.map(USER, size).memory[: len(program)] = program
        self._give_roots(space)
        process = Process(Context(space), Files(users=1), started=True)
        assert process.context
        assert process.files
        for scheme in (*SCHEMES, CREATION):
            process.files.table[UPPER | scheme] = Description(Root(scheme))
        process.context.private["process"] = process
        process.context.start(struct.unpack_from("<Q", program, ENTRY_AT)[0], 0)
        self.machine.contexts.append(process.context)

    def _give_roots(self, space: Space) -> None:
        words = [len(SCHEMES)]
        for scheme in SCHEMES:
            words += [scheme, UPPER | scheme]
        words.append(UPPER | CREATION)
        space.map(METADATA, 2 * PAGE)
        space.write(METADATA, struct.pack(f"<{len(words)}Q", *words))
