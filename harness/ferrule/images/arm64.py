"""Which kernel a Linux guest for AArch64 boots: the user's Image, or Debian's by apt without root.

Layout: the kernel's Documentation/arch/arm64/booting.rst: 64 bytes of header with a magic at 56.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.errors import UsageError
from ferrule.images import debian
from ferrule.machine.options import GuestOptions

MAGIC: Final = b"ARM\x64"
_AT: Final = 56


@dataclass(frozen=True)
class Kernel:
    """A kernel's Image."""

    image: Path
    sha256: str
    origin: str  # for people


def is_image(content: bytes) -> bool:
    """Whether it is a raw arm64 Image."""
    return content[_AT : _AT + 4] == MAGIC


def unavailable() -> str | None:
    """Why there is none, as far as that can be told without a download; None when there is or may be one."""
    if debian.cached("arm64") or shutil.which("apt-get"):
        return None
    return "no kernel: apt-get is not here to download Debian's; name an arm64 Image by --linux-kernel FILE"


def choose(options: GuestOptions) -> Kernel:
    """The kernel to boot. May download Debian's.

    Raises:
        UsageError: --linux-kernel names no arm64 Image, or one with another SHA-256 than asked.
        InfrastructureError: none was named and none is available; says why.
    """
    if options.linux_kernel is not None:
        image, origin = options.linux_kernel, "--linux-kernel"
    else:
        folder = debian.fetch("arm64")
        image, origin = folder / debian.IMAGE, f"Debian {folder.name}"
    try:
        content = image.read_bytes()
    except OSError as error:
        raise UsageError(f"--linux-kernel {image}: {error.strerror}") from error
    if not is_image(content):
        raise UsageError(f"--linux-kernel {image}: not a raw arm64 Image (of arch/arm64/boot/Image, uncompressed)")
    digest = hashlib.sha256(content).hexdigest()
    if options.sha256 is not None and digest != options.sha256.lower():
        raise UsageError(f"{image}: its SHA-256 is {digest}, not {options.sha256}")
    return Kernel(image, digest, origin)
