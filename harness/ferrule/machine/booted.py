"""A machine that QEMU runs, as an execution: what every guest booted by us has in common."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from ferrule.errors import InfrastructureError
from ferrule.machine import accel, children, host, qemu
from ferrule.machine.guest import Ending
from ferrule.machine.qemu import Machine, Qemu

_TERMINATED = "terminating on signal"  # QEMU's message on SIGTERM, SIGINT and SIGHUP; it then ends with status 0

# How a boot ended, from QEMU's exit status (never a signal), the guest's console output, and QEMU's own messages.
Classify = Callable[[int, str, str], Ending]


class Booted:
    """See machine.guest.Execution: one boot. `undo` holds everything that was made for it, the machine included."""

    def __init__(self, running: Qemu, undo: ExitStack, classify: Classify) -> None:
        self._qemu, self._undo, self._classify = running, undo, classify
        self.pid = running.child.pid

    def read(self, timeout: float) -> bytes:
        """See machine.guest.Execution."""
        return self._qemu.streams.read(time.monotonic() + timeout)

    def console(self) -> str:
        """The guest's console output, then QEMU's own messages."""
        return self._qemu.console.text() + self._qemu.errors.text()

    def ending(self) -> Ending:
        """See machine.guest.Execution."""
        status, errors = self._qemu.streams.wait(), self._qemu.errors.text()
        if children.killed(status) or _TERMINATED in errors:
            why = f" by {children.ending_text(status)}" if status else f": {errors.strip().splitlines()[-1]}"
            return Ending(False, f"QEMU was ended{why}", killed=True)
        if status < 0:  # QEMU's own crash, whatever is on the guest's console
            return Ending(False, f"QEMU was ended by {children.ending_text(status)}")
        return self._classify(status, self._qemu.console.text(), errors)

    def close(self) -> None:
        """See machine.guest.Execution."""
        self._undo.close()

    def __enter__(self) -> Booted:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


Kind = TypeVar("Kind", bound=Booted)


def boot(
    kind: type[Kind],
    machine: Callable[[Path], Machine],
    image: bytes,
    classify: Classify,
    undo: ExitStack | None = None,
) -> Kind:
    """Boot a machine from a file that we keep in memory: kernel, initial file system or disk.

    Args:
        kind: the class for a boot of this guest.
        machine: makes the machine from that file's path.
        image: the file's content.
        classify: see Classify.
        undo: further cleanup, done when the boot is closed, or at once when it fails.
    """
    with undo or ExitStack() as all_of_it:
        handle = in_memory(image)
        try:
            running = Qemu(replace(machine(Path(f"/dev/fd/{handle}")), passed=(handle,)))
        finally:
            os.close(handle)
        all_of_it.callback(running.close)
        return kind(running, all_of_it.pop_all(), classify)


def in_memory(image: bytes) -> int:
    """Put an image into a memory file (memfd); returns the open descriptor.

    Why not on a file system: under icount the clock of a guest that only waits for its disk runs ahead. 30 seconds pass
    in the guest before a busy file system of the host answers once, and the guest's driver gives up.

    Raises:
        InfrastructureError: there is not enough memory.
    """
    handle = -1
    try:
        handle = os.memfd_create("ferrule-image")
        with os.fdopen(handle, "wb", closefd=False) as content:
            content.write(image)
    except OSError as error:
        if handle >= 0:
            os.close(handle)
        why = error.strerror or error
        raise InfrastructureError(f"no memory for a boot's image of {len(image)} bytes: {why}") from error
    return handle


def debug_code(status: int) -> int | None:
    """What the guest wrote to QEMU's debug port to end the boot; None where something else ended it."""
    return status >> 1 if status > 0 and status % 2 else None


def failure(status: int, errors: str) -> str | None:
    """Why QEMU gave up a boot, from its exit status and its messages; None where the guest ended the boot."""
    if status:
        lines = errors.strip().splitlines()
        return f"QEMU: {lines[-1] if lines else children.ending_text(status)}"
    return None


def conditions(choice: accel.Choice, machine: Machine) -> dict[str, str]:
    """Conditions that the host side knows of every emulated machine: the same text in every boot of one machine."""
    below = host.here(()) if machine.accel == "kvm" else {}
    return {
        **below,
        "accel.reason": choice.reason,
        "qemu.version": qemu.version(machine.program),
        "qemu.command": qemu.conditions(machine),
    }
