"""UEFI firmware for machines whose kernel is an EFI image: OVMF, the distribution's or Debian's without root."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Final

from ferrule import files, paths
from ferrule.errors import InfrastructureError, ToolMissing
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
# Where a TPM's registers are. Without one a PC reads ones there, and QEMU zeros: those of a TPM that is not ready yet.
# OVMF polls it for eight seconds, whose instructions are four fifths of all from power-on to the payload.
_TPM: Final = 0xFED4_0000
_TOP: Final = 1 << 32  # where firmware ends
NO_TPM: Final = "no-tpm-"  # before the name of a file that has been extended


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


def without_tpm(firmware: Path) -> Path:
    """A copy in the cache that begins with ones and reaches down to where a TPM would be: QEMU maps it below 4 GiB.

    What has an address of its own in between (interrupt controllers, timers) stays where it is: QEMU puts it above.

    Raises:
        InfrastructureError: the firmware cannot be read, or the cache cannot hold the copy.
    """
    try:
        content = firmware.read_bytes()
        folder = paths.cache("firmware") / hashlib.sha256(content).hexdigest()[:16]
        extended = folder / f"{NO_TPM}{firmware.name}"
        if not files.sound(extended):
            files.write_sound(extended, content.rjust(_TOP - _TPM, b"\xff"))
    except OSError as error:
        raise InfrastructureError(f"{error.filename or firmware}: {error.strerror or error}") from None
    return extended
