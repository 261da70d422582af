"""Separates records from the kernel's own messages where both share one serial line."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from contextlib import ExitStack
from typing import Final

from ferrule.machine.booted import Booted, Classify
from ferrule.machine.qemu import Qemu
from ferrule.machine.transcript import Transcript
from ferrule.records.stream import MARK

LINE_LIMIT: Final = 4096  # bytes of an unfinished console line that are kept
LOOK_SECONDS: Final = 0.2  # without a record, before the console is searched for the end


class Divider:
    """Splits the one serial line that a kernel drives: records are returned, all other lines go to the console.

    A kernel may put a prefix before a record. It may print any amount of other lines; only records count as progress.
    """

    def __init__(self, console: Transcript) -> None:
        self._console = console
        self._pending = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; returns the records that they complete."""
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        if len(self._pending) > LINE_LIMIT:
            lines, self._pending = [*lines, self._pending], b""
        return b"".join(self._line(line) for line in lines)

    def close(self) -> bytes:
        """Take the last line, which has no newline; returns it if it is a record."""
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
        """See machine.guest.Execution. The kernel's messages are not in the stream and do not extend a deadline."""
        deadline = time.monotonic() + timeout
        while chunk := self._qemu.streams.read(deadline):
            if records := self._divider.feed(chunk):
                return records
        return self._divider.close()


class Announced(Divided, ABC):
    """A boot that ends when its console shows the end, even where the machine runs on."""

    @abstractmethod
    def over(self) -> bool:
        """Whether the console shows the end."""

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
