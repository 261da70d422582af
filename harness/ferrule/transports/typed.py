"""A shell at the other end of a serial line: log in, type commands, read their output. Works with any OS.

Typed text comes back as an echo, perhaps changed by a line editor. So a command's end is a mark followed by the exit
status, which the echo does not have: it shows `$?` in place of the status.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ferrule.errors import TransportError

SEEN_LIMIT: Final = 1 << 18  # bytes of output that are kept: the last ones
AGAIN_SECONDS: Final = 5.0  # a shell may discard what was typed while it was starting
LOGIN, PASSWORD = re.compile(rb"login:"), re.compile(rb"[Pp]assword:")


class Shell:
    """One shell. `read(seconds)` gives the line's output: TimeoutError when there is none, b"" when it is cut."""

    def __init__(self, read: Callable[[float], bytes], write: Callable[[bytes], None]) -> None:
        self._read, self._write = read, write
        self._seen = b""
        self._commands = 0

    def log_in(self, user: str, password: str, ends: float) -> None:
        """Answer the prompts, and wait until the shell runs commands. `ends` is on time.monotonic().

        Raises:
            TransportError: the line was cut, or a prompt did not come in time; says which.
        """
        self._expect(LOGIN, ends, "a login prompt")
        self._type(f"{user}\n")
        self._expect(PASSWORD, ends, "a password prompt")
        self._type(f"{password}\n")
        while True:
            try:
                self.run("true", min(ends, time.monotonic() + AGAIN_SECONDS), "a shell")
                return
            except _Late:
                if time.monotonic() >= ends:
                    raise

    def run(self, command: str, ends: float, what: str = "") -> tuple[int, str]:
        """Run a command to its end: its exit status, and its output with the echo.

        Raises:
            TransportError: the line was cut, or the end did not come in time.
        """
        end = self._expect(self.start(command), ends, what or f"the end of `{command}`")
        return int(end[1]), end.string[: end.start()].decode(errors="replace")

    def start(self, command: str) -> re.Pattern[bytes]:
        """Type a command and do not wait; returns a pattern that matches its end, with the exit status as group 1."""
        self._commands += 1
        mark = f"ferrule-end-{self._commands}"
        self._seen = b""
        self._type(f"{command}; echo {mark} $?\n")
        return re.compile(rf"{mark} (\d+)\s*\n".encode())

    def _type(self, text: str) -> None:
        """Send text. If the line is cut, ignore it: output from before is still to be read, and shows why."""
        with suppress(TransportError):
            self._write(text.encode())

    def _expect(self, pattern: re.Pattern[bytes], ends: float, what: str) -> re.Match[bytes]:
        while True:
            if found := pattern.search(self._seen):
                self._seen = self._seen[found.end() :]
                return found
            try:
                chunk = self._read(max(0.0, ends - time.monotonic()))
            except TimeoutError:
                raise _Late(f"{what} did not come in time") from None
            if not chunk:
                raise TransportError(f"ended before {what} came")
            self._seen = (self._seen + chunk)[-SEEN_LIMIT:]


class _Late(TransportError):
    """A timeout, after which the command may be tried again."""
