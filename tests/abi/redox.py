"""The Redox kernel as its programs see it, as far as the port uses it."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.abi.machine import MASK, PAGE, Context, Ended, Machine, Space, Violation, Wait
from tests.abi.redox_contexts import END, ContextCalls
from tests.abi.redox_descriptors import EBADF
from tests.abi.redox_schemes import MAP_AREA, OPEN_AT, SchemeCalls
from tests.abi.redox_table import TABLE
from tests.abi.redox_things import (
    Aspect,
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
from tests.abi.redox_time import TimeCalls
from tests.abi.shapes import check

USER = 0x1000  # where the first program is copied to; at 26 bytes stands its entry
ENTRY_AT = 0x1A
METADATA = 0x7FFFFFFFC000  # count, (scheme id, descriptor) of each, descriptor of the right to make schemes
UPPER = 1 << 62  # of the descriptors that the kernel hands out itself
SCHEMES = range(1, 12)
CREATION = 16  # the right to make schemes
UNKNOWN = 4095  # the number that stands for all that do not exist
EPIPE, ENOSYS = 32, 38


class RedoxKernel(ContextCalls, SchemeCalls, TimeCalls):
    """See machine.Kernel."""

    def __init__(self, program: bytes) -> None:
        SchemeCalls.__init__(self)
        TimeCalls.__init__(self)
        self.machine = Machine(self)
        self.records, self.console = bytearray(), bytearray()
        self.used: set[str] = set()
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

    def run(self) -> int | None:
        """To the end: what was written to the debug exit."""
        return self.machine.run()

    # --- machine.Kernel ---

    def call(self, context: Context) -> int | Wait | None:
        """Look the call up, check its arguments, serve it."""
        number, arguments = context.number, context.arguments
        if number == UNKNOWN:
            self.used.add("unknown")
            return -ENOSYS
        call = check(TABLE, number, arguments, context.space)
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
        """Its data register, its settings, and the debug exit."""
        self._check_port(context, port)
        if port == 0xF4:
            raise Ended(value)
        if port not in range(0x2F8, 0x2F8 + 5):
            raise Violation(f"OUT to port {port:#x}")
        if port == 0x2F8 and value != 1:  # the divisor, once
            self.records.append(value)

    def _check_port(self, context: Context, port: int) -> None:
        if context not in self._io_ports:
            raise Violation(f"I/O port {port:#x} without leave")

    # --- memory ---

    def _fmap(self, context: Context, fd: int, at: int, size: int, *_: int) -> int:
        offset, length, bits, address = struct.unpack("<4Q", context.space.read(at, 32))
        sharing = bits & 3
        if fd != MASK or size != 32 or offset or address or bits & ~0x60003 or sharing not in (1, 2):
            raise Violation(f"fmap of descriptor {fd:#x}: {offset:#x} {length:#x} {bits:#x} {address:#x}")
        where = context.space.room(length, MAP_AREA)
        context.space.map(where, length, shared=sharing == 1)
        return where

    def _funmap(self, context: Context, at: int, size: int, *_: int) -> int:
        context.space.unmap(at, size)
        return 0

    # --- descriptors ---

    def _openat_into(self, context: Context, root: int, path: int, size: int, *rest: int) -> int | Wait:
        thing, name, fd = self._thing(context, root), context.space.read(path, size), rest[2]
        if isinstance(thing, SchemeFile):
            return self._ask(thing.scheme, OPEN_AT, (thing.number, 0, size, rest[0]), self._opened(context, thing, fd))
        if not isinstance(thing, Root):
            return -EBADF
        made: Thing
        match thing.scheme, name:
            case (1, b""):
                made = Console()
            case (2, b""):
                made = Queue()
            case (4, b""):
                made = PipeEnd(PipeState(), writes=False)
            case (8, b"uname"):
                made = Text(b"Redox\n0.5.12\nx86_64\n0123abcd\n")
            case (8, b"cpu"):
                made = Text(b"CPUs: 1\nVendor: none\n")
            case _:
                raise Violation(f"openat_into: {name!r} in scheme {thing.scheme}")
        return self._place(context, fd, Description(made))

    def _opened(self, context: Context, root: SchemeFile, fd: int) -> Callable[[int], int]:
        def opened(result: int) -> int:
            if result >= 1 << 63:
                return result
            return self._place(context, fd, Description(SchemeFile(root.scheme, result)))

        return opened

    def _dup_into(self, context: Context, fd: int, what: int, size: int, into: int, *_: int) -> int:
        thing, name = self._thing(context, fd), context.space.read(what, size)
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
            case Scheme() if size == 32:
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
                raise Violation(f"dup_into: {name!r} of {thing}")
        return self._place(context, into, Description(made))

    def _read(self, context: Context, fd: int, into: int, size: int, *_: int) -> int | Wait:
        thing = self._thing(context, fd)
        space = context.space

        def give(content: bytes) -> int:
            space.write(into, content)
            return len(content)

        match thing:
            case None:
                return -EBADF
            case Text(content):
                return give(content[:size])
            case PipeEnd(pipe, False):
                return lambda: self._drain(pipe, size, give)
            case Queue():
                if size % 24 or not size:
                    raise Violation(f"read of {size} bytes of events")
                return lambda: give(struct.pack("<3Q", *thing.events.pop(0))) if thing.events else None
            case Scheme():
                if size != 64:
                    raise Violation(f"read of {size} bytes of requests")
                return lambda: give(thing.requests.pop(0)) if thing.requests else None
            case Aspect(owner, "status"):
                return give(struct.pack("<Q", 4 if owner.dead else 0)[:size])
        raise Violation(f"read of {thing}")

    def _drain(self, pipe: PipeState, size: int, give: Callable[[bytes], int]) -> int | None:
        if pipe.bytes:
            content = bytes(pipe.bytes[:size])
            del pipe.bytes[:size]
            return give(content)
        return None if True in pipe.open_ends else 0

    def _write(self, context: Context, fd: int, start: int, size: int, *_: int) -> int | Wait | None:
        thing, content = self._thing(context, fd), context.space.read(start, size)
        match thing:
            case None:
                return -EBADF
            case Console():
                self.console += content
            case PipeEnd(pipe, True):
                return lambda: self._fill(thing, pipe, content)
            case Queue():
                if size != 24:
                    raise Violation(f"write of {size} bytes of events")
                of, bits, data = struct.unpack("<3Q", content)
                watched = self._thing(context, of)
                if watched is None or bits != 1:
                    raise Violation(f"event {bits:#x} of descriptor {of}")
                thing.watched.append((watched, of, data))
                if not any(one is thing for one in self._queues):
                    self._queues.append(thing)
            case Scheme():
                return self._take_answer(thing, content)
            case ContextHandle(owner):
                if content != struct.pack("<Q", END) or owner.context is not context:
                    raise Violation("a context can only be ended by itself, with one word")
                self._finish(owner)
                return None
            case Aspect():
                self._prepare(context, thing, content)
            case _:
                raise Violation(f"write to {thing}")
        return size

    def _fill(self, end: PipeEnd, pipe: PipeState, content: bytes) -> int | None:
        if False not in pipe.open_ends:
            return -EPIPE
        room = pipe.capacity - len(pipe.bytes)
        if not room:
            return None
        pipe.bytes += content[:room]
        self._happened(lambda thing: isinstance(thing, PipeEnd) and thing.pipe is pipe and not thing.writes)
        return min(room, len(content))
