"""Kernel modules: which modules a module needs and in what order, read from their .modinfo sections."""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
import zlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from ferrule import apt, elf, programs
from ferrule.errors import InfrastructureError, ToolMissing, UsageError

_SIGNED, _TRAILER_BYTES = b"~Module signature appended~\n", 12
LARGEST: Final = 64 << 20  # bytes of a module
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_SUFFIXES = (".ko", ".ko.xz", ".ko.gz", ".ko.zst")


def module_name(path: Path | str) -> str:
    """`drivers/virtio/virtio-rng.ko.xz` -> `virtio_rng`: the kernel treats `-` and `_` as the same."""
    return Path(path).name.partition(".")[0].replace("-", "_")


def load(path: Path) -> bytes:
    """A module's ELF image, decompressed.

    Raises:
        InfrastructureError: unreadable or damaged; ToolMissing: a .zst without the zstd program.
    """
    try:
        match path.suffix:
            case ".xz":
                return _whole(lzma.LZMADecompressor(memlimit=LARGEST), path.read_bytes())
            case ".gz":
                return _whole(zlib.decompressobj(wbits=31), path.read_bytes())
            case ".zst":
                return _zstd(path)
            case _:
                return path.read_bytes()
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error, subprocess.SubprocessError) as error:
        raise InfrastructureError(f"{path}: cannot read kernel module: {error}") from error


class _Unpacker(Protocol):
    """A decompressor of lzma or zlib."""

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _whole(unpacker: _Unpacker, packed: bytes) -> bytes:
    image = unpacker.decompress(packed, LARGEST)
    if not unpacker.eof:
        raise ValueError(f"it is truncated, or over {LARGEST} bytes")
    return image


def dependencies(image: bytes) -> tuple[str, ...]:
    """Names of the modules that a module needs: the `depends=` of its .modinfo.

    Raises:
        ValueError: not a kernel module: not an ELF file, without .modinfo, or with an invalid name in it.
    """
    with elf.reading(image) as file:
        section = file.get_section_by_name(".modinfo")
        text = elf.content(section) if section is not None else b""
    fields = dict(item.partition(b"=")[::2] for item in text.split(b"\0") if item)
    if b"depends" not in fields:
        raise ValueError("no depends= in .modinfo: not a kernel module")
    names = [name for name in fields[b"depends"].decode("ascii", "replace").split(",") if name]
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"depends= in .modinfo names {ascii(name)[:60]}: no kernel module has such a name")
    return tuple(module_name(name) for name in names)


def without_signature(image: bytes) -> bytes:
    """The module without its appended signature: checking ten signatures takes an emulated CPU a tenth of its boot.

    The files are trusted already (apt has checked them, or the folder is the user's own). The trailer is that of
    include/linux/module_signature.h: its last four bytes, big-endian, are the signature's length.
    """
    if not image.endswith(_SIGNED):
        return image
    trailer = image[-len(_SIGNED) - _TRAILER_BYTES : -len(_SIGNED)]
    length = int.from_bytes(trailer[-4:], "big")
    end = len(image) - len(_SIGNED) - _TRAILER_BYTES - length
    return image[:end] if end > 0 else image


class ModuleTree:
    """The modules of one kernel, in a folder and all folders below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def _files(self) -> dict[str, Path]:
        found = (path for path in self.folder.rglob("*.ko*") if path.name.endswith(_SUFFIXES))
        return {module_name(path): path for path in sorted(found)}

    @cached_property
    def _builtin(self) -> frozenset[str]:
        lists = sorted(self.folder.rglob("modules.builtin"))
        return frozenset(module_name(line) for path in lists for line in path.read_text().split())

    def ordered(self, wanted: Iterable[str]) -> dict[str, bytes]:
        """Images of the wanted modules and of all that they need, dependencies first, without built-in modules.

        Raises:
            UsageError: a module is not in the folder.
            InfrastructureError: a module is unreadable, or modules need each other in a circle.
        """
        order: dict[str, bytes] = {}
        for name in wanted:
            self._visit(module_name(name), order, ())
        return order

    def _visit(self, name: str, order: dict[str, bytes], path: tuple[str, ...]) -> None:
        if name in order or name in self._builtin:
            return
        if name in path:
            raise InfrastructureError(f"{self.folder}: modules need each other: {' -> '.join((*path, name))}")
        if name not in self._files:
            needed = f", needed by {path[-1]}" if path else ""
            raise UsageError(
                f"{self.folder}: no kernel module {name}{needed}; name the right folder by --linux-modules"
            )
        image = load(self._files[name])
        try:
            needs = dependencies(image)
        except ValueError as error:
            raise InfrastructureError(f"{self._files[name]}: {error}") from error
        for need in needs:
            self._visit(need, order, (*path, name))
        order[name] = image


def _zstd(path: Path) -> bytes:
    program = shutil.which("zstd")
    if program is None:
        raise ToolMissing(f"{path}: zstd is needed to read it; install it: {apt.install(['zstd'])}")
    return subprocess.run(
        [program, "-dcq", str(path)], capture_output=True, timeout=programs.SECONDS, check=True
    ).stdout
