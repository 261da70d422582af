"""The ELF kernel inside a bzImage: unpacked once and within bounds; anything else is booted as it is."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from ferrule import paths
from ferrule.files import write_sound
from ferrule.images import bzimage, debian, kernels
from ferrule.machine.options import GuestOptions
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bzimages import bzimage_of, elf


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("pack", [lambda data: lzma.compress(data) + struct.pack("<I", len(data)), gzip.compress])
def test_the_kernel_proper_is_unpacked_once(pack: object, own_cache: Path) -> None:
    assert callable(pack)
    content = bzimage_of(pack(elf()))
    path = bzimage.unpacked(content, "digest")
    assert path == own_cache / "vmlinux" / "digest"
    assert path.read_bytes() == elf()
    assert bzimage.unpacked(b"", "digest") == path
    assert sorted(os.listdir(path.parent)) == ["digest", "digest.sha256"]  # noqa: PTH208 - names are what matters


@given(st.binary(max_size=200))
def test_what_cannot_be_unpacked_is_booted_as_it_is(payload: bytes) -> None:
    assert bzimage.unpacked(bzimage_of(payload), "x") is None


def test_a_kernel_without_a_direct_entry_is_booted_as_it_is() -> None:
    assert bzimage.unpacked(bzimage_of(lzma.compress(elf(17)) + bytes(4)), "y") is None


def test_a_kernel_in_the_cache_that_was_cut_or_changed_is_unpacked_anew(own_cache: Path) -> None:
    content = bzimage_of(lzma.compress(elf()) + bytes(4))
    path = bzimage.unpacked(content, "digest")
    assert path is not None
    for change in (b"", elf()[:-1], elf() + b"\0", elf().replace(b"Xen", b"xen")):
        path.write_bytes(change)
        assert bzimage.unpacked(content, "digest") == path
        assert path.read_bytes() == elf()


def test_a_kernel_whose_hash_was_asked_for_is_unpacked_whatever_the_cache_says(tmp_path: Path) -> None:
    """Another kernel with a valid checksum is in the cache: the kernel that was checked is booted."""
    content = bzimage_of(lzma.compress(elf()) + bytes(4))
    image = tmp_path / "vmlinuz"
    image.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    write_sound(paths.cache("vmlinux") / digest, b"another kernel")
    kernel = kernels.choose(GuestOptions(linux_kernel=image, sha256=digest))
    assert kernel.direct is not None
    assert kernel.direct.read_bytes() == elf()


@pytest.mark.parametrize("pack", [lzma.compress, gzip.compress])
def test_a_small_image_does_not_unpack_to_gigabytes(
    pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bzimage, "LARGEST", 1 << 25)
    bomb = bzimage_of(pack(elf() + bytes(1 << 26)) + bytes(4))
    assert len(bomb) < 1 << 20
    assert bzimage.unpacked(bomb, "bomb") is None


def test_an_empty_kernel_in_the_cache_is_ignored(own_cache: Path) -> None:
    folder = own_cache / "debian" / "linux-image-1"
    folder.mkdir(parents=True)
    (folder / "vmlinuz").write_bytes(b"")
    assert debian.cached() is None
    write_sound(folder / "vmlinuz", b"kernel")
    assert debian.cached() == folder
    (folder / "vmlinuz").write_bytes(b"kern")
    assert debian.cached() is None
