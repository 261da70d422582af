"""The Linux guest over SSH: boots into Dropbear instead of the payload, which is then brought in and run from outside.

Slower to start than the other transports and no better at measuring: it proves the SSH path on a machine that everyone
has, and is the pattern for guests that have nothing else.
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

GUEST_ADDRESS = "10.0.2.15"  # which QEMU's user network forwards to
STARTED = b"event=start"  # in the record by which init announces the program it starts
LOGIN_SECONDS = 20.0  # for one attempt: an emulated CPU takes seconds for the key exchange
DRAIN_SECONDS = 0.1  # between two looks at the machine's other streams
DEATH_SECONDS = 2.0  # for an emulator whose guest has powered off to end
TAIL_LINES = 12


class SshBoot:
    """See transports.base.BootTransport. Keys are made for this boot; the network reaches this host alone."""

    name = "ssh"

    def __init__(self) -> None:
        self._folder = PrivateFolder()
        self._keys = dropbear.Keys.generate()
        self._host_key = self._folder.write("host.pub", self._keys.server_public, 0o600)
        self._identity = self._folder.write("identity", self._keys.client, 0o600)
        self._address = Address("root", "127.0.0.1", _unused_port())

    def load(self, payload: bytes) -> Cargo:  # noqa: ARG002 - it is brought in later
        """An SSH server in place of the payload, and a network card to reach it by.

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
            HostKeyRejected: something else answers at its port.
            TransportError: it does not answer (yet).
        """
        from ferrule.transports.ssh import SshTransport  # as in ssh.py

        return SshTransport(self._address, self._host_key, self._identity, timeout=timeout)

    def close(self) -> None:
        """Forget the keys. May be called twice."""
        self._folder.close()


class OverSsh:
    """See machine.guest: a boot whose payload runs over SSH. `machine` is the boot itself, now ours to close."""

    def __init__(self, machine: Execution, boot: SshBoot, payload: bytes, processes: int, seconds: float) -> None:
        """Wait for the server and start the payload.

        Raises:
            GuestNotStarted: no login within `seconds`; carries the console's tail.
            TransportError: the payload did not arrive.
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
            self._machine_ended(0.0)  # a console that nobody reads would stop the machine
            try:
                return self._remote.read(max(0.0, min(DRAIN_SECONDS, ends - time.monotonic())))
            except TimeoutError:
                if time.monotonic() >= ends:
                    raise

    def console(self) -> str:
        """The machine's console, then what the payload wrote to stderr."""
        return self._machine.console() + self._remote.console()

    def ending(self) -> Ending:
        """How the payload ended; when the whole machine went down, how that did."""
        ending = self._remote.ending()
        if not ending.clean and self._link is not None and not self._link.alive and self._machine_ended(DEATH_SECONDS):
            return self._machine.ending()
        return ending

    def close(self) -> None:
        """See machine.guest. The machine goes first: nothing on it is worth cleaning up."""
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
        said = b""
        while STARTED not in said:
            try:
                chunk = self._machine.read(max(0.0, ends - time.monotonic()))
            except TimeoutError:
                raise self._not_started("its init started no SSH server in time") from None
            if not chunk:
                raise self._not_started(f"ended before its SSH server was up ({self._machine.ending().detail})")
            said = said[-len(STARTED) :] + chunk
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
        """Read what the machine says beside the payload; whether that is over."""
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
    """A port that was free a moment ago. Should another program take it, QEMU says so; its key is not pinned."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
