"""Debian's standard amd64 kernel: downloaded once by apt without root, unpacked into the cache without dpkg.

apt checks the package against Debian's signed lists. The cloud kernel would be smaller, but it has no 9p.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import BinaryIO

from ferrule import paths
from ferrule.errors import InfrastructureError, ToolMissing

META_PACKAGE = "linux-image-amd64"
DOWNLOAD_SECONDS = 600.0  # 70 MB
IMAGE, MODULES = "vmlinuz", "modules"  # names in the cache

# What a guest may load: virtio, 9p with what it needs, the network card. Folders end with a slash.
_KEPT = (
    *("kernel/drivers/virtio/", "kernel/net/9p/", "kernel/fs/9p/", "kernel/fs/netfs/", "kernel/fs/fscache/"),
    *("kernel/drivers/net/virtio_net.ko", "kernel/drivers/net/net_failover.ko", "kernel/net/core/failover.ko"),
    "modules.builtin",
)


def cached() -> Path | None:
    """The newest kernel in the cache: a folder with `vmlinuz` and `modules/`, named as the package file."""
    found = [path for path in paths.cache("debian").iterdir() if (path / IMAGE).is_file()]
    return max(found, key=lambda path: _version_key(path.name), default=None)


def fetch() -> Path:
    """The cached kernel's folder, after downloading it when there is none.

    Raises:
        ToolMissing: no apt-get here.
        InfrastructureError: apt does not know the package, the download failed, or the cache cannot hold it.
    """
    if (found := cached()) is not None:
        return found
    if shutil.which("apt-get") is None:
        raise ToolMissing("apt-get, which downloads Debian's kernel, is not here; name a kernel by --linux-kernel FILE")
    cache = paths.cache("debian")
    try:
        with tempfile.TemporaryDirectory(dir=cache, prefix=".download-") as name:
            work = Path(name)
            package = _download(work)
            unpacked = work / "unpacked"
            unpack(package, unpacked)
            final = cache / package.name.removesuffix(".deb").replace("%3a", ":")
            try:
                unpacked.rename(final)
            except OSError:
                if not (final / IMAGE).is_file():  # else another process was faster
                    raise
            return final
    except OSError as error:
        raise InfrastructureError(f"{cache}: {error.strerror or error}; FERRULE_CACHE names another folder") from error


def unpack(package: Path, into: Path) -> None:
    """Take image and guest modules out of a kernel's .deb: an ar archive (ar(5)) with a data.tar.xz in it.

    Raises:
        InfrastructureError: not a Debian package, or no kernel in it.
    """
    into.mkdir()
    try:
        with package.open("rb") as stream:
            find_data(stream)
            with lzma.open(stream) as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
                for member in tar:
                    target = _target(member.name)
                    content = tar.extractfile(member) if target is not None and member.isfile() else None
                    if content is not None and target is not None:
                        path = into / target
                        path.parent.mkdir(parents=True, exist_ok=True)
                        with path.open("wb") as sink:
                            shutil.copyfileobj(content, sink)
                while plain.read(1 << 20):  # to the end, where a cut file shows
                    pass
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError) as error:
        raise InfrastructureError(f"{package}: not a Debian kernel package: {error}") from error
    if not (into / IMAGE).is_file():
        raise InfrastructureError(f"{package}: no boot/vmlinuz in it")


def find_data(stream: BinaryIO) -> None:
    """Stop at the content of data.tar.xz."""
    if stream.read(8) != b"!<arch>\n":
        raise ValueError("no ar archive")
    while head := stream.read(60):
        name, size = head[:16].decode("ascii", "replace").strip().rstrip("/"), int(head[48:58])
        if name == "data.tar.xz":
            return
        stream.seek(size + size % 2, os.SEEK_CUR)
    raise ValueError("no data.tar.xz in it")


def _target(name: str) -> str | None:
    """Where a file of the package goes in the cache; None: it is not needed."""
    name = name.removeprefix("./")
    if re.fullmatch(r"boot/vmlinuz-[^/]+", name):
        return IMAGE
    inside = re.fullmatch(r"(?:usr/)?lib/modules/[^/]+/(.+)", name)
    if inside and ".." not in inside[1].split("/") and inside[1].startswith(_KEPT):
        return f"{MODULES}/{inside[1]}"
    return None


def _download(work: Path) -> Path:
    """The .deb of the kernel that the meta package names. System lists first; private ones when there are none."""
    try:
        package = _kernel_package(())
        options: tuple[str, ...] = ()
    except InfrastructureError:
        options = private_options(work)
        run_apt("apt-get", *options, "-q", "update")
        package = _kernel_package(options)
    run_apt("apt-get", *options, "-q", "download", package, cwd=work)
    found = sorted(work.glob("*.deb"))
    if not found:
        raise InfrastructureError(f"apt-get download {package}: no file came")
    return found[0]


def _kernel_package(options: tuple[str, ...]) -> str:
    text = run_apt("apt-cache", *options, "show", "--no-all-versions", META_PACKAGE)
    found = re.search(r"^Depends:.*?\b(linux-image-[0-9][\w.+-]*-amd64)\b", text, re.MULTILINE)
    if found is None:
        raise InfrastructureError(f"apt-cache show {META_PACKAGE}: no kernel package named there")
    return found[1]


def private_options(work: Path) -> tuple[str, ...]:
    """Options that keep apt's state in a folder of ours: no root needed. Sources and keys stay the system's."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True)
    settings = {
        "Dir::State": work,
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64",
        "Debug::NoLocking": "1",
    }
    return tuple(word for key, value in settings.items() for word in ("-o", f"{key}={value}"))


def run_apt(*argv: str, cwd: Path | None = None) -> str:
    """Run a tool of apt's; its output.

    Raises:
        InfrastructureError: it failed or took too long; carries its last line.
    """
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DOWNLOAD_SECONDS,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise InfrastructureError(f"{argv[0]}: took over {DOWNLOAD_SECONDS:.0f} s") from None
    except OSError as error:
        raise ToolMissing(f"{argv[0]}: {error.strerror}; name a kernel by --linux-kernel FILE") from error
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
        raise InfrastructureError(f"{argv[0]} failed: {lines[-1] if lines else f'exit status {done.returncode}'}")
    return done.stdout


def _version_key(name: str) -> list[tuple[int, str]]:
    """Orders versions with numbers as numbers: 6.1.0-9 before 6.1.0-56."""
    return [(int(digits or 0), text) for digits, text in re.findall(r"(\d+)|(\D+)", name)]
