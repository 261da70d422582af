"""Schemes of Redox programs, and descriptors that are sent through pipes."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.support.abi.machine import PAGE, Context, Violation, Wait
from tests.support.abi.redox_descriptors import EBADF, Descriptors
from tests.support.abi.redox_things import ContextHandle, PipeEnd, PipeState, Scheme, SchemeFile, request

ENODEV = 19
OPEN_AT, CALLED = 29, 28  # requests
SEND, RECEIVE, RECEIVE_ANY, BOTH_WAYS, ONE_WORD = (
    0xA00,
    0x4C00,
    0xC00,
    0x600,
    1,
)  # SYS_CALL: flags, and how many words of metadata
IO_PORTS = 255
MAP_AREA = 0x100000000


class SchemeCalls(Descriptors):
    """SYS_CALL in all its uses, and both sides of a scheme."""

    _era: str

    def __init__(self) -> None:
        super().__init__()
        self._io_ports: list[Context] = []  # contexts that may use I/O ports

    def _take_answer(self, scheme: Scheme, content: bytes) -> int:
        if len(content) != 16:
            raise Violation(f"an answer of {len(content)} bytes")
        kind, tag, result = struct.unpack("<B3xIQ", content)
        if kind or tag not in scheme.answers or scheme.answers[tag] is not None:
            raise Violation(f"an answer of kind {kind} to request {tag}, which is not pending")
        scheme.answers[tag] = result
        return 16

    def _ask(
        self, scheme: Scheme, operation: int, arguments: tuple[int, ...], then: Callable[[int], int]
    ) -> int | Wait:
        if scheme.gone:
            return -ENODEV
        scheme.tags += 1
        tag = scheme.tags
        scheme.answers[tag] = None
        scheme.requests.append(request(operation, tag, *arguments))

        def ask() -> int | None:
            result = scheme.answers[tag]
            if result is None:
                return -ENODEV if scheme.gone else None
            del scheme.answers[tag]
            return then(result)

        return ask

    def _call(self, context: Context, fd: int, start: int, size: int, *rest: int) -> int | Wait | None:
        bits, metadata = rest[:2]
        thing = self._thing(context, fd)
        if thing is None:
            return -EBADF
        match thing:
            case ContextHandle() if bits == ONE_WORD:
                context.space.check(metadata, 8, "call, metadata")
                if context.space.read(metadata, 8) != struct.pack("<Q", IO_PORTS):
                    raise Violation("a context gets a call for something else than I/O ports")
                self._io_ports.append(context)
                return 0
            case PipeEnd() if size == 8:
                return self._carry(context, thing, start, bits)
            case SchemeFile(scheme, number) if bits == BOTH_WAYS:
                return self._call_scheme(context, scheme, number, start, size)
        raise Violation(f"call of {thing} with flags {bits:#x} and {size} bytes")

    def _carry(self, context: Context, end: PipeEnd, at: int, bits: int) -> int | Wait:
        """Send a descriptor into a pipe, or receive one; `at`: address of its number."""
        pipe = end.pipe
        (fd,) = struct.unpack("<Q", context.space.read(at, 8))
        match end.writes, bits:
            case True, 0xA00:
                description = self._files(context).table.pop(fd, None)
                if description is None:
                    return -EBADF
                pipe.sent.append(description)
                return 1
            case False, 0x4C00:
                return lambda: self._receive(context, pipe, fd)
            case False, 0xC00 if self._era == "2026-01":  # the kernel picks the number and reports it
                return lambda: self._receive(context, pipe, None, at)
        raise Violation(f"call of a pipe's end, which writes {end.writes}, with flags {bits:#x}")

    def _receive(self, context: Context, pipe: PipeState, wanted: int | None, into: int = 0) -> int | None:
        """`into`: address for the number that the kernel picked; 0: the program chose it."""
        if pipe.sent:
            fd = self._place(context, wanted, pipe.sent.pop(0))
            if into:
                context.space.write(into, struct.pack("<Q", fd))
            return 1
        return None if True in pipe.open_ends else 0

    def _call_scheme(self, context: Context, scheme: Scheme, number: int, start: int, size: int) -> int | Wait:
        """The server accesses the caller's bytes: in its own space, or in a copy that is copied back."""
        server = scheme.context.space
        if not size or server is context.space:
            return self._ask(scheme, CALLED, (number, start, size), lambda result: result)
        pages = -(-(start % PAGE + size) // PAGE) * PAGE
        window = server.room(pages, MAP_AREA)
        server.map(window, pages)
        server.write(window + start % PAGE, context.space.read(start, size))

        def answered(result: int) -> int:
            context.space.write(start, server.read(window + start % PAGE, size))
            server.unmap(window, pages)
            return result

        return self._ask(scheme, CALLED, (number, window + start % PAGE, size), answered)
