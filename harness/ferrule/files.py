"""Files and folders that a kill at any moment leaves whole or makes sweepings of, which the next start removes.

What is still being written, and every temporary folder, bears a lock of the process that made it (flock). The kernel
lets go of the lock when that process ends, however it ends: what is named as ours and is not locked is dead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

FOLDER: Final = "ferrule-"  # how temporary folders of ours begin; then comes the number of the process
PART: Final = ".ferrule-part-"  # how a file that is being written begins; likewise
AGE: Final = 30.0  # seconds: what is younger, of a process that lives, may be about to be locked


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that readers see the old one or the new one, never a part, whenever we or the machine end.

    Raises:
        OSError: it cannot be written; the folder is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f"{PART}{os.getpid()}-{secrets.token_hex(8)}"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as out:
            with suppress(OSError):
                fcntl.flock(out, fcntl.LOCK_SH)
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_sound(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file of a cache, with its SHA-256 in one beside it: sound() then tells whether it is still that.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(sum_of(path), f"{hashlib.sha256(content).hexdigest()}\n".encode())
    write_whole(path, content, mode)


def sound(path: Path) -> bool:
    """Whether a file of a cache is what write_sound() wrote: neither missing nor cut nor changed."""
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        return found == sum_of(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False


def sum_of(path: Path) -> Path:
    """Where write_sound() has the SHA-256 of a file."""
    return path.with_name(f"{path.name}.sha256")


def sync_folder(folder: Path) -> None:
    """Make names in a folder outlast a power cut, where its file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Scratch:
    """A temporary folder that only we can look into (mode 0700), removed with everything in it by close()."""

    def __init__(self, inside: Path | None = None) -> None:
        """Make it in `inside`, else where the system has such folders.

        Raises:
            OSError: it cannot be made there.
        """
        self.path = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=inside))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with suppress(OSError):  # a file system without locks: nothing of it is ever swept
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def close(self) -> None:
        """Remove it. May be called twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1


@contextmanager
def scratch(inside: Path | None = None) -> Iterator[Path]:
    """A Scratch for a while.

    Raises:
        OSError: it cannot be made.
    """
    made = Scratch(inside)
    try:
        yield made.path
    finally:
        made.close()


def sweep(*folders: Path) -> list[Path]:
    """Remove what dead processes of ours left in these folders (not below them); returns what was removed."""
    return [path for folder in folders for path in _ours(folder) if _removed(path)]


def _ours(folder: Path) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        with suppress(OSError):
            about = entry.stat(follow_symlinks=False)
            kind = FOLDER if stat.S_ISDIR(about.st_mode) else PART if stat.S_ISREG(about.st_mode) else ""
            if kind and entry.name.startswith(kind) and about.st_uid == os.geteuid():
                maker = entry.name.removeprefix(kind).partition("-")[0]
                if time.time() - about.st_mtime > AGE or not _lives(maker):
                    yield Path(entry.path)


def _removed(path: Path) -> bool:
    """Remove it unless somebody holds it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    except OSError:  # held, or gone meanwhile
        return False
    finally:
        os.close(handle)
    return not path.exists()


def _lives(process: str) -> bool:
    """Whether there is a process of that number, or no telling."""
    return not process.isdecimal() or not Path("/proc/self").exists() or Path("/proc", process).exists()
