"""Contexts of Redox: threads and processes made by hand, through descriptors."""

from __future__ import annotations

import struct

from tests.support.abi.machine import MASK, Context, Machine, Violation
from tests.support.abi.redox_descriptors import Descriptors
from tests.support.abi.redox_things import Aspect, ContextHandle, FilesHandle, Process, SpaceHandle, Thing

END = MASK  # what is written to a context to end it


class ContextCalls(Descriptors):
    """Calls that set up, start and end contexts."""

    machine: Machine

    def _aspect(self, owner: Process, name: bytes) -> Thing:
        match name:
            case b"addrspace" if owner.context:
                return SpaceHandle(owner.context.space)
            case b"filetable" if owner.files:
                return FilesHandle(owner.files)
            case b"current-addrspace" | b"current-filetable" | b"start" | b"status":
                return Aspect(owner, name.decode())
        raise Violation(f"dup_into: {name!r} of a context")

    def _prepare(self, context: Context, aspect: Aspect, content: bytes) -> None:
        owner = aspect.process
        if owner.started and aspect.name != "status":
            raise Violation(f"{aspect.name} of a context that runs")
        words = struct.unpack(f"<{len(content) // 8}Q", content[: len(content) // 8 * 8])
        match aspect.name, len(content):
            case ("current-addrspace", 24):
                space = self._thing(context, words[0])
                if not isinstance(space, SpaceHandle):
                    raise Violation("current-addrspace: not an address space's descriptor")
                new = Context(space.space)
                new.private["process"] = owner

                def change() -> None:
                    owner.context = new
                    new.start(words[2], words[1])

                aspect.change = change
            case ("current-filetable", 8):
                handle = self._thing(context, words[0])
                if not isinstance(handle, FilesHandle):
                    raise Violation("current-filetable: not a table's descriptor")
                owner.files = handle.files
                handle.files.users += 1
            case ("start", 1):
                if not owner.context or not owner.files:
                    raise Violation("a context is started without an address space or descriptors")
                owner.started = True
                self.machine.contexts.append(owner.context)
            case ("status", 8) if words[0] == END:
                self._finish(owner)
            case _:
                raise Violation(f"{len(content)} bytes written to {aspect.name}")

    def _finish(self, owner: Process) -> None:
        if owner.dead:
            return
        owner.dead = True
        assert owner.context
        assert owner.files
        self.machine.contexts.remove(owner.context)
        owner.files.users -= 1
        if not owner.files.users:
            for fd in list(owner.files.table):
                owner.files.table.pop(fd).drop()
        self._happened(lambda thing: isinstance(thing, ContextHandle) and thing.process is owner)
