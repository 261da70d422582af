"""Debian packages made by hand: a kernel with its modules, and files that must not be extracted."""

from __future__ import annotations

import io
import tarfile

PACKAGE = {
    "./boot/vmlinuz-6.1.0-1-amd64": b"kernel",
    "./boot/config-6.1.0-1-amd64": b"config",
    "./lib/modules/6.1.0-1-amd64/modules.builtin": b"",
    "./lib/modules/6.1.0-1-amd64/kernel/fs/9p/9p.ko": b"9p",
    "./lib/modules/6.1.0-1-amd64/kernel/fs/9p/../../../../../../../escaped.ko": b"bad",
    "./lib/modules/6.1.0-1-amd64/kernel/fs/xfs/xfs.ko": b"not needed",
    "./usr/lib/modules/6.1.0-1-amd64/kernel/net/9p/9pnet.ko.xz": b"9pnet",
}


def deb(files: dict[str, bytes], member: bytes = b"data.tar.xz/") -> bytes:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:xz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    out = b"!<arch>\n"
    for label, content in ((b"debian-binary", b"2.0"), (member, tar.getvalue())):
        out += label.ljust(16) + b"0".ljust(32) + str(len(content)).encode().ljust(10) + b"`\n" + content
        out += b"\n" * (len(content) % 2)
    return out
