"""Which kernel is booted, how Debian's is unpacked, and the error where there is none."""

from __future__ import annotations

import hashlib
import platform
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError, UsageError
from ferrule.images import debian, kernels, multiboot
from ferrule.machine.options import GuestOptions
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bzimages import bzimage_of
from tests.support.debs import PACKAGE, deb


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_package_gives_its_kernel_and_the_guests_modules(tmp_path: Path) -> None:
    package = tmp_path / "linux.deb"
    package.write_bytes(deb(PACKAGE))
    debian.unpack([package], tmp_path / "out")
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert found == {
        "vmlinuz",
        "vmlinuz.sha256",
        "modules/modules.builtin",
        "modules/kernel/fs/9p/9p.ko",
        "modules/kernel/net/9p/9pnet.ko.xz",
    }
    assert (tmp_path / "out/vmlinuz").read_bytes() == b"kernel"
    assert not list(tmp_path.parent.rglob("escaped.ko"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        deb(PACKAGE)[:300],
        deb(PACKAGE, b"data.tar.zst"),
        deb({"./usr/share/doc": b""}),
        b"!<arch>\nxx",
    ],
)
def test_what_is_no_kernel_package_is_named(tmp_path: Path, content: bytes) -> None:
    package = tmp_path / "linux.deb"
    package.write_bytes(content)
    with pytest.raises(InfrastructureError, match=r"linux\.deb: "):
        debian.unpack([package], tmp_path / "out")


UBUNTU = {
    "linux-image-generic": ("Depends: linux-image-6.8.0-31-generic, linux-modules-extra-6.8.0-31-generic", {}),
    "linux-image-6.8.0-31-generic": ("Depends: kmod", {"./boot/vmlinuz-6.8.0-31-generic": bzimage_of(b"")}),
    "linux-modules-6.8.0-31-generic": (
        "Depends: wireless-regdb",
        {"./lib/modules/6.8.0-31-generic/kernel/net/9p/9pnet.ko.zst": b"9pnet"},
    ),
    "linux-modules-extra-6.8.0-31-generic": (
        "Depends: kmod",
        {"./lib/modules/6.8.0-31-generic/kernel/fs/9p/9p.ko.zst": b"9p"},
    ),
}


@pytest.fixture
def ubuntu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real apt with a repository that has a kernel as Ubuntu packs it: other names, three packages, zstd."""
    if not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg-deb"))):
        pytest.skip("apt and dpkg-deb are Debian's and Ubuntu's")
    repository, records = tmp_path / "repository", []
    repository.mkdir()
    for name, (depends, files) in UBUNTU.items():
        tree = tmp_path / "tree" / name
        control = f"Package: {name}\nVersion: 6.8.0-31.31\nArchitecture: amd64\nMaintainer: nobody\n{depends}\n"
        for path, content in {**files, "./DEBIAN/control": f"{control}Description: none\n".encode()}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(content)
        package = repository / f"{name}_6.8.0-31.31_amd64.deb"
        made = ["dpkg-deb", "--root-owner-group", "-Zzstd", "--build", str(tree), str(package)]
        if subprocess.run(made, capture_output=True, check=False).returncode:
            pytest.skip("this dpkg-deb packs no zstd")
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        about = f"Filename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest}\nDescription: none\n"
        records.append(control + about)
    (repository / "Packages").write_text("\n".join(records))
    (tmp_path / "sources.list").write_text(f"deb [trusted=yes] file:{repository} ./\n")
    for folder in ("state/lists/partial", "archives/partial"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "status").touch()
    settings = {
        "Dir::State": tmp_path / "state",
        "Dir::State::status": tmp_path / "status",
        "Dir::Cache": tmp_path,
        "Dir::Etc::sourcelist": tmp_path / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "APT::Sandbox::User": "root",
    }
    (tmp_path / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    return repository


def test_ubuntus_kernel_has_other_names_packages_and_packing(ubuntu: Path) -> None:
    with pytest.raises(InfrastructureError, match="apt knows neither linux-image-amd64 nor linux-image-generic: "):
        debian.offered()  # there are no lists yet
    folder = debian.fetch()  # which fetches them into a folder of its own
    assert folder.name == "linux-image-6.8.0-31-generic_6.8.0-31.31_amd64"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found == {
        *("vmlinuz", "vmlinuz.sha256", "modules/kernel/net/9p/9pnet.ko.zst", "modules/kernel/fs/9p/9p.ko.zst")
    }
    debian.run_apt("apt-get", "-q", "update")
    assert debian.offered() == "linux-image-6.8.0-31-generic"


@pytest.mark.parametrize("harm", ["cut", "missing tool"])
def test_a_package_of_ubuntus_that_cannot_be_unpacked_is_named(
    harm: str, ubuntu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = next(ubuntu.glob("linux-image-6*.deb"))
    if harm == "cut":
        package.write_bytes(package.read_bytes()[:-200])
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InfrastructureError, match=package.name):
        debian.unpack([package], tmp_path / "out")


def test_the_newest_cached_kernel_is_taken(own_cache: Path) -> None:
    for version in ("6.1.0-9", "6.1.0-56", "6.1.0-10"):
        folder = own_cache / "debian" / f"linux-image-{version}-amd64_1_amd64"
        (folder / "modules").mkdir(parents=True)
        (folder / "vmlinuz").write_bytes(bzimage_of(b""))
    (own_cache / "debian" / "linux-image-7.0-amd64_1_amd64").mkdir()  # incomplete: no kernel in it
    assert debian.fetch().name == "linux-image-6.1.0-56-amd64_1_amd64"
    kernel = kernels.choose(GuestOptions())
    assert kernel.origin == "Debian linux-image-6.1.0-56-amd64_1_amd64"


def test_a_failing_apt_is_reported_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("apt-get", "apt-cache"):
        (tmp_path / tool).write_text("#!/bin/sh\necho 'E: no network' >&2\nexit 100\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(platform, "release", lambda: "0.0.0-none")
    with pytest.raises(InfrastructureError, match=r"E: no network; or name one by --linux-kernel FILE"):
        kernels.choose(GuestOptions())


def test_without_apt_the_guest_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(platform, "release", lambda: "0.0.0-none")
    reason = kernels.unavailable(GuestOptions())
    assert reason is not None
    assert reason.endswith("name one by --linux-kernel FILE")
    with pytest.raises(InfrastructureError, match="--linux-kernel FILE"):
        kernels.choose(GuestOptions())


def test_a_named_kernel_is_checked(tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    with pytest.raises(UsageError, match=r"--linux-kernel .*bzImage: no such file"):
        kernels.choose(GuestOptions(linux_kernel=image))
    image.write_bytes(b"\x7fELF" + bytes(5000))
    with pytest.raises(UsageError, match="not an x86-64 kernel image"):
        kernels.choose(GuestOptions(linux_kernel=image))
    image.write_bytes(bzimage_of(b""))
    assert kernels.choose(GuestOptions(linux_kernel=image)).protocol == "bzImage"
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    assert kernels.choose(GuestOptions(linux_kernel=image, sha256=digest.upper())).sha256 == digest
    with pytest.raises(UsageError, match=f"SHA-256 is {digest}, not 00"):
        kernels.choose(GuestOptions(linux_kernel=image, sha256="00"))
    with pytest.raises(UsageError, match=r"--linux-modules .*absent: no such folder"):
        kernels.choose(GuestOptions(linux_kernel=image, linux_modules=tmp_path / "absent"))


def multiboot_of(machine: int, at: int = 4096, flags: int = 3) -> bytes:
    """An ELF file's first bytes, and a valid Multiboot header."""
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0") + struct.pack("<HH", 2, machine)
    header = struct.pack("<III", multiboot.MAGIC, flags, -(multiboot.MAGIC + flags) & 0xFFFFFFFF)
    return ident.ljust(at, b"\0") + header + bytes(16)


