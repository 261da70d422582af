"""A program running on an SSH host: reads both of its streams and distinguishes its end from a cut connection."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import paramiko

from ferrule.errors import TransportError
from ferrule.machine.transcript import Transcript

CHUNK = 32768  # bytes per read
STDERR_TAIL = 1 << 14  # bytes kept of stderr
GRACE = 5.0  # seconds for an exit status after the last byte, and for each step of cleaning up
SETTLE = 0.5  # seconds until a cut connection, whose channels close first, is reported as cut


def settle(channel: paramiko.Channel, seconds: float) -> bool:
    """Wait until the server has closed the channel; whether it did. Some servers refuse or lose the next one before."""
    ends = time.monotonic() + seconds
    while not channel.closed:
        if time.monotonic() >= ends:
            return False
        time.sleep(0.005)
    return True


class Link(Protocol):
    """The connection that a program runs over."""

    @property
    def alive(self) -> bool:
        """Whether it is still open, as far as this side knows."""
        ...

    def __str__(self) -> str: ...


class SshProcess:
    """A program on the host whose output can be read while it runs. Closing it kills it."""

    def __init__(
        self, channel: paramiko.Channel, link: Link, kill: Callable[[], bool] = lambda: True, *, after: bytes = b""
    ) -> None:
        """Take over a channel whose command was accepted and whose `fileno()` was asked for before that.

        Args:
            channel: of the program.
            link: the connection that it runs over.
            kill: ends the program on the host; False: the watch process on the host must do it.
            after: the program's output begins after these bytes; a login shell's output before is dropped.
        """
        self._channel, self._link, self._kill = channel, link, kill
        self._after, self._before = after, b""
        self._poll = select.poll()
        self._poll.register(channel.fileno(), select.POLLIN)
        self._stderr = Transcript(STDERR_TAIL)
        self._closed = False

    def read(self, timeout: float) -> bytes:
        """Next bytes of stdout, b"" at the end. Stderr is read meanwhile, so that neither stream can block.

        Raises:
            TimeoutError: nothing came within `timeout` seconds.
            TransportError: the connection was cut before the program ended.
        """
        ends = time.monotonic() + timeout
        while True:
            over = self._channel.eof_received or self._channel.closed  # checked before reading, so no byte is missed
            if self._channel.recv_ready():
                if data := self._own(self._channel.recv(CHUNK)):
                    return data
                continue
            left = ends - time.monotonic()
            if self._channel.recv_stderr_ready():
                self._stderr.add(self._channel.recv_stderr(CHUNK))
            elif over:  # some servers close without an end-of-file message
                self._check_link()
                return b""
            elif left > 0:
                self._poll.poll(left * 1000)
            if left <= 0:
                raise TimeoutError(f"{self._link}: no output for {timeout:g} s")

    def stderr(self) -> str:
        """The last lines of stderr, safe to print."""
        return self._stderr.tail()

    def status(self, timeout: float = GRACE) -> int | None:
        """Exit status once read() gave b""; 128 + N when signal N ended it; None when the server reported none.

        Raises:
            TransportError: the connection was cut before a status came, or none came within `timeout` seconds.
        """
        # recv_exit_status() alone would wait without limit.
        if not self._channel.status_event.wait(timeout):
            raise TransportError(f"{self._link}: output ended but no exit status within {timeout:g} s")
        self._check_link()
        status = self._channel.recv_exit_status()
        return None if status < 0 else status

    def close(self) -> None:
        """Kill the program if it may still run (as far as the host allows) and close the channel."""
        if self._closed:
            return
        self._closed = True
        if not self._channel.exit_status_ready() and not self._kill():
            with suppress(EOFError, OSError):
                self._channel.shutdown_write()
        settle(self._channel, GRACE)  # if closed sooner, the watch process would take the connection for cut
        with suppress(EOFError, OSError):  # the connection may be lost while it is closed
            self._channel.close()

    def _own(self, data: bytes) -> bytes:
        """The part of the data that is the program's own output."""
        if not self._after:
            return data
        self._before += data
        head, begun, rest = self._before.partition(self._after)
        self._before = b"" if begun else head[-CHUNK:]
        if begun:
            self._after = b""
        return rest

    def _check_link(self) -> None:
        """Raise if the channel was closed with its connection, and not by the server without a status."""
        ends = time.monotonic() + SETTLE
        while self._channel.closed and self._channel.exit_status < 0 and time.monotonic() < ends:
            if not self._link.alive:
                raise TransportError(f"{self._link}: the connection was cut before the program ended")
            time.sleep(0.01)
