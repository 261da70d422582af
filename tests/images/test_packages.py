"""Programs from Debian packages, with scripts in place of apt's tools that copy packages made here."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.images import packages

APT_CACHE = """#!/bin/sh
for name in "$@"; do :; done
[ -f "$0.$name" ] || { echo "E: No packages found" >&2; exit 100; }
cat "$0.$name"
"""
APT_GET = """#!/bin/sh
for word in "$@"; do [ "$word" != update ] || exit 0; done
while [ "$1" != download ]; do shift; done
shift
for name in "$@"; do cp "${0%/*}/$name.deb" . || exit; done
"""


def deb(entries: dict[str, bytes | str]) -> bytes:
    """A package: bytes are a file's content, text is a symbolic link's target."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:xz") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    data = tar.getvalue()
    return b"!<arch>\n" + b"data.tar.xz".ljust(48) + str(len(data)).encode().ljust(10) + b"`\n" + data


def test_only_programs_and_libraries_are_taken_and_nothing_escapes(tmp_path: Path) -> None:
    package = tmp_path / "a.deb"
    package.write_bytes(
        deb(
            {
                "./usr/sbin/server": b"program",
                "./usr/lib/x/libone.so.1.2": b"library",
                "./usr/lib/x/libone.so.1": "libone.so.1.2",
                "./usr/lib/x/up": "..",
                "./usr/lib/x/away": "/etc/passwd",
                "./usr/lib/../../escaped": b"bad",
                "/bin/absolute": b"bad",
                "./etc/server.conf": b"not needed",
            }
        )
    )
    packages.unpack(package, tmp_path / "root")
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if not path.is_dir() and path != package}
    assert found == {"root/usr/sbin/server", "root/usr/lib/x/libone.so.1.2", "root/usr/lib/x/libone.so.1"}
    assert (tmp_path / "root/usr/lib/x/libone.so.1").read_bytes() == b"library"


@pytest.mark.parametrize(
    "content",
    [b"", b"!<arch>\n", b"no package", deb({"./bin/a": b"a"})[:100], deb({"./bin/a": b"a"})[:120] + b"?" * 400],
)
def test_what_is_no_package_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.deb").write_bytes(content)
    with pytest.raises(InfrastructureError, match=r"a\.deb: not a Debian package"):
        packages.unpack(tmp_path / "a.deb", tmp_path / "root")


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {"apt-cache": APT_CACHE, "apt-get": APT_GET}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    for name in ("sh", "cat", "cp"):
        (tools / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    return tools


def test_libraries_come_along_and_a_second_call_downloads_nothing(apt: Path) -> None:
    for name, depends in {
        "server": "libone (>= 1:2.0), debconf | other, libtwo:amd64",
        "libone": "libtwo",
        "libtwo": "libone, zlib1g",
        "zlib1g": "",
    }.items():
        (apt / f"apt-cache.{name}").write_text(f"Package: {name}\n" + (f"Depends: {depends}\n" if depends else ""))
        (apt / f"{name}.deb").write_bytes(deb({f"./usr/bin/{name}": name.encode()}))
    root = packages.fetch(["server"])
    assert {path.name for path in (root / "usr/bin").iterdir()} == {"server", "libone", "libtwo", "zlib1g"}
    for tool in apt.iterdir():
        tool.unlink()
    assert packages.fetch(["server"]) == root
    assert [path.name for path in root.parent.iterdir()] == [root.name]


def test_without_apt_or_package_it_is_one_line(apt: Path) -> None:
    with pytest.raises(InfrastructureError, match="E: No packages found"):
        packages.fetch(["unheard-of"])
    (apt / "apt-get").unlink()
    with pytest.raises(ToolMissing, match="apt-get, which downloads unheard-of, is not here"):
        packages.fetch(["unheard-of"])
