"""What transports share: a private folder to hand bytes in by, and streams to read what comes out. They know no OS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Cargo:
    """What a transport asks of a machine that is about to be booted with its payload."""

    program: str  # path of the payload inside the guest
    files: Mapping[str, bytes] = field(default_factory=dict)  # to be in the guest's initial file system, executable
    devices: tuple[str, ...] = ()  # emulated devices, as QEMU arguments
    share: str | None = None  # tag of a 9p share that the guest is to mount on /host
    on_console: bool = False  # records go through the console's port, and the machine has no other
    address: str | None = None  # IPv4 address that the guest is to give its network card, to be reached there


class BootTransport(Protocol):
    """Carries a payload into a machine by the way it is booted."""

    name: str

    def load(self, payload: bytes) -> Cargo:
        """Make the payload ready and say what the machine needs for it."""
        ...

    def close(self) -> None:
        """Let go of what load() made on the host. May be called twice."""
        ...
