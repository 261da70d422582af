"""The Linux guest over SSH: it boots into Dropbear; the payload is then copied to it and started over SSH.

This starts slower than the other transports and measures no better. It tests the SSH path on a machine that everyone
has, and is the model for guests that have no other transport.
"""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import TYPE_CHECKING

from ferrule.errors import GuestNotStarted, HostKeyRejected, TransportError
from ferrule.guests.ssh import SshExecution
from ferrule.images import dropbear
from ferrule.machine.folder import PrivateFolder
from ferrule.machine.guest import Ending, Execution
from ferrule.transports.base import Cargo
from ferrule.transports.ssh_address import Address

if TYPE_CHECKING:
    from ferrule.transports.ssh import SshTransport

GUEST_ADDRESS = "10.0.2.15"  # QEMU's user network forwards to it
STARTED = b"event=start"  # in init's record before it starts the program
LOGIN_SECONDS = 20.0  # for one attempt: an emulated CPU takes seconds for the key exchange
DRAIN_SECONDS = 0.1  # between two reads of the machine's other streams
DEATH_SECONDS = 2.0  # for QEMU to end after its guest has powered off
TAIL_LINES = 12


class SshBoot:
    """See transports.base.BootTransport. Keys are made for this boot; the guest's network reaches only this host."""

    name = "ssh"

    def __init__(self) -> None:
        self._folder = PrivateFolder()
        self._keys = dropbear.Keys.generate()
        self._host_key = self._folder.write("host.pub", self._keys.server_public, 0o600)
        self._identity = self._folder.write("identity", self._keys.client, 0o600)
        self._address = Address("root", "127.0.0.1", _unused_port())

    def load(self, payload: bytes) -> Cargo:  # noqa: ARG002 - copied later
        """An SSH server in place of the payload, and a network card for it.

        Raises:
            ToolMissing: no Dropbear or busybox available.
        """
        forward = f"tcp:{self._address.host}:{self._address.port}-{GUEST_ADDRESS}:22"
        return Cargo(
            program=dropbear.COMMAND,
            files=dropbear.files(self._keys, dropbear.source()),
            devices=(
                *("-netdev", f"user,id=net0,restrict=on,hostfwd={forward}"),
                *("-device", "virtio-net-pci,netdev=net0,romfile="),
            ),
            address=GUEST_ADDRESS,
        )

    def connect(self, timeout: float) -> SshTransport:
        """Log in to the machine.

        Raises:
            HostKeyRejected: another server answers at its port.
            TransportError: the server does not answer (yet).
        """
        from ferrule.transports.ssh import SshTransport  # as in ssh.py

        return SshTransport(self._address, self._host_key, self._identity, timeout=timeout)

    def close(self) -> None:
        """Delete the keys. May be called twice."""
        self._folder.close()


class OverSsh:
    """See machine.guest.Execution: a boot whose payload runs over SSH. It owns the boot itself, `machine`."""

    def __init__(self, machine: Execution, boot: SshBoot, payload: bytes, processes: int, seconds: float) -> None:
        """Wait for the server and start the payload.

        Raises:
            GuestNotStarted: no login within `seconds`; carries the console's tail.
            TransportError: the payload could not be copied.
        """
        self._machine = machine
        self._link: SshTransport | None = None
        try:
            self._link = self._log_in(boot, time.monotonic() + seconds)
            self._remote = SshExecution(self._link, payload, processes)
        except BaseException:
            self.close()
            raise

    def read(self, timeout: float) -> bytes:
        """See machine.guest."""
        ends = time.monotonic() + timeout
        while True:
            self._machine_ended(0.0)  # also reads the console, as a full pipe would stop the machine
            try:
                return self._remote.read(max(0.0, min(DRAIN_SECONDS, ends - time.monotonic())))
            except TimeoutError:
                if time.monotonic() >= ends:
                    raise

    def console(self) -> str:
        """The machine's console, then what the payload wrote to stderr."""
        return self._machine.console() + self._remote.console()

    def ending(self) -> Ending:
        """How the payload ended, or how the whole machine ended, if it did."""
        ending = self._remote.ending()
        if not ending.clean and self._link is not None and not self._link.alive and self._machine_ended(DEATH_SECONDS):
            return self._machine.ending()
        return ending

    def close(self) -> None:
        """See machine.guest.Execution. The machine is closed first: nothing on it needs cleaning up."""
        self._machine.close()
        if self._link is not None:
            self._link.close()

    def __enter__(self) -> OverSsh:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _log_in(self, boot: SshBoot, ends: float) -> SshTransport:
        received = b""
        while STARTED not in received:
            try:
                chunk = self._machine.read(max(0.0, ends - time.monotonic()))
            except TimeoutError:
                raise self._not_started("its init started no SSH server in time") from None
            if not chunk:
                raise self._not_started(f"ended before its SSH server was up ({self._machine.ending().detail})")
            received = received[-len(STARTED) :] + chunk
        while True:
            try:
                return boot.connect(min(LOGIN_SECONDS, max(1.0, ends - time.monotonic())))
            except HostKeyRejected:
                raise
            except TransportError as error:
                if self._machine_ended(DRAIN_SECONDS):
                    raise self._not_started(f"ended before a login ({self._machine.ending().detail})") from error
                if time.monotonic() > ends:
                    raise self._not_started(f"no login over SSH in time ({error})") from error

    def _machine_ended(self, patience: float) -> bool:
        """Read the machine's own output; returns whether it has come to its end."""
        ends = time.monotonic() + patience
        try:
            while self._machine.read(max(0.0, ends - time.monotonic())):
                pass
        except TimeoutError:
            return False
        return True

    def _not_started(self, what: str) -> GuestNotStarted:
        tail = "\n".join(self._machine.console().splitlines()[-TAIL_LINES:])
        return GuestNotStarted("linux", what, tail=tail)


def _unused_port() -> int:
    """A port that is free now. If another program takes it, QEMU reports that, and its host key would be refused."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
