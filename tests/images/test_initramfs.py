"""The cpio writer, read back by a reader of our own and by the real cpio."""

from __future__ import annotations

import shutil
import stat
import subprocess
from dataclasses import dataclass

import pytest
from ferrule.images import initramfs
from ferrule.images.initramfs import Entry
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Member:
    number: int
    mode: int
    links: int
    device: tuple[int, int]
    content: bytes


def unpack(data: bytes) -> dict[str, Member]:
    """An independent reader, written from the format's description."""
    members: dict[str, Member] = {}
    at = 0
    while True:
        head = data[at : at + 110]
        assert head[:6] == b"070701"
        field = [int(head[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
        number, mode, uid, gid, links, mtime, size, _, _, major, minor, name_size, check = field
        assert (uid, gid, mtime, check) == (0, 0, 0, 0)
        name = data[at + 110 : at + 110 + name_size]
        assert name[-1:] == b"\0"
        start = at + (110 + name_size + 3) // 4 * 4
        text = name[:-1].decode()
        if text == "TRAILER!!!":
            assert not data[start:].strip(b"\0")
            return members
        assert text not in members
        members[text] = Member(number, mode, links, (major, minor), data[start : start + size])
        at = start + (size + 3) // 4 * 4


names = st.text(st.sampled_from("abcXYZ019._-é"), min_size=1, max_size=9).filter(lambda name: name not in (".", ".."))
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
trees = st.dictionaries(paths, st.binary(max_size=40), max_size=12).filter(
    lambda tree: not any(other.startswith(path + "/") for path in tree for other in tree)
)


@given(trees, st.randoms())
def test_what_goes_in_comes_out(tree: dict[str, bytes], random: object) -> None:
    data = initramfs.archive(initramfs.files(tree, 0o640))
    members = unpack(data)
    assert {path: found.content for path, found in members.items() if stat.S_ISREG(found.mode)} == tree
    assert len(data) % 512 == 0
    assert len({found.number for found in members.values()}) == len(members)
    order = list(members)
    for path in tree:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            assert stat.S_ISDIR(members[parent].mode)
            assert order.index(parent) < order.index(path)


@given(trees)
def test_the_order_of_the_entries_does_not_show(tree: dict[str, bytes]) -> None:
    entries = initramfs.files(tree)
    assert initramfs.archive(entries) == initramfs.archive(reversed(entries))


@pytest.mark.parametrize("path", ["", "/etc", "a//b", "a/../b", "..", "./a", "a/", "a\0b"])
def test_bad_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="bad path"):
        initramfs.archive([Entry(path, stat.S_IFREG)])


def test_two_entries_of_one_path_are_refused() -> None:
    with pytest.raises(ValueError, match="two entries 'a'"):
        initramfs.archive([initramfs.file("a", b""), initramfs.folder("a")])


def test_every_kind_of_entry_for_the_real_cpio() -> None:
    program = shutil.which("cpio")
    if program is None:
        pytest.skip("cpio is not installed")
    data = initramfs.archive(
        [
            initramfs.character_device("dev/console", 5, 1),
            initramfs.folder("tmp", 0o1777),
            initramfs.file("init", b"#!", 0o755),
            initramfs.link("bin/sh", "busybox"),
        ]
    )
    done = subprocess.run([program, "-tv"], input=data, capture_output=True, check=True, env={"LC_ALL": "C"})
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    assert [(line[0], line[-1]) for line in lines if line[0][0] != "l"] == [
        ("drwxr-xr-x", "bin"),
        ("drwxr-xr-x", "dev"),
        ("crw-------", "dev/console"),
        ("-rwxr-xr-x", "init"),
        ("drwxrwxrwt", "tmp"),
    ]
    assert ["bin/sh", "->", "busybox"] in [line[-3:] for line in lines]
    assert ["5,", "1"] in [line[4:6] for line in lines]
