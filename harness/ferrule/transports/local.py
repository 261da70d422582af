"""The payload as a child process of ours: a file in a private folder, records through its stdout."""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence

from ferrule.errors import TransportError
from ferrule.machine.folder import PrivateFolder
from ferrule.machine.streams import Streams
from ferrule.machine.transcript import Transcript


class LocalPayload:
    """An executable in a private folder, which can be started many times, one process at a time."""

    def __init__(self, payload: bytes) -> None:
        self.console = Transcript()  # stderr of all processes
        self.streams = Streams()
        self._folder = PrivateFolder()
        try:
            self._path = self._folder.write("payload", payload)
        except BaseException:
            self.close()
            raise

    def start(self, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        """Start one process; the previous one must have ended. Its stdout is the data of `streams`.

        Its environment is empty, or as given.

        Raises:
            TransportError: this host does not execute the file; says why and what to do.
        """
        try:
            self.streams.start([str(self._path), *arguments], self.console, environment or {})
        except OSError as error:
            raise TransportError(f"{self._path}: {_why(error)}") from error

    def close(self) -> None:
        """Kill the running process, close the pipes, remove the folder. May be called twice."""
        self.streams.close()
        self._folder.close()


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EACCES:
            return "this host does not execute it; set TMPDIR to a folder that is not mounted noexec"
        case errno.ENOEXEC:
            return "this host cannot execute it: built for another architecture"
        case _:
            return error.strerror or str(error)
