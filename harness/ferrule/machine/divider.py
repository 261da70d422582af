"""One serial line for two: records and the kernel's own words, parted again."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import Final

from ferrule.machine.booted import Booted, Classify
from ferrule.machine.qemu import Qemu
from ferrule.machine.transcript import Transcript
from ferrule.records.stream import MARK

LINE_LIMIT: Final = 4096  # bytes of a console line that are waited for
LOOK_SECONDS: Final = 0.2  # without a record, before the console is looked at for the end


class Divider:
    """Parts the one serial line that a kernel drives: records to the one side, all other lines to the other.

    A kernel may put a prefix before a record; it says little or much as it likes, and only records are signs of life.
    """

    def __init__(self, console: Transcript) -> None:
        self._console = console
        self._pending = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes as they come; returns the records that they complete."""
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        if len(self._pending) > LINE_LIMIT:
            lines, self._pending = [*lines, self._pending], b""
        return b"".join(self._line(line) for line in lines)

    def close(self) -> bytes:
        """The last line, which has no end."""
        rest, self._pending = self._pending, b""
        return self._line(rest)

    def _line(self, line: bytes) -> bytes:
        _, mark, record = line.partition(MARK)
        if mark:
            return mark + record + b"\n"
        self._console.add(line + b"\n")
        return b""


class Divided(Booted):
    """A boot of a kernel that drives one serial line only."""

    def __init__(self, running: Qemu, undo: ExitStack, classify: Classify) -> None:
        super().__init__(running, undo, classify)
        self._divider = Divider(running.console)

    def read(self, timeout: float) -> bytes:
        """See machine.guest.Execution. The kernel's words are no bytes of the stream: they put no deadline off."""
        deadline = time.monotonic() + timeout
        while chunk := self._qemu.streams.read(deadline):
            if records := self._divider.feed(chunk):
                return records
        return self._divider.close()


class Announced(Divided, ABC):
    """A boot that ends when its console says so: the machine may go on."""

    @abstractmethod
    def over(self) -> bool:
        """Whether the console has said it."""

    def read(self, timeout: float) -> bytes:
        """See machine.guest.Execution."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                return super().read(min(LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
            except TimeoutError:
                if self.over():
                    return self._divider.close()
                if time.monotonic() >= deadline:
                    raise
