"""The interface of transports for machines that are booted: what a machine needs for its payload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Cargo:
    """What a machine must have so that the payload can run in it; a transport makes it before the boot."""

    program: str  # path of the payload inside the guest
    files: Mapping[str, bytes] = field(default_factory=dict)  # for the guest's initial file system, executable
    devices: tuple[str, ...] = ()  # emulated devices, as QEMU arguments
    share: str | None = None  # tag of a 9p share for the guest to mount on /host
    on_console: bool = False  # records go through the console's port, which is the machine's only port
    address: str | None = None  # IPv4 address for the guest's network card


class BootTransport(Protocol):
    """Gets a payload into a machine when it is booted."""

    name: str

    def load(self, payload: bytes) -> Cargo:
        """Prepare the payload; returns what the machine needs for it."""
        ...

    def close(self) -> None:
        """Remove what load() made on the host. May be called twice."""
        ...
