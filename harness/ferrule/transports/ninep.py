"""The payload in a private folder that the guest sees over 9p, read-only; records out through a serial port.

Nothing is measured over 9p: only the payload is read over it, before the measurement.
"""

from __future__ import annotations

from ferrule.machine import qemu
from ferrule.machine.folder import PrivateFolder
from ferrule.transports.base import Cargo

TAG = "ferrule"


class NinePTransport:
    """One private folder (mode 0700) with one file, exported by QEMU read-only and without mapping of owners."""

    name = "9p"

    def __init__(self) -> None:
        self._folder = PrivateFolder()

    def load(self, payload: bytes) -> Cargo:
        """The payload as a file of the share.

        Raises:
            TransportError: the folder cannot hold it.
        """
        self._folder.write("payload", payload)
        path = qemu.in_option(self._folder.path)
        export = f"local,path={path},mount_tag={TAG},security_model=none,readonly=on"
        return Cargo(program="/host/payload", devices=("-virtfs", export), share=TAG)

    def close(self) -> None:
        """Remove the folder. May be called twice."""
        self._folder.close()
