"""This Linux host: the payload as a pinned child process."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Sequence
from types import TracebackType

from ferrule.core import HostClock, Mark, mark
from ferrule.errors import UsageError
from ferrule.machine import affinity, children, host
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.machine.processors import Processors
from ferrule.payload import layout
from ferrule.records.samples import Accel
from ferrule.transports.local import LocalPayload

_ARCHES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64", "riscv64": "riscv64"}


def create(name: str, options: GuestOptions) -> LocalGuest:
    """The host as a guest. It honours the options cpus and boot_seconds."""
    if name != "local":
        raise UsageError(f"--guest {name}: the local guest takes no address; write `local`")
    if reason := unavailable(options):
        raise UsageError(f"--guest local: {reason}")
    return LocalGuest(_ARCHES[platform.machine().lower()], options)


def unavailable(options: GuestOptions) -> str | None:  # noqa: ARG001 - part of the registry's contract
    """Why this guest is not available here; None when it is."""
    if sys.platform != "linux":
        return f"this host runs {platform.system()}; the local guest needs Linux"
    if platform.machine().lower() not in _ARCHES:
        return f"no payload is built for {platform.machine()}; there are {', '.join(sorted(set(_ARCHES.values())))}"
    return None


class LocalGuest:
    """See machine.guest.Guest. In a VM, too, `metal` means that time is real; describe() names the hypervisor."""

    name = "local"
    os = "linux"
    accel: Accel = "metal"
    fresh_boots = False

    def __init__(self, arch: str, options: GuestOptions) -> None:
        self.arch = arch
        self._layout: int | None = None
        self.boot_seconds = options.boot_seconds or 10.0
        found = Processors(host.look())
        allowed = os.sched_getaffinity(0)
        self.cpus = found.homes(allowed) if options.cpus is None else affinity.check(options.cpus, found, affinity.here)

    def describe(self) -> dict[str, str]:
        """Conditions of this host; what cannot be read is left out."""
        return host.of_payload(host.here(self.cpus))

    def execute(self, payload: bytes, processes: int, boot: int) -> LocalExecution:  # noqa: ARG002 - part of the protocol
        """See machine.guest.Guest. `boot` changes nothing: the host is not rebooted."""
        return LocalExecution(payload, processes, self._layout)

    def scatter(self, seed: int) -> None:
        """See machine.guest.Scatters and payload/layout.py."""
        self._layout = seed

    def close(self) -> None:
        """Nothing is kept."""


class LocalExecution:
    """See machine.guest and SharesClock.

    Processes are started one after the other, each after the previous one ended with status 0.
    """

    def __init__(self, payload: bytes, processes: int, seed: int | None = None) -> None:
        self._processes, self._layout = processes, seed
        self._process = 0
        self._ending: Ending | None = None
        self._payload = LocalPayload(payload)
        self._marks: list[Mark] = []
        try:
            self._mark()
            self._start()
        except BaseException:
            self.close()
            raise

    def read(self, timeout: float) -> bytes:
        """See machine.guest."""
        deadline = time.monotonic() + timeout
        while self._ending is None:
            if data := self._payload.streams.read(deadline):
                return data
            status = self._payload.streams.wait()
            self._mark()
            self._process += 1
            if status != 0 or self._process >= self._processes:
                self._ending = Ending(status == 0, children.ending_text(status), children.killed(status))
            else:
                self._start()
        return b""

    def _start(self) -> None:
        arguments = [f"process={self._process}"]
        if self._layout is None:
            self._payload.start(arguments)
            return
        with layout.drawn(self._layout) as environment:
            self._payload.start(arguments, environment)

    def _mark(self) -> None:
        self._marks.append(mark(HostClock.MONOTONIC))  # the payload's os_clock_ns: guest/os/linux/port.h

    def host_marks(self) -> Sequence[Mark]:
        """See machine.guest.SharesClock."""
        return self._marks

    def console(self) -> str:
        """What the payload wrote to stderr."""
        return self._payload.console.text()

    def ending(self) -> Ending:
        """How the last process ended."""
        return self._ending or Ending(False, "killed before its end")

    def close(self) -> None:
        """See machine.guest."""
        self._payload.close()

    def __enter__(self) -> LocalExecution:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
