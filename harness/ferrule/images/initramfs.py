"""An initial file system for Linux: a cpio archive in the newc format, the same bytes for the same content.

Format: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. It is not compressed: it is small, and
an emulated CPU takes longer to unpack it than firmware to load it.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_MAGIC, _TRAILER = b"070701", "TRAILER!!!"


@dataclass(frozen=True)
class Entry:
    """One name in the archive. `mode` includes the file type; `content` of a symbolic link is its target."""

    path: str  # relative, without a leading slash
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)  # major, minor of a device node


def file(path: str, content: bytes, permissions: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(path, stat.S_IFREG | permissions, content)


def folder(path: str, permissions: int = 0o755) -> Entry:
    """A directory."""
    return Entry(path, stat.S_IFDIR | permissions)


def link(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def character_device(path: str, major: int, minor: int, permissions: int = 0o600) -> Entry:
    """A character device node."""
    return Entry(path, stat.S_IFCHR | permissions, device=(major, minor))


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive. Folders above an entry are added where missing; owner is root, times are 0.

    Raises:
        ValueError: two entries of one path, or a path that is absolute, empty or climbs with `..`.
    """
    wanted: dict[str, Entry] = {}
    for entry in entries:
        path = PurePosixPath(entry.path)
        if path.is_absolute() or str(path) != entry.path or ".." in path.parts or "\0" in entry.path or not path.parts:
            raise ValueError(f"initramfs: bad path {entry.path!r}")
        if entry.path in wanted:
            raise ValueError(f"initramfs: two entries {entry.path!r}")
        wanted[entry.path] = entry
    for name in list(wanted):
        for parent in PurePosixPath(name).parents:
            if parent.parts:
                wanted.setdefault(str(parent), folder(str(parent)))
    out = bytearray()
    for number, name in enumerate(sorted(wanted, key=lambda path: PurePosixPath(path).parts), 1):
        out += _member(number, wanted[name])
    out += _member(0, Entry(_TRAILER, 0))
    out += bytes(-len(out) % 512)
    return bytes(out)


def files(tree: Mapping[str, bytes], permissions: int = 0o644) -> list[Entry]:
    """Regular files from path -> content."""
    return [file(path, content, permissions) for path, content in tree.items()]


def _member(number: int, entry: Entry) -> bytes:
    """Header, name, content; each padded to 4 bytes. All fields are 8 hexadecimal digits."""
    name = entry.path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.content), 0, 0, *entry.device, len(name), 0)
    head = _MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return head + bytes(-len(head) % 4) + entry.content + bytes(-len(entry.content) % 4)
