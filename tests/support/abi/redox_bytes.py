"""Reads and writes of a Redox kernel: what each kind of object behind a descriptor gives and takes."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tests.support.abi.machine import Context, Violation, Wait
from tests.support.abi.redox_contexts import END, ContextCalls
from tests.support.abi.redox_descriptors import EBADF
from tests.support.abi.redox_schemes import SchemeCalls
from tests.support.abi.redox_things import Aspect, Clock, ContextHandle, PipeEnd, PipeState, Queue, Scheme, Served
from tests.support.abi.redox_time import TimeCalls

EFAULT, EPIPE = 14, 32


class ByteCalls(ContextCalls, SchemeCalls, TimeCalls):
    """The two calls that move bytes."""

    def _read(self, context: Context, fd: int, into: int, size: int, *_: int) -> int | Wait:
        thing = self._thing(context, fd)
        space = context.space

        def give(content: bytes) -> int:
            if not space.may_write(into, len(content)):
                return -EFAULT
            space.write(into, content)
            return len(content)

        match thing:
            case None:
                return -EBADF
            case Served():
                return thing.read(size, give)
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
        if thing is None or isinstance(thing, Served):
            return -EBADF if thing is None else thing.write(content)
        match thing:
            case PipeEnd(pipe, True):
                return lambda: self._fill(thing, pipe, content)
            case Queue():
                self._watch(context, thing, content)
            case Clock():
                self._set_alarm(context, thing, start, size)
            case Scheme():
                return self._take_answer(thing, content)
            case ContextHandle(owner):
                if content != struct.pack("<Q", END) or owner.context is not context:
                    raise Violation("a context can only be ended by itself, with one word")
                self._finish(owner)
                return None
            case Aspect():
                self._prepare(context, thing, content)
                if thing.process.dead and thing.process.context is context:
                    return None
            case _:
                raise Violation(f"write to {thing}")
        return size

    def _watch(self, context: Context, queue: Queue, content: bytes) -> None:
        if len(content) != 24:
            raise Violation(f"write of {len(content)} bytes of events")
        of, bits, data = struct.unpack("<3Q", content)
        watched = self._thing(context, of)
        if watched is None or bits not in (0, 1):
            raise Violation(f"event {bits:#x} of descriptor {of}")
        queue.watched = [one for one in queue.watched if one[:2] != (watched, of)]
        if bits:
            queue.watched.append((watched, of, data))
        if not any(one is queue for one in self._queues):
            self._queues.append(queue)

    def _fill(self, end: PipeEnd, pipe: PipeState, content: bytes) -> int | None:
        if False not in pipe.open_ends:
            return -EPIPE
        room = pipe.capacity - len(pipe.bytes)
        if not room:
            return None
        pipe.bytes += content[:room]
        self._happened(lambda thing: isinstance(thing, PipeEnd) and thing.pipe is pipe and not thing.writes)
        return min(room, len(content))
