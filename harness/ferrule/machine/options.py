"""The user's options for guests: one frozen record for every guest; each guest reads the fields that concern it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ferrule.errors import UsageError

AccelChoice = Literal["auto", "kvm", "tcg", "icount"]
TransportChoice = Literal["serial", "console", "9p", "ssh"]


@dataclass(frozen=True)
class GuestOptions:
    """Options that every guest gets; None always means that the guest decides."""

    accel: AccelChoice = "auto"
    verify_only: bool = False  # no numbers are wanted, only whether the operations work
    transport: TransportChoice = "serial"
    cpus: tuple[int, ...] | None = None  # home of end 0, home of end 1; (): do not pin
    boot_seconds: float | None = None  # deadline for the first record
    memory: int = 512  # MiB of an emulated machine
    smp: int | None = None  # CPUs of an emulated machine
    plugin: str = ""  # a plugin that QEMU loads: the value of its -plugin
    linux_kernel: Path | None = None  # of the Linux guest: a bzImage, or an image with a Multiboot header
    linux_modules: Path | None = None  # folder with its modules (.ko, .ko.xz, .ko.zst), searched in depth
    linux_append: str = ""  # further words for the Linux guest's kernel command line
    sha256: str | None = None  # what the kernel file's SHA-256 must be
    host_key: Path | None = None  # pinned key of an SSH host: a known_hosts file or a public key
    identity: Path | None = None  # private key for an SSH host; None: it needs none
    remote_folder: str = ""  # on an SSH host: where the private folder is made; empty: the first usable one
    guests_file: Path | None = None  # the user's guests.toml; by default the one in the working directory, if any
    guest_files: Mapping[tuple[str, str], Path] = field(
        default_factory=dict
    )  # (guest, key) -> file, before guests.toml

    def homes(self, guest: str, has: tuple[int, ...]) -> tuple[int, ...]:
        """CPUs of an emulated machine that the ends are pinned to: those it `has`, or what `cpus` names of them.

        Raises:
            UsageError: it names others.
        """
        if self.cpus is None:
            return has
        if not set(self.cpus) <= set(has):
            known = f"CPU{'s' if len(has) > 1 else ''} {','.join(map(str, has))} only" if has else "no CPU"
            raise UsageError(f"--cpu {','.join(map(str, self.cpus))}: the {guest} guest pins to {known}")
        return self.cpus


def kind(name: str) -> str:
    """The name of a guest's module: `linux` of linux:asterinas, `ssh` of ssh://user@host."""
    return name.partition(":")[0]
