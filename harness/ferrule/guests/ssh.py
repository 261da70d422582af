"""A Linux or Redox machine that is reached over SSH: `ssh://user@host:port`, server key pinned by --host-key."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from ferrule.errors import TransportError, UsageError
from ferrule.machine import affinity, host, quota
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.machine.processors import Processors
from ferrule.records.samples import Accel
from ferrule.transports.ssh_address import Address

if TYPE_CHECKING:
    from ferrule.transports.ssh import SshTransport
    from ferrule.transports.ssh_process import SshProcess

ARCHES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64", "riscv64": "riscv64"}
SYSTEMS = {"Linux": "linux", "Redox": "redox"}  # output of `uname -s` -> the port in guest/os/


def create(name: str, options: GuestOptions) -> SshGuest:
    """The host at an address, already connected. `options`: host_key, identity, remote_folder, cpus, boot_seconds.

    Raises:
        UsageError: a bad address, missing or unusable key files, a host that no payload is built for.
        HostKeyRejected: the host shows another key than the pinned one.
        TransportError: it cannot be reached or logged in to.
    """
    return SshGuest(Address.parse(name), options)


class SshGuest:
    """See machine.guest.Guest. Connects at once, because only the host knows the payload's OS and architecture."""

    accel: Accel = "remote"
    fresh_boots = False

    def __init__(self, address: Address, options: GuestOptions) -> None:
        if options.host_key is None:
            raise UsageError(
                f"--guest {address}: no --host-key FILE: give the server's public key or a known_hosts file that you "
                "trust; a key that is not pinned is never accepted"
            )
        self.name = str(address)
        self.boot_seconds = options.boot_seconds or 15.0
        self._address, self._host_key, self._identity = address, options.host_key, options.identity
        self._base = options.remote_folder
        self._transport = self._connect()
        try:
            self.os = self._ask("-s", SYSTEMS)
            self.arch = self._ask("-m", ARCHES)
            self._texts = host.look(self._transport.files)
            self.cpus = self._homes(options.cpus)
        except BaseException:
            self.close()
            raise

    def describe(self) -> dict[str, str]:
        """Conditions: facts of the connection, and facts of the host as read when this guest was created."""
        return {**self._transport.describe(), **host.of_payload(host.facts(self._texts, self.cpus))}

    def execute(self, payload: bytes, processes: int, boot: int) -> SshExecution:  # noqa: ARG002 - part of the protocol
        """See machine.guest.Guest. Reconnects if the connection was lost; nothing is booted."""
        if not self._transport.alive:
            self._transport.close()
            self._transport = self._connect()
        return SshExecution(self._transport, payload, processes, quota.counters(self._texts))

    def close(self) -> None:
        """Clean up on the host and disconnect."""
        self._transport.close()

    def _connect(self) -> SshTransport:
        from ferrule.transports.ssh import SshTransport  # paramiko is slow to import, and most runs need none

        return SshTransport(self._address, self._host_key, self._identity, base=self._base)

    def _ask(self, what: str, known: Mapping[str, str]) -> str:
        done = self._transport.run(["uname", what])
        answer = done.out.decode(errors="replace").strip()
        if done.status != 0 or answer not in known:
            raise UsageError(
                f"--guest {self.name}: no payload is built for {answer[:40]!r}; there are {', '.join(sorted(known))}"
            )
        return known[answer]

    def _homes(self, asked: tuple[int, ...] | None) -> tuple[int, ...]:
        """CPUs of the host for the ends of runs; (), which pins nothing, when the host does not report its CPUs."""
        found = Processors(self._texts)
        if asked is None:
            return found.homes()
        return affinity.check(asked, found, affinity.within(quota.cpuset(self._texts)))


class SshExecution:
    """See machine.guest.Execution. Each process is started after the previous one ended with status 0."""

    def __init__(self, transport: SshTransport, payload: bytes, processes: int, counters: Sequence[str] = ()) -> None:
        """Start the first process; `counters`: files on the host that count how often a CPU quota stopped it."""
        self._transport, self._processes, self._counters = transport, processes, counters
        self._stops: dict[int, int] = {}
        self._before: int | None = None
        self._process = 0
        self._running: SshProcess | None = None
        self._ending: Ending | None = None
        self._path = transport.put(payload, "payload")
        self._start()

    def read(self, timeout: float) -> bytes:
        """See machine.guest.Execution. A lost connection ends the stream, too: ending() reports it."""
        while self._running is not None and self._ending is None:
            try:
                if data := self._running.read(timeout):
                    return data
                self._ending = _ending(self._running.status())
                self._running.close()  # some servers allow one channel at a time
                after = self._count()
                if self._before is not None and after is not None:
                    self._stops[self._process] = max(0, after - self._before)
                self._process += 1
                if self._ending.clean and self._process < self._processes:
                    self._start()
            except TransportError as error:
                self._ending = Ending(False, str(error))
        return b""

    def console(self) -> str:
        """What the running process wrote to stderr."""
        return self._running.stderr() if self._running else ""

    def ending(self) -> Ending:
        """How the last process ended."""
        return self._ending or Ending(False, "killed before its end")

    def close(self) -> None:
        """Kill the running process and remove the payload; the connection stays for the next execution."""
        if self._running is None:
            return
        self._running.close()
        self._running = None
        if self._transport.alive:
            with suppress(TransportError):
                self._transport.clear()

    def __enter__(self) -> SshExecution:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def throttled(self) -> Mapping[int, int]:
        """See machine.guest.CountsStops."""
        return self._stops

    def _count(self) -> int | None:
        """Periods in which a quota stopped the payload so far; None where there is no quota or no counter."""
        if self._counters:
            with suppress(TransportError):
                return quota.throttled(self._transport.files(self._counters, exact=True))
        return None

    def _start(self) -> None:
        if self._running is not None:
            self._running.close()
        self._ending, self._before = None, self._count()
        self._running = self._transport.start([self._path, f"process={self._process}"])


def _ending(status: int | None) -> Ending:
    if status is None:
        return Ending(False, "ended without an exit status")
    if status > 128:  # a shell started the process and reports 128 + signal
        with suppress(ValueError):
            return Ending(False, f"signal {status - 128} ({signal.Signals(status - 128).name})")
    return Ending(status == 0, f"exit status {status}")
