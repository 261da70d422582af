"""What daemons of a Redox userland offer: files, the null device, sockets, channels, memory objects."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.abi.machine import Violation, Wait
from tests.support.abi.redox_table import CREATE, READ_WRITE
from tests.support.abi.redox_things import Served, Thing

ENOENT, EPIPE = 2, 32
WRITES = 0x20000


@dataclass(eq=False)
class Daemon(Thing):
    """A scheme's root, as the namespace hands it out."""

    name: str


@dataclass(eq=False)
class Device(Served):
    """Discards what is written; reads give nothing, or zeros."""

    zeros: bool

    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """See Served."""
        return give(bytes(size)) if self.zeros else 0

    def write(self, content: bytes) -> int:
        """See Served."""
        return len(content)


@dataclass(eq=False)
class File(Served):
    """An open file; all who open it share its bytes."""

    content: bytearray
    writable: bool
    at: int = 0

    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """See Served."""
        part = bytes(self.content[self.at : self.at + size])
        self.at += len(part)
        return give(part)

    def write(self, content: bytes) -> int:
        """See Served."""
        if not self.writable:
            raise Violation("a file that was opened for reading is written to")
        self.content[self.at : self.at + len(content)] = content
        self.at += len(content)
        return len(content)


@dataclass(eq=False)
class End(Served):
    """One end of a connection. It has a partner once the listener accepted it."""

    came: bytearray = field(default_factory=bytearray)
    partner: End | None = None
    gone: bool = False

    def closed(self) -> None:
        """The partner sees that this end is gone."""
        self.gone = True

    def read(self, size: int, give: Callable[[bytes], int]) -> int | Wait:
        """See Served."""

        def answer() -> int | None:
            if self.came:
                part = bytes(self.came[:size])
                del self.came[:size]
                return give(part)
            return 0 if self.partner is None or self.partner.gone else None

        return answer

    def write(self, content: bytes) -> int:
        """See Served."""
        if self.partner is None or self.partner.gone:
            return -EPIPE
        self.partner.came += content
        return len(content)


@dataclass(eq=False)
class Listener(Thing):
    """Where connections are made: `connect` gives one end, `listen` the other end of the first that waits."""

    waiting: list[End] = field(default_factory=list)

    def connect(self, name: bytes) -> Thing:
        """What a dup of that name gives."""
        if name == b"connect":
            self.waiting.append(End())
            return self.waiting[-1]
        if name == b"listen" and self.waiting:
            connecting = self.waiting.pop(0)
            connecting.partner = End(partner=connecting)
            return connecting.partner
        raise Violation(f"dup of a listener: {name!r} with {len(self.waiting)} waiting")


@dataclass(eq=False)
class Object(Thing):
    """A memory object; the first mapping sets its size."""

    memory: mmap.mmap | None = None


class Daemons:
    """All daemons, with their files and memory objects."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.objects: dict[str, Object] = {}

    def open(self, scheme: str, name: str, bits: int) -> Thing | int:
        """The opened object, or a negative errno."""
        match scheme, name:
            case "null" | "zero", "":
                return Device(scheme == "zero")
            case "uds_stream", "":
                self._wants(bits, READ_WRITE | CREATE, "a socket")
                return Listener()
            case "chan", _ if name:
                self._wants(bits, READ_WRITE | CREATE, "a channel")
                return Listener()
            case "shm", _ if name:
                self._wants(bits, READ_WRITE | CREATE, "a memory object")
                return self.objects.setdefault(name, Object())
            case "file", _ if name:
                if bits & CREATE:
                    self.files.setdefault(name, bytearray())
                if name not in self.files:
                    return -ENOENT
                return File(self.files[name], bool(bits & WRITES))
        raise Violation(f"{name!r} of scheme {scheme} is opened")

    def remove(self, scheme: str, name: str) -> int:
        """0, or a negative errno."""
        removed = (self.files if scheme == "file" else self.objects).pop(name, None)
        return -ENOENT if removed is None else 0

    def _wants(self, bits: int, wanted: int, what: str) -> None:
        if bits != wanted:
            raise Violation(f"{what} is opened with {bits:#x}")
