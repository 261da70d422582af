"""UEFI firmware for machines whose kernel is an EFI image: OVMF, the distribution's or Debian's without root."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from ferrule.errors import ToolMissing
from ferrule.images import packages

PACKAGE: Final = "ovmf"
_INSIDE: Final = "usr/share/ovmf/OVMF.fd"
# Code and variables in one file, which QEMU takes by -bios: where distributions put it.
PLACES: Final = (
    f"/{_INSIDE}",
    "/usr/share/OVMF/OVMF.fd",
    "/usr/share/qemu/OVMF.fd",
    "/usr/share/edk2/x64/OVMF.4m.fd",
    "/usr/share/edk2-ovmf/OVMF.fd",
    "/usr/share/qemu/ovmf-x86_64.bin",
)


def installed() -> Path | None:
    """The distribution's, where it is installed."""
    return next((path for path in map(Path, PLACES) if path.is_file()), None)


def unavailable() -> str | None:
    """Why there is none, as far as that can be told without a download; None when there is or may be one."""
    if installed() or shutil.which("apt-get"):
        return None
    return f"no UEFI firmware: {PLACES[0]} is not here; install OVMF (Debian: {PACKAGE}), or name its file"


def find() -> Path:
    """The installed firmware; else Debian's, downloaded once into the cache by apt without root.

    Raises:
        ToolMissing: neither is available; says what to do.
        InfrastructureError: the download failed.
    """
    if (found := installed()) is not None:
        return found
    if (reason := unavailable()) is not None:
        raise ToolMissing(reason)
    return packages.fetch([PACKAGE]) / _INSIDE
