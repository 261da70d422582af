"""Chooses the kernel of a Linux guest on an ARM or RISC-V board: the user's Image, or Debian's by apt without root.

Layout: the kernel's Documentation/arch/arm64/booting.rst and riscv/boot-image-header.rst: a header of 64 bytes; both
have a magic at offset 56.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.errors import InfrastructureError, UsageError
from ferrule.images import debian
from ferrule.machine.options import GuestOptions

MAGIC: Final = {"aarch64": b"ARM\x64", "riscv64": b"RSC\x05"}
KERNELS_NAME: Final = {"aarch64": "arm64", "riscv64": "riscv"}  # of the architecture's folder in the kernel's sources
_DEBIANS_NAME: Final = {"aarch64": "arm64", "riscv64": "riscv64"}
_AT: Final = 56


@dataclass(frozen=True)
class Kernel:
    """A kernel's Image."""

    image: Path
    sha256: str
    origin: str  # for people


def arch(content: bytes) -> str | None:
    """The architecture of a raw Image; None where it is not a raw Image."""
    return next((name for name, magic in MAGIC.items() if content[_AT : _AT + len(magic)] == magic), None)


def unavailable(wanted: str, options: GuestOptions) -> str | None:
    """Why there is no kernel, as far as known without a download; None when there is or may be one."""
    if options.linux_kernel is not None or debian.cached(_DEBIANS_NAME[wanted]) or shutil.which("apt-get"):
        return None
    name = KERNELS_NAME[wanted]
    return f"no kernel: apt-get is not here to download Debian's; name a raw {name} Image by --linux-kernel FILE"


def choose(wanted: str, options: GuestOptions) -> Kernel:
    """The kernel to boot on an architecture. May download Debian's.

    Raises:
        UsageError: --linux-kernel names no Image for the architecture, or one with another SHA-256 than asked.
        InfrastructureError: none was named and none is available; says why.
    """
    name = KERNELS_NAME[wanted]
    if options.linux_kernel is not None:
        image, origin = options.linux_kernel, "--linux-kernel"
    else:
        try:
            folder = debian.fetch(_DEBIANS_NAME[wanted])
        except InfrastructureError as error:
            raise type(error)(f"no kernel for {wanted}: {error}; it must be a raw {name} Image") from error
        image, origin = folder / debian.IMAGE, f"Debian {folder.name}"
    try:
        content = image.read_bytes()
    except OSError as error:
        raise UsageError(f"--linux-kernel {image}: {error.strerror}") from error
    if (found := arch(content)) != wanted:
        other = f"is one for {found}; use --guest linux_{found}" if found else "not one"
        raise UsageError(
            f"--linux-kernel {image}: must be a raw {name} Image (of arch/{name}/boot/Image, uncompressed): {other}"
        )
    digest = hashlib.sha256(content).hexdigest()
    if options.sha256 is not None and digest != options.sha256.lower():
        raise UsageError(f"{image}: its SHA-256 is {digest}, not {options.sha256}")
    return Kernel(image, digest, origin)
