"""The ext2 writer: its images are read back here by the format's rules, and e2fsck finds no fault in them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.images import ext2
from hypothesis import given, settings
from hypothesis import strategies as st

needs_e2fsck = pytest.mark.skipif(shutil.which("e2fsck") is None, reason="e2fsck is not here (Debian: e2fsprogs)")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in (".", "..", "lost+found") and len(name.encode()) <= 255
)
BOUNDARIES = [0, 1, 4095, 4096, 4097, 12 * 4096, 12 * 4096 + 1, 1036 * 4096, 1036 * 4096 + 1]


class Reader:
    """Reads a file system of one group as "The Second Extended Filesystem" describes it."""

    def __init__(self, image: bytes) -> None:
        self.image = image
        head = image[1024:2048]
        (self.inodes, self.blocks, _, self.free_blocks, self.free_inodes, _, log_block) = struct.unpack(
            "<7I", head[:28]
        )
        assert struct.unpack("<H", head[56:58]) == (0xEF53,)
        assert struct.unpack("<I", head[76:80]) == (1,), "revision"
        self.first, self.inode_size = struct.unpack("<IH", head[84:90])
        self.block = 1024 << log_block
        group = image[self.block : self.block + 32] if self.block > 1024 else image[2048:2080]
        self.block_bitmap, self.inode_bitmap, self.table = struct.unpack("<3I", group[:12])
        self.claimed: list[int] = []

    def inode(self, number: int) -> tuple[int, int, bytes]:
        """Mode, links and content."""
        at = self.table * self.block + (number - 1) * self.inode_size
        raw = self.image[at : at + self.inode_size]
        mode, _, size = struct.unpack("<HHI", raw[:8])
        (links,) = struct.unpack("<H", raw[26:28])
        pointers = struct.unpack("<15I", raw[40:100])
        blocks = [block for block in pointers[:12] if block]
        blocks += self.indirect(pointers[12], 1) + self.indirect(pointers[13], 2) + self.indirect(pointers[14], 3)
        self.claimed += blocks
        content = b"".join(self.image[block * self.block : (block + 1) * self.block] for block in blocks)
        assert size <= len(content) < size + self.block
        return mode, links, content[:size]

    def indirect(self, block: int, depth: int) -> list[int]:
        if not block:
            return []
        self.claimed.append(block)
        numbers = struct.unpack(f"<{self.block // 4}I", self.image[block * self.block : (block + 1) * self.block])
        below = [number for number in numbers if number]
        return below if depth == 1 else [one for number in below for one in self.indirect(number, depth - 1)]

    def tree(self, number: int = 2, path: str = "") -> dict[str, bytes | None]:
        """Every path below a folder with its content; None for folders."""
        _, _, listing = self.inode(number)
        found: dict[str, bytes | None] = {}
        at = 0
        while at < len(listing):
            child, length, name_length, kind = struct.unpack("<IHBB", listing[at : at + 8])
            name = listing[at + 8 : at + 8 + name_length].decode()
            assert length >= 8 + name_length
            assert at // self.block == (at + length - 1) // self.block, "an entry crosses blocks"
            at += length
            if name in (".", ".."):
                continue
            mode = self.inode_mode(child)
            assert (kind, mode >> 12) in ((1, 8), (2, 4))
            if kind == 2:
                found[f"{path}{name}"] = None
                found |= self.tree(child, f"{path}{name}/")
            else:
                found[f"{path}{name}"] = self.inode(child)[2]
        return found

    def inode_mode(self, number: int) -> int:
        at = self.table * self.block + (number - 1) * self.inode_size
        mode: int = struct.unpack("<H", self.image[at : at + 2])[0]
        return mode

    def set_bits(self, block: int) -> int:
        return int.from_bytes(self.image[block * self.block : (block + 1) * self.block], "little").bit_count()


def folders_above(paths: set[str]) -> set[str]:
    return {"/".join(parts[:depth]) for path in paths if (parts := path.split("/")) for depth in range(1, len(parts))}


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, bytes], list[str]]:
    """Files and folders whose paths do not conflict."""
    folders = [f"d{draw(st.integers(0, 3))}/{name}" for name in draw(st.lists(NAMES, max_size=4))]
    names = draw(st.lists(NAMES, max_size=8, unique=True))
    sizes = draw(st.lists(st.sampled_from([*BOUNDARIES[:7], 100]), min_size=len(names), max_size=len(names)))
    places = draw(st.lists(st.sampled_from(["", "f/", "f/g/"]), min_size=len(names), max_size=len(names)))
    files = {
        f"{place}x{name}"[:80]: bytes([size % 251 + 1]) * size
        for place, name, size in zip(places, names, sizes, strict=True)
    }
    return {path: content for path, content in files.items() if len(path.split("/")[-1].encode()) <= 255}, folders


@settings(max_examples=60, deadline=None)
@given(trees())
def test_what_is_written_is_read_back(tree: tuple[dict[str, bytes], list[str]]) -> None:
    files, folders = tree
    image = ext2.image(files, folders, size=4 << 20)
    reader = Reader(image)
    found = reader.tree()
    expected: dict[str, bytes | None] = dict.fromkeys({*folders, *folders_above({*files, *folders}), "lost+found"})
    assert found == expected | files
    assert image == ext2.image(dict(reversed(files.items())), folders[::-1], size=4 << 20)
    reader = Reader(image)
    reader.tree()
    for path in ("", *found):  # read once more: no block belongs to two files
        assert path == "" or path in found
    assert len(set(reader.claimed)) == len(reader.claimed)
    taken = reader.table + reader.inodes * reader.inode_size // reader.block + len(reader.claimed)
    assert reader.free_blocks == reader.blocks - taken
    assert reader.set_bits(reader.block_bitmap) == reader.block * 8 - reader.free_blocks
    assert reader.set_bits(reader.inode_bitmap) == reader.block * 8 - reader.free_inodes


@pytest.mark.parametrize("size", BOUNDARIES)
def test_contents_of_every_depth_of_indirection(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    assert Reader(ext2.image({"big": content[:size]})).tree()["big"] == content[:size]


@needs_e2fsck
@settings(max_examples=12, deadline=None)
@given(trees())
def test_e2fsck_finds_no_fault(
    tmp_path_factory: pytest.TempPathFactory, tree: tuple[dict[str, bytes], list[str]]
) -> None:
    files, folders = tree
    many = {f"many/{number:0200d}": b"x" for number in range(50)}  # a folder of several blocks
    image = tmp_path_factory.mktemp("ext2") / "image"
    image.write_bytes(ext2.image({**files, **many, "big": bytes(1037 * 4096)}, folders))
    done = subprocess.run(["e2fsck", "-fn", str(image)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    image.unlink()


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "a/../b", ".", "a\0b", "x" * 256])
def test_paths_that_cannot_be_are_refused(path: str) -> None:
    with pytest.raises(UsageError, match="no relative path"):
        ext2.image({path: b""})


def test_a_file_cannot_be_a_folder_too() -> None:
    with pytest.raises(UsageError, match="there already"):
        ext2.image({"a": b"", "a/b": b""})
    with pytest.raises(UsageError, match="there already"):
        ext2.image({"a": b""}, ["a"])


def test_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="more than 1048576 bytes"):
        ext2.image({"a": bytes(1 << 20)}, size=1 << 20)
    with pytest.raises(UsageError, match="blocks of 4096"):
        ext2.image({}, size=1 << 28)
    with pytest.raises(UsageError, match="blocks of 4096"):
        ext2.image({}, size=(1 << 20) + 1)
