"""The payload in the guest's initial file system, records out through the console: for kernels with one serial port."""

from __future__ import annotations

from ferrule.transports.base import Cargo


class ConsoleTransport:
    """As SerialTransport, but the kernel's messages and the records share a port; machine.divider separates them."""

    name = "console"

    def load(self, payload: bytes) -> Cargo:
        """The payload as a file of the guest's initial file system."""
        return Cargo(program="/payload", files={"payload": payload}, on_console=True)

    def close(self) -> None:
        """Nothing is kept on the host."""
