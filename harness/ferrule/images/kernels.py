"""Chooses the Linux kernel to boot: the user's, Debian's from the cache or the network, or the host's own."""

from __future__ import annotations

import hashlib
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ferrule import files, paths
from ferrule.errors import InfrastructureError, UsageError
from ferrule.images import bzimage, debian, filetype, multiboot, rawimage
from ferrule.images.modules import ModuleTree
from ferrule.machine.options import GuestOptions

Protocol = Literal["bzImage", "Multiboot", "Multiboot, marked EM_386", "PVH"]
_KINDS = "a bzImage, an ELF file with a PVH note (vmlinux), or an image with a Multiboot header"


@dataclass(frozen=True)
class Kernel:
    """A kernel image and its modules."""

    image: Path
    modules: ModuleTree | None  # None: their folder is not known
    sha256: str  # of the image before any change of ours
    protocol: Protocol
    # The file to boot in place of `image`: the ELF kernel inside a bzImage, which an emulated CPU boots in half the
    # time, or a marked copy of an image that QEMU would refuse. None: `image` itself.
    direct: Path | None
    origin: str  # for people


def choose(options: GuestOptions) -> Kernel:
    """The kernel to boot. May download Debian's.

    Raises:
        UsageError: --linux-kernel names no x86-64 kernel image, or one with another SHA-256 than asked.
        InfrastructureError: none was named and none is available; says why and what to do.
    """
    if options.linux_kernel is not None:
        return _named(options.linux_kernel, options)
    try:
        folder = debian.fetch()
    except InfrastructureError as error:
        own = _hosts_own()
        if own is None:
            raise InfrastructureError(
                f"no kernel for the linux guest: {error}; or name one by --linux-kernel FILE"
            ) from error
        return _checked(own, Path("/lib/modules") / platform.release(), "the host's own", options)
    return _checked(folder / debian.IMAGE, folder / debian.MODULES, f"Debian {folder.name}", options)


def unavailable(options: GuestOptions) -> str | None:
    """Why there is no kernel, as far as known without a download; None when there is or may be one."""
    if options.linux_kernel is not None or debian.cached() or shutil.which("apt-get") or _hosts_own():
        return None
    return "no kernel: apt-get is not here to download Debian's; name one by --linux-kernel FILE"


def _named(image: Path, options: GuestOptions) -> Kernel:
    if not image.exists():
        raise UsageError(f"--linux-kernel {image}: no such file")
    if not image.is_file():
        raise UsageError(f"--linux-kernel {image}: is a folder or a device, not a kernel's file")
    beside = image.parent / debian.MODULES
    return _checked(image, beside if beside.is_dir() else None, "--linux-kernel", options)


def _checked(image: Path, modules: Path | None, origin: str, options: GuestOptions) -> Kernel:
    try:
        content = image.read_bytes()
    except OSError as error:
        raise UsageError(f"--linux-kernel {image}: {error.strerror}") from error
    protocol = _protocol(image, content)
    digest = hashlib.sha256(content).hexdigest()
    if options.sha256 is not None and digest != options.sha256.lower():
        raise UsageError(f"{image}: its SHA-256 is {digest}, not {options.sha256}")
    folder = options.linux_modules or modules
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--linux-modules {folder}: no such folder")
    direct = None
    if protocol == "bzImage":
        direct = bzimage.unpacked(content, digest, afresh=options.sha256 is not None)
    elif protocol == "Multiboot, marked EM_386":
        direct = _marked(content, digest)
    return Kernel(image, ModuleTree(folder) if folder else None, digest, protocol, direct, origin)


def _marked(content: bytes, digest: str) -> Path:
    """A copy in the cache that QEMU accepts."""
    path = paths.cache("multiboot") / digest
    if not files.sound(path):
        files.write_sound(path, multiboot.marked(content))
    return path


def _protocol(image: Path, content: bytes) -> Protocol:
    """How QEMU starts the image: it looks for a Multiboot header first.

    Raises:
        UsageError: QEMU cannot start it; says what it can start.
    """
    if bzimage.is_bzimage(content):
        return "bzImage"
    if multiboot.is_multiboot(content):
        return "Multiboot, marked EM_386" if multiboot.is_refused(content) else "Multiboot"
    if bzimage.has_pvh_entry(content):
        return "PVH"
    if multiboot.is_second_version(content):
        raise UsageError(
            f"--linux-kernel {image}: has only a Multiboot 2 header, which QEMU does not support; build it with a"
            " Multiboot 1 header or a PVH note; or let GRUB start it with the image of `ferrule initramfs` as its"
            " module, and read its console's log by `ferrule transcript`"
        )
    if (other := rawimage.arch(content)) is not None:
        name = rawimage.KERNELS_NAME[other]
        raise UsageError(f"--linux-kernel {image}: is a raw {name} Image; use --guest linux_{other}")
    raise UsageError(f"--linux-kernel {image}: is {filetype.name(content)}, not an x86-64 kernel image: {_KINDS}")


def _hosts_own() -> Path | None:
    """The running kernel's image, where distributions let users read it."""
    if platform.machine() != "x86_64":
        return None
    for path in (Path(f"/boot/vmlinuz-{platform.release()}"), Path(f"/lib/modules/{platform.release()}/vmlinuz")):
        try:
            with path.open("rb"):
                return path
        except OSError:
            continue
    return None
