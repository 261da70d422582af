"""Debian's kernels by apt: where an architecture's first kernel comes from. Nothing is downloaded here."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

import pytest
from ferrule.images import debian

SOURCES = """deb http://debian.example/debian CODENAME main
deb http://debian.example/debian CODENAME-updates main
deb http://debian.example/debian-security CODENAME-security main
deb http://other.example/tools stable main
"""


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """apt's options on a host of Debian 12 with a keyring and the sources above."""
    if shutil.which("apt-get") is None:
        pytest.skip("no apt-get here")
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "debian", "VERSION_CODENAME": "bookworm"})
    monkeypatch.setattr(debian, "KEYRING", tmp_path / "keyring.gpg")
    debian.KEYRING.touch()
    sources = tmp_path / "sources.list"
    sources.write_text(SOURCES.replace("CODENAME", "bookworm"))
    own = ("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null")
    return (*debian.private_options(tmp_path, "riscv64"), *own)


def test_a_later_release_comes_from_the_hosts_own_servers(tmp_path: Path, options: tuple[str, ...]) -> None:
    later = debian._later_release(tmp_path, "riscv64", options)
    assert later is not None
    assert later[: len(options)] == options
    line = f"deb [signed-by={debian.KEYRING}] http://debian.example/debian trixie main\n"
    assert (tmp_path / "later.list").read_text() == line


def test_only_debian_and_only_what_came_later(
    tmp_path: Path, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert debian._later_release(tmp_path, "arm64", options) is None
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "ubuntu", "VERSION_CODENAME": "noble"})
    assert debian._later_release(tmp_path, "riscv64", options) is None


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("./boot/vmlinuz-6.1.0-56-amd64", "vmlinuz"),
        ("./boot/vmlinux-6.12.117+deb13-riscv64", "vmlinuz"),
        ("./boot/System.map-6.12.117+deb13-riscv64", None),
        ("./boot/vmlinux-debug/vmlinux-6.1", None),
    ],
)
def test_the_image_is_taken_packed_or_not(name: str, kept: str | None) -> None:
    assert debian._target(name) == kept
