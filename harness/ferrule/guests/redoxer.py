"""Redox by redoxer: upstream's tool puts the payload into an image, boots it, and prints the payload's output."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final

from ferrule.errors import TransportError
from ferrule.machine import accel, children
from ferrule.machine.divider import Divider
from ferrule.machine.folder import PrivateFolder
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.machine.streams import Streams
from ferrule.machine.transcript import Transcript
from ferrule.records.samples import Accel

BOOT_SECONDS: Final = 1800.0  # for a whole process: its output is printed when its machine has ended
_ENDINGS: Final[Mapping[int, str]] = {
    0: "exit status 0",
    1: "the payload failed",
    2: "QEMU failed",
    3: "redoxer failed",
}


class RedoxerGuest:
    """See machine.guest.Guest. Each process is a boot of its own, with one CPU: more are unreliable under redoxer."""

    name = "redox_userland"
    os = "redox"
    arch = "x86_64"
    fresh_boots = True
    cpus: tuple[int, ...] = (0,)

    def __init__(self, program: str, choice: accel.Choice, options: GuestOptions) -> None:
        self._program, self._choice = program, choice
        self.accel: Accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS
        self._arguments = f"-smp 1 -accel {choice.accel}"  # in place of redoxer's defaults

    def describe(self) -> dict[str, str]:
        """Conditions: what is known of the machine; redoxer chooses the rest."""
        return {
            "accel.reason": self._choice.reason,
            "redoxer.qemu_args": self._arguments,
            "transport": "redoxer",
        }

    def execute(self, payload: bytes, processes: int, boot: int) -> RedoxerExecution:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest."""
        return RedoxerExecution(self._program, self._arguments, payload, processes)

    def close(self) -> None:
        """Nothing is kept between boots; redoxer itself caches its base image."""


class RedoxerExecution:
    """See machine.guest.Execution. Each process is started after the previous one ended with success."""

    def __init__(self, program: str, arguments: str, payload: bytes, processes: int) -> None:
        """Start the first process; `arguments`: words for QEMU in place of redoxer's defaults."""
        self._program, self._arguments, self._processes = program, arguments, processes
        self._process = 0
        self._ending: Ending | None = None
        self._console = Transcript()
        self._divider = Divider(self._console)
        self._streams = Streams()
        self._folder = PrivateFolder()
        try:
            self._path = self._folder.write("payload", payload)
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        argv = [self._program, "exec", "--output", "-", "--", str(self._path), f"process={self._process}"]
        try:
            self._streams.start(argv, self._console, {**os.environ, "REDOXER_QEMU_ARGS": self._arguments})
        except OSError as error:
            raise TransportError(f"{self._program}: {error.strerror or error}") from error

    def read(self, timeout: float) -> bytes:
        """See machine.guest.Execution."""
        deadline = time.monotonic() + timeout
        while self._ending is None:
            if chunk := self._streams.read(deadline):
                if records := self._divider.feed(chunk):
                    return records
                continue
            status = self._streams.wait()
            rest = self._divider.close()
            self._process += 1
            if status != 0 or self._process >= self._processes:
                self._ending = Ending(status == 0, _ENDINGS.get(status, f"redoxer: {children.ending_text(status)}"))
            else:
                self._start()
            if rest:
                return rest
        return b""

    def console(self) -> str:
        """The guest's output besides its records, and redoxer's own."""
        return self._console.text()

    def ending(self) -> Ending:
        """How the last process ended."""
        return self._ending or Ending(False, "killed before its end")

    def close(self) -> None:
        """See machine.guest.Execution."""
        self._streams.close()
        self._folder.close()

    def __enter__(self) -> RedoxerExecution:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
