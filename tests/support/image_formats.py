"""Formats of kernels, packages, libraries and programs that users name or that a guest OS publishes."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
from functools import cache
from pathlib import Path

from ferrule import core
from ferrule.anatomy import sources, symbols
from ferrule.gate.paired import arms
from ferrule.images import debian, kernels, modules, packages, rawimage
from ferrule.kernels import image
from ferrule.machine.options import GuestOptions
from ferrule.payload import archive
from ferrule.payload.build import build_id, patch_plan

from tests.support.archives import archive as archive_of
from tests.support.bzimages import bzimage_of, elf
from tests.support.debs import PACKAGE, deb
from tests.support.formats import Format
from tests.support.programs import program

MULTIBOOT = struct.pack("<III", 0x1BADB002, 0, (1 << 32) - 0x1BADB002)
PLAN = b"run=a1\nseed=9\nprocesses=2\nbatches=4\ncpus=0,1\nverify=first\nw pipe size=64 place=cross_core n=8\nw null\n"


def linux(path: Path) -> object:
    found = kernels.choose(GuestOptions(linux_kernel=path))
    return found.protocol, found.direct is not None


def raw_image(path: Path) -> object:
    return rawimage.choose("aarch64", GuestOptions(linux_kernel=path)).sha256


def module(path: Path) -> object:
    found = modules.ModuleTree(path.parent).ordered(["9p"])
    return [len(modules.without_signature(one)) for one in found.values()]


def unpacked(path: Path) -> object:
    into = path.parent / "out"
    shutil.rmtree(into, ignore_errors=True)
    packages.unpack(path, into / "root")
    debian.unpack([path], into / "kernel")
    return sorted(one.name for one in into.rglob("*"))


def payload(path: Path) -> object:
    """Reads a prebuilt payload as the gate does."""
    content = path.read_bytes()
    return arms.is_payload(path), build_id(content), len(patch_plan(content, "w null\n"))


def plan(path: Path) -> object:
    return core.parse_plan(path.read_bytes())


@cache
def cd() -> bytes:
    """A CD with an ELF file at sector 16 that is not a kernel, and a kernel after it."""
    high = bytearray(program())
    struct.pack_into("<Q", high, 24, 0xFFFFFFFF80001000)
    return bytes(16 * 2048) + program().ljust(4096, b"\0") + bytes(high)


def archives() -> list[bytes]:
    names = {"a.o": ["sys_write", "sys_read"]}
    return [archive_of({"a.o": b"xx"}, names), archive_of({"a.o": b"xx"}, names, 8)]


def aarch64() -> list[bytes]:
    return [bytes(56) + rawimage.MAGIC["aarch64"] + bytes(4)]


IMAGES: dict[str, Format] = {
    "linux-kernel": Format(
        lambda: [
            *(bzimage_of(lzma.compress(elf(), preset=0) + bytes(4)), bzimage_of(gzip.compress(elf(), 1))),
            *(elf(), MULTIBOOT + elf(), elf()[:64] + MULTIBOOT),
        ],
        linux,
    ),
    "raw-image": Format(aarch64, raw_image),
    "module": Format(lambda: [program()], module, "9p.ko"),
    "module-xz": Format(lambda: [lzma.compress(program(), preset=0)], module, "9p.ko.xz"),
    "module-gz": Format(lambda: [gzip.compress(program(), 1)], module, "9p.ko.gz"),
    "deb": Format(lambda: [deb(PACKAGE)], unpacked, "linux.deb"),
    "archive": Format(archives, archive.symbols, "libhermit.a"),
    "efi-program": Format(lambda: [program()], lambda path: image.flat(path.read_bytes())),
    "payload": Format(lambda: [program(plan=True)], payload),
    "symbols": Format(lambda: [program()], lambda path: symbols.read(path.read_bytes(), path.name)),
    "cd": Format(lambda: [cd()], lambda path: sources.in_cd(path.read_bytes(), path.name), "aero.iso"),
    "plan": Format(lambda: [PLAN], plan),
}
