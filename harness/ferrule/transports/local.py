"""The payload as a child process of ours: in as a file in a private folder, records out through its stdout."""

from __future__ import annotations

import errno
import os
import selectors
import subprocess
import time
from collections.abc import Sequence

from ferrule import children
from ferrule.errors import TransportError
from ferrule.transcript import Transcript
from ferrule.transports.base import PrivateFolder, read_chunk


class LocalPayload:
    """An executable in a private folder; starts it with arguments as often as asked, one process at a time."""

    def __init__(self, payload: bytes) -> None:
        self.folder = PrivateFolder()
        self.said = Transcript()  # stderr of all processes
        self._child: subprocess.Popen[bytes] | None = None
        self._watch = selectors.DefaultSelector()
        try:
            self._path = self.folder.write("payload", payload)
        except BaseException:
            self.close()
            raise

    def start(self, arguments: Sequence[str]) -> None:
        """Start one process; the one before must have ended.

        Raises:
            TransportError: this host will not execute the file; says why and what to do.
        """
        out, out_in = os.pipe()
        err, err_in = os.pipe()
        try:
            self._child = children.start([str(self._path), *arguments], stdout=out_in, stderr=err_in, env={})
        except OSError as error:
            os.close(out)
            os.close(err)
            raise TransportError(f"{self._path}: {_why(error)}") from error
        finally:
            os.close(out_in)
            os.close(err_in)
        self._watch.register(out, selectors.EVENT_READ, "out")
        self._watch.register(err, selectors.EVENT_READ, "err")
        self._watch.register(os.pidfd_open(self._child.pid), selectors.EVENT_READ, "exit")

    def read(self, deadline: float) -> bytes:
        """Next bytes of the process's stdout; b"" when it is over. `deadline` is on time.monotonic().

        Raises:
            TimeoutError: nothing came before the deadline.
        """
        while self._watch.get_map():
            events = self._watch.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise TimeoutError("no bytes from the payload")
            for key, _ in events:
                if key.data == "exit":  # children it left behind would hold the pipes open for ever
                    children.kill(self._running())
                    self._drop(key.fd)
                    continue
                data = read_chunk(key.fd)
                if not data:
                    self._drop(key.fd)
                elif key.data == "out":
                    return data
                else:
                    self.said.add(data)
        return b""

    def wait(self, patience: float = 5.0) -> int:
        """Return code of the process after read() gave b"". One that closed its stdout and lives on is killed."""
        child = self._running()
        try:
            return child.wait(patience)
        except subprocess.TimeoutExpired:
            children.kill(child)
            return child.wait(patience)

    def close(self) -> None:
        """Kill what runs, let go of pipes, remove the folder. May be called twice."""
        if self._child is not None:
            children.kill(self._child)
        for key in list((self._watch.get_map() or {}).values()):
            self._drop(key.fd)
        self._watch.close()
        self.folder.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise TransportError("the payload was never started")
        return self._child

    def _drop(self, descriptor: int) -> None:
        self._watch.unregister(descriptor)
        os.close(descriptor)


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EACCES:
            return "this host does not execute it; set TMPDIR to a folder that is not mounted noexec"
        case errno.ENOEXEC:
            return "this host cannot execute it: built for another architecture"
        case _:
            return error.strerror or str(error)
