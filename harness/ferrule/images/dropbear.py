"""Dropbear, the SSH server inside a booted machine: its files, and keys made for one boot."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.segments import InterpSegment

from ferrule import apt, elf
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.images import packages

COMMAND = "/bin/dropbear -F -E -s -j -k -r /etc/dropbear/hostkey -p 22"  # foreground, no passwords, no forwarding
PACKAGES = ("dropbear-bin", "busybox-static")
_FOLDERS = ("usr/sbin", "sbin", "usr/bin", "bin")
_LIBRARIES = tuple(f"{top}{folder}" for top in ("", "usr/") for folder in ("lib/x86_64-linux-gnu", "lib64", "lib"))
_GUEST_LIBRARIES = "lib/x86_64-linux-gnu"
_OPENED_LATER = ("libnss_files.so.2",)  # by glibc before 2.34, to read /etc/passwd


@dataclass(frozen=True)
class Keys:
    """One key pair for the server and one for us, each in the format of the program that reads it."""

    server: bytes  # private, as Dropbear reads it
    server_public: bytes  # a .pub line
    client: bytes  # private, as OpenSSH writes it
    client_public: bytes  # a line of authorized_keys

    @classmethod
    def generate(cls) -> Keys:
        """New keys, for one boot."""
        # slow to import, and most runs need no keys
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

        server, client = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        raw = server.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        raw += server.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        public = (key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) for key in (server, client))
        pem = client.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        # Dropbear's own file format: two strings, each after its length: the type; the private and the public key.
        return cls(_string(b"ssh-ed25519") + _string(raw), next(public) + b"\n", pem, next(public) + b"\n")


def files(keys: Keys, root: Path) -> dict[str, bytes]:
    """All files that a Linux kernel needs for an SSH login as root: path in the guest -> content.

    The programs come from the Debian system at `root`: see source(). busybox's shell includes the tools.

    Raises:
        ToolMissing: a program or one of its libraries is missing; ends with the command that installs it.
        InfrastructureError: one of them is not an ELF file.
    """
    server = _find("dropbear", _FOLDERS, root)
    return {
        "bin/dropbear": server.read_bytes(),
        "bin/sh": _find("busybox", _FOLDERS, root).read_bytes(),
        **libraries(server, root),
        "etc/passwd": b"root:x:0:0::/root:/bin/sh\n",
        "etc/dropbear/hostkey": keys.server,
        "root/.ssh/authorized_keys": keys.client_public,
    }


def libraries(program: Path, root: Path) -> dict[str, bytes]:
    """A dynamic program's libraries, their own libraries, and its loader: path in the guest -> content."""
    found: dict[str, bytes] = {}
    interpreter, todo = _links(program, program.read_bytes())
    if interpreter:
        found[interpreter.lstrip("/")] = _find(Path(interpreter).name, _LIBRARIES, root).read_bytes()
    while todo:
        name = todo.pop()
        path = f"{_GUEST_LIBRARIES}/{name}"
        if path not in found and name != Path(interpreter).name:
            source = _find(name, _LIBRARIES, root)
            found[path] = source.read_bytes()
            todo += _links(source, found[path])[1]
    for name in _OPENED_LATER if interpreter else ():
        for folder in _LIBRARIES:
            if (source := root / folder / name).is_file():
                found.setdefault(f"{_GUEST_LIBRARIES}/{name}", source.read_bytes())
    return found


def source() -> Path:
    """Root folder of the Debian system to take the programs from: this host, else packages that apt downloads.

    Raises:
        ToolMissing: they are not installed, and there is no apt; ends with the command that installs them.
        InfrastructureError: the download failed.
    """
    try:
        check(Path("/"))
    except ToolMissing:
        if shutil.which("apt-get") is None:
            raise
        return packages.fetch(PACKAGES)
    return Path("/")


def check(root: Path) -> None:
    """Check that the programs are there.

    Raises:
        ToolMissing: as files() does.
    """
    for program in ("dropbear", "busybox"):
        _find(program, _FOLDERS, root)


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _find(name: str, folders: Iterable[str], root: Path) -> Path:
    for folder in folders:
        if (path := root / folder / name).is_file():
            return path
    raise ToolMissing(f"{name}, for an SSH server in the guest, is not here; install it: {apt.install(PACKAGES)}")


def _links(path: Path, image: bytes) -> tuple[str, list[str]]:
    """An ELF file's loader (empty: it has none) and the names of the libraries that it is linked with."""
    try:
        with elf.reading(image) as file:
            loader = [one.get_interp_name() for one in file.iter_segments() if isinstance(one, InterpSegment)]
            dynamic = [one for one in file.iter_sections() if isinstance(one, DynamicSection)]
            tags = [tag for one in dynamic for tag in one.iter_tags("DT_NEEDED")]
            needed = [str(tag.needed) for tag in tags]  # type: ignore[attr-defined]  # made by the library for them
    except elf.Broken as error:
        raise InfrastructureError(f"{path}: not a program for the guest: {error}") from error
    return (loader or [""])[0], needed
