"""The objects that a descriptor of Redox may refer to, and the tables of descriptors."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.abi.machine import Context, Space, Violation, Wait

CLOSED = 27  # a notification to a scheme, without an answer


def request(operation: int, tag: int, *arguments: int) -> bytes:
    """A request as a scheme reads it: 64 bytes."""
    words = [*arguments, *[0] * (6 - len(arguments))]
    return struct.pack("<BBHI6QQ", operation, 0, 0, tag, *words, 1)


class Thing:
    """An object that a descriptor may refer to."""

    def closed(self) -> None:
        """The last descriptor of it was closed."""


@dataclass(eq=False)
class Root(Thing):
    """The root of a kernel scheme."""

    scheme: int


class Served(Thing, ABC):
    """An object that serves its own reads and writes."""

    @abstractmethod
    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """The result of a read of `size` bytes."""

    @abstractmethod
    def write(self, content: bytes) -> int:
        """The result of a write of `content`."""


@dataclass(eq=False)
class Console(Served):
    """A console: keeps what is written to it, messages for people or records."""

    written: bytearray

    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """Not allowed: it has no input."""
        raise Violation(f"read of {size} bytes from the console")

    def write(self, content: bytes) -> int:
        """See Served."""
        self.written += content
        return len(content)


@dataclass(eq=False)
class Text(Served):
    """A file of the sys scheme."""

    content: bytes

    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """See Served."""
        return give(self.content[:size])

    def write(self, content: bytes) -> int:
        """Not allowed."""
        raise Violation(f"{len(content)} bytes are written to a text of the kernel's")


@dataclass(eq=False)
class PipeState:
    """A pipe: bytes and descriptors that were sent and not received yet."""

    bytes: bytearray = field(default_factory=bytearray)
    sent: list[Description] = field(default_factory=list)
    open_ends: set[bool] = field(default_factory=lambda: {False})
    capacity: int = 65536


@dataclass(eq=False)
class PipeEnd(Thing):
    """One end of a pipe."""

    pipe: PipeState
    writes: bool

    def closed(self) -> None:
        """The other end sees that this one is closed."""
        self.pipe.open_ends.discard(self.writes)


@dataclass(eq=False)
class Queue(Thing):
    """An event queue: events are remembered until they are read."""

    events: list[tuple[int, int, int]] = field(default_factory=list)
    watched: list[tuple[Thing, int, int]] = field(default_factory=list)  # what, its descriptor, data


@dataclass(eq=False)
class Clock(Thing):
    """A clock of the time scheme: an event of it happens at the time that is written to it."""


@dataclass(eq=False)
class Scheme(Thing):
    """A user scheme's socket."""

    context: Context
    requests: list[bytes] = field(default_factory=list)
    answers: dict[int, int | None] = field(default_factory=dict)  # None: not yet
    tags: int = 0
    gone: bool = False

    def closed(self) -> None:
        """Its requests get no answer any more."""
        self.gone = True


@dataclass(eq=False)
class SchemeFile(Thing):
    """A file of a user scheme."""

    scheme: Scheme
    number: int

    def closed(self) -> None:
        """The server gets a notification; its tag belongs to no request."""
        self.scheme.requests.append(request(CLOSED, 0, self.number))


@dataclass(eq=False)
class Process:
    """A context as the context scheme sees it."""

    context: Context | None = None
    files: Files | None = None
    started: bool = False
    dead: bool = False


@dataclass(eq=False)
class ContextHandle(Thing):
    """A descriptor of a context."""

    process: Process


@dataclass(eq=False)
class Aspect(Thing):
    """One aspect of a context, such as its address space; what is written takes effect at close."""

    process: Process
    name: str
    change: Callable[[], None] | None = None

    def closed(self) -> None:
        """Make the change."""
        if self.change:
            self.change()


@dataclass(eq=False)
class SpaceHandle(Thing):
    """An address space."""

    space: Space


@dataclass(eq=False)
class FilesHandle(Thing):
    """A table of descriptors."""

    files: Files


@dataclass(eq=False)
class Description:
    """An open object; `held`: how many descriptors refer to it."""

    thing: Thing
    held: int = 1

    def drop(self) -> None:
        """One descriptor fewer; without any, the object is closed."""
        self.held -= 1
        if not self.held:
            self.thing.closed()


@dataclass(eq=False)
class Files:
    """Descriptors by number, shared by the threads of a process."""

    table: dict[int, Description] = field(default_factory=dict)
    users: int = 0

    def copy(self) -> Files:
        """The table of a new process."""
        for description in self.table.values():
            description.held += 1
        return Files(dict(self.table))
