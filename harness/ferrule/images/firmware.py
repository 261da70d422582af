"""UEFI firmware for machines whose kernel is an EFI image: OVMF, as installed, or Debian's downloaded without root."""

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
# Where distributions install it: code and variables in one file, for QEMU's -bios.
PLACES: Final = (
    f"/{_INSIDE}",
    "/usr/share/OVMF/OVMF.fd",
    "/usr/share/qemu/OVMF.fd",
    "/usr/share/edk2/x64/OVMF.4m.fd",
    "/usr/share/edk2-ovmf/OVMF.fd",
    "/usr/share/qemu/ovmf-x86_64.bin",
)
# The address of a TPM's registers. Without a TPM a PC reads ones there, but QEMU zeros, as if a TPM were not ready yet.
# OVMF then polls for eight seconds: four fifths of all instructions from power-on to the payload.
_TPM: Final = 0xFED4_0000
_TOP: Final = 1 << 32  # the end address of firmware
NO_TPM: Final = "no-tpm-"  # prefix of an extended file's name


def installed() -> Path | None:
    """The path of the distribution's firmware; None where it is not installed."""
    return next((path for path in map(Path, PLACES) if path.is_file()), None)


def unavailable() -> str | None:
    """Why there is no firmware, as far as known without a download; None when there is or may be one."""
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
    """A copy in the cache, extended in front with ones down to a TPM's address: QEMU maps firmware to end at 4 GiB.

    Devices with addresses in between (interrupt controllers, timers) still work: QEMU gives them priority.

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
