"""Reads the output of one child process with deadlines: data from one descriptor, the rest into transcripts."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence

from ferrule.errors import TransportError
from ferrule.machine import children
from ferrule.machine.transcript import Transcript

ASK = 0.1  # seconds between two checks of a child whose end no descriptor shows


class Streams:
    """The output of one child, read without threads: data from one descriptor, the rest into transcripts."""

    def __init__(self) -> None:
        self._watch = selectors.DefaultSelector()
        self._child: subprocess.Popen[bytes] | None = None
        self._unwatched = False  # no descriptor shows the child's end: it has to be polled for

    def start(self, argv: Sequence[str], console: Transcript, env: Mapping[str, str]) -> None:
        """Start a child whose standard output is the data, and watch it; its standard error goes to `console`.

        Raises:
            OSError: it cannot be executed.
        """
        out, out_in = os.pipe()
        err, err_in = os.pipe()
        try:
            child = children.start(argv, stdout=out_in, stderr=err_in, env=env)
        except OSError:
            os.close(out)
            os.close(err)
            raise
        finally:
            os.close(out_in)
            os.close(err_in)
        self.follow(child, out, {err: console})

    def follow(self, child: subprocess.Popen[bytes], data: int, sides: Mapping[int, Transcript]) -> None:
        """Watch a new child and own the descriptors from now on. The previous child must have been read to its end."""
        self._child = child
        self._watch.register(data, selectors.EVENT_READ, None)
        for descriptor, transcript in sides.items():
            self._watch.register(descriptor, selectors.EVENT_READ, transcript)
        try:
            self._watch.register(os.pidfd_open(child.pid), selectors.EVENT_READ, child)
        except (OSError, AttributeError):  # no pidfd: a container's rules, an old kernel, another system
            self._unwatched = True

    def read(self, deadline: float) -> bytes:
        """Next data; b"" when the child has ended and all its output is read. `deadline` is on time.monotonic().

        Raises:
            TimeoutError: no data came before the deadline.
        """
        while self._watch.get_map() or self._unwatched:
            left = deadline - time.monotonic()
            events = self._watch.select(max(0.0, min(left, ASK) if self._unwatched else left))
            if not events and self._unwatched and self._child is not None and _ended(self._child):
                children.kill(self._child)
                self._unwatched = False
                continue
            for key, _ in events:
                if isinstance(key.data, subprocess.Popen):  # ended; its own children would keep the streams open
                    children.kill(key.data)
                    self._drop(key.fd)
                elif not (chunk := _read_chunk(key.fd)):
                    self._drop(key.fd)
                elif isinstance(key.data, Transcript):
                    key.data.add(chunk)
                else:
                    return chunk
            # `left` comes first: output into transcripts does not extend the deadline.
            if left <= 0 or not (events or self._unwatched):
                raise TimeoutError("no bytes from the guest")
        return b""

    def wait(self, patience: float = 5.0) -> int:
        """Return code of the child after read() gave b"". A child that closed its streams and still runs is killed.

        Raises:
            TransportError: it was never started, or not even SIGKILL ends it.
        """
        if self._child is None:
            raise TransportError("nothing was started")
        try:
            return self._child.wait(patience)
        except subprocess.TimeoutExpired:
            status = children.kill(self._child)
            if status is None:
                raise TransportError(f"process {self._child.pid} cannot be killed: stuck in its kernel") from None
            return status

    def close(self) -> None:
        """Kill the child and close its streams. May be called twice."""
        if self._child is not None:
            children.kill(self._child)
        for key in list((self._watch.get_map() or {}).values()):
            self._drop(key.fd)
        self._watch.close()

    def _drop(self, descriptor: int) -> None:
        self._watch.unregister(descriptor)
        os.close(descriptor)


def _ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child has ended; it is not reaped, so that its process group's number is not reused."""
    try:
        return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody has reaped it
        return True


def _read_chunk(descriptor: int) -> bytes:
    """The bytes that a readable descriptor holds; b"" at its end or when the peer has reset it."""
    try:
        return os.read(descriptor, 65536)
    except (ConnectionResetError, BrokenPipeError):
        return b""
