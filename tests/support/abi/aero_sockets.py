"""Aero's sockets with an address, as far as they work: one thread alone can connect none."""

from __future__ import annotations

import struct

from tests.support.abi.aero_files import DIRECTORY, EACCES, EEXIST, ENOTSOCK, File, Files, Handle, Task
from tests.support.abi.machine import Violation

INTERNET, UNIX = 1, 3
DATAGRAM, STREAM = 1, 4


class Sockets(Files):
    """A local socket's name is a file's path; the network has no loopback."""

    def _socket(self, task: Task, domain: int, kind: int, protocol: int) -> int:
        if (domain, kind) not in ((INTERNET, DATAGRAM), (INTERNET, STREAM), (UNIX, STREAM)) or protocol:
            raise Violation(f"socket: ({domain}, {kind}, {protocol})")
        names = {(INTERNET, DATAGRAM): "udp", (INTERNET, STREAM): "tcp", (UNIX, STREAM): "socket"}
        return self._handle(task, Handle(File(names[domain, kind])))

    def _bind(self, task: Task, fd: int, address: int, length: int) -> int:
        kind, content = task.handles[fd].file.kind, task.read(address, length)
        family = struct.unpack_from("<I", content)[0]
        if family != (UNIX if kind == "socket" else INTERNET):
            raise Violation(f"bind: family {family} for a socket of another family")
        if kind == "socket":
            name = content[4:].split(b"\0")[0].decode()
            if not name.startswith("/"):
                raise Violation(f"bind: {name!r} is no path: the kernel panics")
            if name in self.files:
                return -EEXIST
            self.files[name] = File(DIRECTORY)  # as Aero reports it
        elif kind == "tcp":
            return -ENOTSOCK
        return 0

    def _getsockname(self, task: Task, fd: int, into: int, length: int) -> int:
        if task.handles[fd].file.kind != "udp":
            raise Violation("getsockname of a socket whose name the payload chose")
        return -EACCES

    def _listen(self, task: Task, fd: int, backlog: int) -> int:
        if task.handles[fd].file.kind != "socket" or not backlog:
            raise Violation(f"listen for {backlog}")
        return 0