@given(at=st.integers(5, 2042).map(lambda word: 4 * word), flags=st.integers(0, (1 << 32) - 1))
def test_a_multiboot_header_is_found_wherever_it_may_be(at: int, flags: int) -> None:
    whole = multiboot_of(3, at, flags)
    assert multiboot.is_multiboot(whole)
    decoy = struct.pack("<III", multiboot.MAGIC, 0, 0)
    assert multiboot.is_multiboot(whole[:at] + decoy + whole[at:])
    assert not multiboot.is_multiboot(multiboot_of(3, at + 2, flags))
    damaged = bytearray(whole)
    damaged[at + 8] ^= 1
    assert not multiboot.is_multiboot(bytes(damaged))


def test_a_multiboot_header_too_far_behind_is_ignored() -> None:
    assert multiboot.is_multiboot(multiboot_of(3, multiboot.REACH - 12))
    assert not multiboot.is_multiboot(multiboot_of(3, multiboot.REACH - 8))
    assert not multiboot.is_multiboot(multiboot_of(3)[: 4096 + 8])


def test_a_multiboot_kernel_is_taken_when_qemu_takes_it(tmp_path: Path) -> None:
    image = tmp_path / "kernel"
    image.write_bytes(multiboot_of(3))
    kernel = kernels.choose(GuestOptions(linux_kernel=image))
    assert (kernel.protocol, kernel.direct) == ("Multiboot", None)
    image.write_bytes(multiboot_of(62))
    kernel = kernels.choose(GuestOptions(linux_kernel=image))
    assert kernel.protocol == "Multiboot, marked EM_386"
    assert kernel.direct is not None
    assert kernel.direct.read_bytes() == multiboot_of(3), "a copy of ours: nothing else is changed"
    assert image.read_bytes() == multiboot_of(62)


def test_an_elf_kernel_with_a_pvh_note_is_taken(tmp_path: Path) -> None:
    """By its note: name Xen, type 18 (XEN_ELFNOTE_PHYS32_ENTRY), in a segment of its own."""
    note = struct.pack("<III", 4, 8, 18) + b"Xen\0" + struct.pack("<Q", 0x1000000)
    segment = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(note), len(note), 4)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    image = tmp_path / "vmlinux"
    image.write_bytes(header + segment + note + bytes(64))
    kernel = kernels.choose(GuestOptions(linux_kernel=image))
    assert (kernel.protocol, kernel.direct) == ("PVH", None)
    image.write_bytes(header + segment + note.replace(b"Xen", b"Xon") + bytes(64))
    with pytest.raises(
        UsageError, match=r"is a 64-bit ELF file, not an x86-64 kernel image: a bzImage, an ELF file with a PVH"
    ):
        kernels.choose(GuestOptions(linux_kernel=image))


def test_a_multiboot_2_kernel_has_an_error_of_its_own(tmp_path: Path) -> None:
    image = tmp_path / "kernel"
    words = (multiboot.MAGIC_2, 0, 24)
    image.write_bytes(bytes(64) + struct.pack("<IIII", *words, -sum(words) & 0xFFFFFFFF) + bytes(64))
    with pytest.raises(
        UsageError,
        match=r"kernel: has only a Multiboot 2 header, which QEMU does not support; .* GRUB ",
    ):
        kernels.choose(GuestOptions(linux_kernel=image))
