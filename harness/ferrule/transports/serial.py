"""The payload in the guest's initial file system, records out through a serial port of their own."""

from __future__ import annotations

from ferrule.transports.base import Cargo


class SerialTransport:
    """Needs only the initial file system and a serial port: works wherever a kernel boots."""

    name = "serial"

    def load(self, payload: bytes) -> Cargo:
        """The payload as a file of the guest's initial file system."""
        return Cargo(program="/payload", files={"payload": payload})

    def close(self) -> None:
        """Nothing is kept on the host."""
