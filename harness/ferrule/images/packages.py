"""Programs and firmware from Debian packages that are not installed on this host: fetched by apt without root.

They are put into a guest and not run here. apt checks the packages against Debian's signed lists.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ferrule import files, paths
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.images import deb, debian

_FOLDERS = ("bin", "sbin", "lib", "lib64", "usr/bin", "usr/sbin", "usr/lib", "usr/share/ovmf")
_LIBRARY = re.compile(r"z?lib[a-z0-9.+-]*")


def fetch(names: Sequence[str]) -> Path:
    """Root folder with the programs and libraries of these packages and of the library packages that they depend on.

    Raises:
        ToolMissing: no apt-get here.
        InfrastructureError: apt does not know a package, a download failed, or the cache cannot hold it.
    """
    key = hashlib.sha256(" ".join(names).encode()).hexdigest()[:16]
    cache = paths.cache("packages")
    final = cache / key
    if final.is_dir():
        return final
    if shutil.which("apt-get") is None:
        raise ToolMissing(f"apt-get, which downloads {' and '.join(names)}, is not here")
    try:
        with files.scratch(cache) as work:
            root = work / "root"
            for package in _download(names, work):
                unpack(package, root)
            try:
                root.rename(final)
            except OSError:
                if not final.is_dir():  # else another process was faster
                    raise
    except OSError as error:
        raise InfrastructureError(f"{cache}: {error.strerror or error}; FERRULE_CACHE names another folder") from error
    return final


def unpack(package: Path, root: Path) -> None:
    """Take programs, libraries and firmware out of a .deb. Of links only those within one folder are kept.

    Raises:
        InfrastructureError: not a Debian package.
    """
    with deb.files(package) as tar:
        for member in tar:
            _take(tar, member, root)


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    inside = PurePosixPath(member.name)
    if ".." in inside.parts or inside.is_absolute() or not str(inside).startswith(tuple(f"{top}/" for top in _FOLDERS)):
        return
    target = root / inside
    if member.issym() and "/" not in member.linkname and member.linkname not in (".", ".."):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(member.linkname)
    elif member.isfile() and (content := tar.extractfile(member)) is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as sink:
            shutil.copyfileobj(content, sink)


def _download(names: Sequence[str], work: Path) -> list[Path]:
    """Download the .debs. By the system's package lists; else by private lists."""
    options: tuple[str, ...] = ()
    try:
        wanted = _closure(names, options)
    except InfrastructureError:
        options = debian.private_options(work)
        debian.run_apt("apt-get", *options, "-q", "update")
        wanted = _closure(names, options)
    debian.run_apt("apt-get", *options, "-q", "download", *wanted, cwd=work)
    return sorted(work.glob("*.deb"))


def _closure(names: Sequence[str], options: Sequence[str]) -> list[str]:
    """The packages and all library packages that they depend on; of alternatives the first."""
    found: list[str] = []
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.append(name)
        text = debian.run_apt("apt-cache", *options, "show", "--no-all-versions", name)
        depends = re.search(r"^Depends: (.*)$", text, re.MULTILINE)
        needed = (part.split()[0].partition(":")[0] for part in (depends[1].split(",") if depends else ()))
        todo += [need for need in needed if _LIBRARY.fullmatch(need)]
    return sorted(found)
