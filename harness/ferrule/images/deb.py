"""A Debian package file: an ar archive (ar(5)) whose files are in data.tar.xz (Debian) or data.tar.zst (Ubuntu)."""

from __future__ import annotations

import lzma
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from ferrule.errors import InfrastructureError, ToolMissing

_ZST, _XZ = "data.tar.zst", "data.tar.xz"


@contextmanager
def files(package: Path) -> Iterator[tarfile.TarFile]:
    """The package's files, as a tar that is read once from beginning to end.

    Raises:
        ToolMissing: it is packed with zstd and there is no dpkg-deb to unpack it.
        InfrastructureError: not a Debian package, or a damaged one.
    """
    try:
        with package.open("rb") as stream, _plain(package, stream) as plain:
            with tarfile.open(fileobj=plain, mode="r|") as tar:
                yield tar
            while plain.read(1 << 20):  # to the end: only there a truncated file is detected
                pass
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError) as error:
        raise InfrastructureError(f"{package}: not a Debian package: {error}") from error


@contextmanager
def _plain(package: Path, stream: BinaryIO) -> Iterator[IO[bytes]]:
    """The tar, unpacked."""
    if _find_data(stream) == _XZ:
        with lzma.open(stream) as plain:
            yield cast("IO[bytes]", plain)
        return
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    try:
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        raise ToolMissing(f"dpkg-deb, which unpacks {package.name}, is not here: {error.strerror}") from error
    with child:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            yield child.stdout
        except BaseException:
            child.kill()
            raise
        errors = child.stderr.read().decode(errors="replace").strip()
    if child.returncode:
        raise ValueError(errors.rpartition("\n")[2] or f"dpkg-deb ended with {child.returncode}")


def _find_data(stream: BinaryIO) -> str:
    """Seek to the content of the member that holds the files; returns that member's name."""
    if stream.read(8) != b"!<arch>\n":
        raise ValueError("not an ar archive")
    while head := stream.read(60):
        name, size_text = head[:16].decode("ascii", "replace").strip().rstrip("/"), head[48:58].strip()
        if not (size_text.isdigit() and size_text.isascii()):  # a negative size would seek back: an endless loop
            raise ValueError(f"{size_text!r} is not a size of a member")
        size = int(size_text)
        if name in (_XZ, _ZST):
            return name
        stream.seek(size + size % 2, os.SEEK_CUR)
    raise ValueError(f"no {_XZ} or {_ZST} in it")
