"""Kernel modules: what they need, in which order, and every way a folder of them can be wrong."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError, ToolMissing, UsageError
from ferrule.images import modules
from ferrule.images.modules import ModuleTree
from hypothesis import given
from hypothesis import strategies as st


def module(needs: str, *, section: bytes = b".modinfo") -> bytes:
    """The smallest ELF relocatable file with a .modinfo section: header, .modinfo, .shstrtab, three section headers."""
    info = f"license=GPL\0depends={needs}\0name=x\0".encode()
    names = b"\0" + section + b"\0.shstrtab\0"
    at_names, at_table = 64 + len(info), 64 + len(info) + len(names)
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    head = ident + struct.pack("<HHIQQQIHHHHHH", 1, 62, 1, 0, 0, at_table, 0, 64, 0, 0, 64, 3, 2)
    rows = [(0,) * 10, (1, 1, 0, 0, 64, len(info), 0, 0, 1, 0)]
    rows.append((2 + len(section), 3, 0, 0, at_names, len(names), 0, 0, 1, 0))
    return head + info + names + b"".join(struct.pack("<IIQQQQIIQQ", *row) for row in rows)


def tree(folder: Path, needs: dict[str, str]) -> ModuleTree:
    for name, text in needs.items():
        (folder / f"{name}.ko").write_bytes(module(text))
    return ModuleTree(folder)


@given(st.lists(st.lists(st.integers(0, 100)), min_size=1, max_size=12))
def test_dependencies_come_first_and_once(graph: list[list[int]]) -> None:
    """Module i may need only modules below i, so that there is no circle."""

    needs = {f"m{i}": ",".join(f"m{n % i}" for n in row) if i else "" for i, row in enumerate(graph)}
    with tempfile.TemporaryDirectory() as name:
        order = list(tree(Path(name), needs).ordered(reversed(needs)))
    assert sorted(order) == sorted(needs)
    for position, found in enumerate(order):
        assert all(need in order[:position] for need in needs[found].split(",") if need)


def test_names_with_dashes_and_packed_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "virtio-rng.ko.xz").write_bytes(lzma.compress(module("rng-core")))
    (tmp_path / "rng-core.ko.gz").write_bytes(gzip.compress(module("")))
    assert list(ModuleTree(tmp_path).ordered(["virtio_rng"])) == ["rng_core", "virtio_rng"]


def test_zstd_by_its_program_or_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "a.ko.zst"
    program = shutil.which("zstd")
    if program is not None:
        done = subprocess.run([program, "-cq"], input=module(""), capture_output=True, check=True)
        packed.write_bytes(done.stdout)
        assert modules.load(packed) == module("")
    packed.write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"apt-get install .* zstd$"):
        modules.load(packed)


def test_what_the_kernel_has_built_in_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "modules.builtin").write_text("kernel/drivers/virtio/virtio-ring.ko\n")
    assert list(tree(tmp_path, {"virtio": "virtio_ring"}).ordered(["virtio"])) == ["virtio"]


def test_a_missing_module_names_who_needs_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no kernel module b, needed by a; .*--linux-modules"):
        tree(tmp_path, {"a": "b"}).ordered(["a"])


def test_a_circle_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match="a -> b -> a"):
        tree(tmp_path, {"a": "b", "b": "a"}).ordered(["a"])


@pytest.mark.parametrize("content", [b"", b"no ELF at all", module("")[:100], module("", section=b".modinfx")])
def test_what_is_no_module_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ko").write_bytes(content)
    with pytest.raises(InfrastructureError, match=r"a\.ko: "):
        ModuleTree(tmp_path).ordered(["a"])


@pytest.mark.parametrize("name", ["\nname=9p", "b\x1b[2J", "../../b", "b" * 81, " "])
def test_a_name_that_no_module_has_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        InfrastructureError, match=r"a\.ko: depends= in \.modinfo names '.*: no kernel module"
    ) as caught:
        tree(tmp_path, {"a": name}).ordered(["a"])
    assert str(caught.value).isprintable()


@given(st.binary(max_size=300), st.integers(0, 400), st.binary(max_size=4))
def test_damage_never_ends_in_another_error(extra: bytes, at: int, patch: bytes) -> None:
    image = bytearray(module("a,b") + extra)
    image[at : at + len(patch)] = patch
    try:
        needs = modules.dependencies(bytes(image))
    except ValueError:
        return
    assert isinstance(needs, tuple)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ko.xz").write_bytes(b"\xfd7zXZ\0damaged")
    with pytest.raises(InfrastructureError, match=r"a\.ko\.xz: cannot read"):
        ModuleTree(tmp_path).ordered(["a"])


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_signatures_come_off(image: bytes, signature: bytes) -> None:
    trailer = bytes(8) + len(signature).to_bytes(4, "big")
    signed = b"\x7fELF" + image + signature + trailer + b"~Module signature appended~\n"
    assert modules.without_signature(signed) == b"\x7fELF" + image
    assert modules.without_signature(b"\x7fELF" + image) == b"\x7fELF" + image
