"""Who else measures on this machine: two measurements at once disturb each other, and neither can tell by itself.

The first one listens at an abstract socket, which the kernel takes away with its process; each further one calls there.
So both know of each other, and nothing is left over. Processes of another network namespace are not seen.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from types import TracebackType
from typing import Final

NAME: Final = "\0ferrule-measuring"


class Presence:
    """This process's measurement, made known while it lasts."""

    def __init__(self, name: str = NAME) -> None:
        self._name = name
        self._listens: socket.socket | None = None
        self._calls: list[socket.socket] = []
        self._seen = False
        self._appear()

    def _appear(self) -> None:
        """Listen where nobody does, else call who listens. Where there are no such sockets nobody is seen."""
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
            except OSError:  # it hears of too many at once, and knows that it is not alone
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
        """Whether the one that listened is gone: somebody else has to."""
        try:
            return call.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Be no longer there. May be called twice."""
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
