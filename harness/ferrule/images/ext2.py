"""Writes an ext2 file system: folders and files in one block group, without root and without e2fsprogs.

Layout by "The Second Extended Filesystem" (nongnu.org/ext2-doc, read 2026-11). One group of at most 32768 blocks of
4 KiB needs no copies of the superblock and one descriptor:

    block 0   1024 bytes for a boot loader, the superblock
    block 1   the group's descriptor
    block 2   the block bitmap: a set bit is a used block
    block 3   the inode bitmap
    block 4   the inodes, 128 bytes each
    then      data, in the order of the tree

The same tree gives the same bytes: no time of day and no random number is in it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ferrule.errors import UsageError

BLOCK: Final = 4096
LEAST, MOST = 64, 8 * BLOCK  # blocks of an image; one bitmap block covers MOST
INODE: Final = 128
ROOT, FIRST = 2, 11  # inode numbers: of the root folder, and the first that is not reserved
DIRECT: Final = 12  # block numbers in an inode; then one each of single and double indirection
POINTERS: Final = BLOCK // 4
LARGEST: Final = (DIRECT + POINTERS + POINTERS * POINTERS) * BLOCK
FOLDER_MODE, FILE_MODE = 0o040755, 0o100755
_TABLE: Final = 4  # the block where the inodes begin
_MADE: Final = 1577836800  # 2020-01-01, for every time field; 0 would look like a clock that was not set


@dataclass
class _Node:
    """A folder or a file of the tree."""

    number: int
    parent: int
    content: bytes | None = None  # None: a folder
    entries: dict[str, _Node] = field(default_factory=dict)


def image(files: Mapping[str, bytes], folders: Iterable[str] = (), *, size: int = 16 << 20) -> bytes:
    """A file system with these files and folders; missing parent folders are added.

    Args:
        files: relative path with slashes -> content.
        folders: further, empty folders.
        size: of the image in bytes, a multiple of BLOCK.

    Raises:
        UsageError: an invalid path, a file that is too large, or more content than fits.
    """
    blocks, rest = divmod(size, BLOCK)
    if rest or not LEAST <= blocks <= MOST:
        raise UsageError(f"ext2: {size} bytes is not {LEAST} to {MOST} blocks of {BLOCK}")
    nodes = _tree(files, folders)
    inodes = -(-(FIRST + len(nodes) + 32) // (BLOCK // INODE)) * (BLOCK // INODE)  # 32 or more are free for the guest
    return _Image(blocks, inodes).write(nodes)


def _tree(files: Mapping[str, bytes], folders: Iterable[str]) -> list[_Node]:
    """All nodes in the order of their numbers, the root first."""
    root = _Node(ROOT, ROOT)
    nodes = [root]

    def add(path: str, content: bytes | None) -> None:
        node = root
        names = path.split("/")
        for depth, name in enumerate(names, 1):
            if name in ("", ".", "..") or "\0" in name or len(name.encode()) > 255:
                raise UsageError(f"ext2: {path!r} is no relative path of names up to 255 bytes")
            last = depth == len(names)
            if name not in node.entries:
                made = _Node(FIRST + len(nodes) - 1, node.number, content if last else None)
                node.entries[name] = made
                nodes.append(made)
            elif node.entries[name].content is not None or (last and content is not None):
                raise UsageError(f"ext2: {path!r} is there already")
            node = node.entries[name]

    add("lost+found", None)  # file system checkers expect it to be the first
    for path in sorted(set(folders) - {"lost+found"}):
        add(path, None)
    for path, content in sorted(files.items()):
        add(path, content)
    return nodes


class _Image:
    """The image's bytes and the number of used blocks."""

    def __init__(self, blocks: int, inodes: int) -> None:
        self._bytes = bytearray(blocks * BLOCK)
        self._blocks, self._inodes = blocks, inodes
        self._used = _TABLE + inodes * INODE // BLOCK

    def write(self, nodes: list[_Node]) -> bytes:
        for node in nodes:
            content = _listing(node) if node.content is None else node.content
            links = 1 if node.content is not None else 2 + sum(one.content is None for one in node.entries.values())
            mode = FILE_MODE if node.content is not None else FOLDER_MODE
            self._inode(node.number, mode, links, content)
        used_inodes = FIRST - 1 + len(nodes) - 1  # the root's is one of the reserved inodes
        self._bitmap(2, self._used, self._blocks)
        self._bitmap(3, used_inodes, self._inodes)
        free = (self._blocks - self._used, self._inodes - used_inodes)
        folders = sum(node.content is None for node in nodes)
        self._superblock(*free)
        struct.pack_into("<IIIHHH", self._bytes, BLOCK, 2, 3, _TABLE, *free, folders)
        return bytes(self._bytes)

    def _take(self, content: bytes) -> int:
        """Put up to a block of content into the next block; returns the block's number."""
        block = self._used
        if block == self._blocks:
            raise UsageError(f"ext2: more than {len(self._bytes)} bytes hold")
        self._used += 1
        self._bytes[block * BLOCK : block * BLOCK + len(content)] = content
        return block

    def _data(self, content: bytes) -> list[int]:
        """Put content into blocks; returns their numbers."""
        return [self._take(content[at : at + BLOCK]) for at in range(0, len(content), BLOCK)]

    def _inode(self, number: int, mode: int, links: int, content: bytes) -> None:
        if len(content) > LARGEST:
            raise UsageError(f"ext2: a file of {len(content)} bytes, at most {LARGEST} can be")
        before = self._used
        data = self._data(content)
        once = data[DIRECT : DIRECT + POINTERS]
        twice = data[DIRECT + POINTERS :]
        pointers = data[:DIRECT] + [0] * (DIRECT - len(data[:DIRECT]))
        pointers.append(self._take(_numbers(once)) if once else 0)
        tables = [self._take(_numbers(twice[at : at + POINTERS])) for at in range(0, len(twice), POINTERS)]
        pointers += [self._take(_numbers(tables)) if tables else 0, 0]
        sectors = (self._used - before) * (BLOCK // 512)
        times = (_MADE, _MADE, _MADE, 0)
        at = _TABLE * BLOCK + (number - 1) * INODE
        struct.pack_into("<HHI4IHHIII", self._bytes, at, mode, 0, len(content), *times, 0, links, sectors, 0, 0)
        struct.pack_into("<15I", self._bytes, at + 40, *pointers)

    def _bitmap(self, block: int, used: int, count: int) -> None:
        """Write a bitmap: set are the first `used` bits and those from `count` on, which do not exist."""
        bits = (1 << used) - 1 | ((1 << 8 * BLOCK) - 1) >> count << count
        self._bytes[block * BLOCK : (block + 1) * BLOCK] = bits.to_bytes(BLOCK, "little")

    def _superblock(self, free_blocks: int, free_inodes: int) -> None:
        at = 1024
        per_group = (MOST, MOST, self._inodes)
        log_block = 2  # 1024 << 2
        counts = (self._inodes, self._blocks, 0, free_blocks, free_inodes, 0, log_block, log_block, *per_group)
        struct.pack_into("<11I", self._bytes, at, *counts)
        clean, go_on = 1, 1
        state = (0, _MADE, 0, 0xFFFF, 0xEF53, clean, go_on, 0, _MADE, 0, 0, 1, 0, 0)
        struct.pack_into("<IIHHHHHHIIIIHH", self._bytes, at + 44, *state)
        typed_entries = 2  # a folder's entry has a file type
        struct.pack_into("<IHHIII", self._bytes, at + 84, FIRST, INODE, 0, 0, typed_entries, 0)
        self._bytes[at + 104 : at + 120] = hashlib.sha256(self._bytes[BLOCK:]).digest()[:16]  # UUID, from the content


def _listing(folder: _Node) -> bytes:
    """A folder's content: entries that do not cross blocks; the last entry of a block extends to the block's end."""
    named = {".": (folder.number, True), "..": (folder.parent, True)}
    named |= {name: (node.number, node.content is None) for name, node in folder.entries.items()}
    blocks: list[list[bytes]] = [[]]
    room = BLOCK
    for name, (number, is_folder) in named.items():
        text = name.encode()
        length = 8 + (len(text) + 3) // 4 * 4
        if length > room:
            blocks.append([])
            room = BLOCK
        room -= length
        kind = 2 if is_folder else 1
        blocks[-1].append((struct.pack("<IHBB", number, length, len(text), kind) + text).ljust(length, b"\0"))
    return b"".join(_stretched(entries) for entries in blocks)


def _stretched(entries: list[bytes]) -> bytes:
    """A block of entries, the last of which fills the rest of the block."""
    *before, last = entries
    length = BLOCK - sum(map(len, before))
    return b"".join([*before, last[:4], struct.pack("<H", length), last[6:]]).ljust(BLOCK, b"\0")


def _numbers(blocks: list[int]) -> bytes:
    return struct.pack(f"<{len(blocks)}I", *blocks)
