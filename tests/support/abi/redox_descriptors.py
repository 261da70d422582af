"""Descriptors of Redox programs: their tables, and the events of queues."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.abi.machine import Context, Violation
from tests.support.abi.redox_things import Description, Files, Queue, Thing

EBADF, EEXIST = 9, 17


class Descriptors:
    """What all calls on descriptors share."""

    def __init__(self) -> None:
        self._queues: list[Queue] = []  # that watch something
        self._foreign: set[int] = set()  # numbers that the program was started with and does not know

    def _files(self, context: Context) -> Files:
        files = context.private["process"].files
        assert isinstance(files, Files)
        return files

    def _thing(self, context: Context, fd: int) -> Thing | None:
        description = self._files(context).table.get(fd)
        return description.thing if description else None

    def _place(self, context: Context, fd: int | None, description: Description) -> int:
        """Place it at `fd`, which the program chose, or at the lowest free number; returns the number."""
        if fd is None:
            fd = next(one for one in range(65536) if one not in self._files(context).table)
        if fd >= 65536:
            raise Violation(f"descriptor {fd:#x} is chosen: above what a table may hold")
        if fd in self._foreign:
            return -EEXIST
        if fd in self._files(context).table:
            raise Violation(f"descriptor {fd} is chosen, but in use ({self._thing(context, fd)})")
        self._files(context).table[fd] = description
        return fd

    def _close(self, context: Context, fd: int, *_: int) -> int:
        description = self._files(context).table.pop(fd, None)
        if description is None:
            return -EBADF
        description.drop()
        return 0

    def _happened(self, to: Callable[[Thing], bool]) -> None:
        for queue in self._queues:
            queue.events += [(of, 1, data) for watched, of, data in queue.watched if to(watched)]
