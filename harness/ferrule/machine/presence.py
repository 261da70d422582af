"""Detects other measurements on this machine: two at once disturb each other, and neither would notice.

The first one listens at an abstract socket, which the kernel removes with its process; each further one connects to it.
So each knows of the other, and nothing is left over. Processes of another network namespace are not seen.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from types import TracebackType
from typing import Final

NAME: Final = "\0ferrule-measuring"


class Presence:
    """Announces the measurement of this process while it lasts."""

    def __init__(self, name: str = NAME) -> None:
        self._name = name
        self._listens: socket.socket | None = None
        self._calls: list[socket.socket] = []
        self._seen = False
        self._appear()

    def _appear(self) -> None:
        """Listen if no other process does, else connect to it. Without abstract sockets no other process is seen."""
        if not hasattr(socket, "AF_UNIX"):
            return
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.setblocking(False)
        try:
            made.bind(self._name)
            made.listen(64)
            self._listens = made
        except OSError as error:
            self._seen = error.errno == errno.EADDRINUSE
            try:
                made.connect(self._name)
                self._calls.append(made)
            except OSError:  # its queue is full, so it knows that it is not alone
                made.close()

    def others(self) -> bool:
        """Whether another measurement ran at any moment since this one began."""
        if self._listens is not None:
            with suppress(BlockingIOError):
                while True:
                    self._calls.append(self._listens.accept()[0])
                    self._seen = True
        elif self._calls and self._ended(self._calls[0]):
            self._calls.pop().close()
            self._appear()
        return self._seen

    def _ended(self, call: socket.socket) -> bool:
        """Whether the process that listened has ended, so that another one has to listen."""
        try:
            return call.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Stop announcing it. May be called twice."""
        for one in (self._listens, *self._calls):
            if one is not None:
                one.close()
        self._listens, self._calls = None, []

    def __enter__(self) -> Presence:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
