"""Files and folders that survive a kill at any moment: each is complete, or a leftover that the next start removes.

A process holds a lock (flock) on every file that it is writing and on its temporary folders. The kernel releases the
lock when the process ends, however it ends: a file or folder with our prefix and without a lock is a leftover.
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

FOLDER: Final = "ferrule-"  # prefix of our temporary folders; the process id follows
PART: Final = ".ferrule-part-"  # prefix of a file that is being written; likewise
AGE: Final = 30.0  # seconds: a younger one, of a live process, may not be locked yet


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that readers see the old one or the new one, never a part, even after a kill or a power cut.

    Raises:
        OSError: it cannot be written; the folder is then unchanged.
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
    """Write a cache file, with its SHA-256 in a file beside it, for sound() to check.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(sum_of(path), f"{hashlib.sha256(content).hexdigest()}\n".encode())
    write_whole(path, content, mode)


def sound(path: Path) -> bool:
    """Whether a file of a cache is what write_sound() wrote: not missing, cut or changed."""
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        return found == sum_of(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return False


def sum_of(path: Path) -> Path:
    """The path of the file that holds a cache file's SHA-256."""
    return path.with_name(f"{path.name}.sha256")


def sync_folder(folder: Path) -> None:
    """Make a folder's entries survive a power cut, where its file system supports it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Scratch:
    """A temporary folder that only this user can open (mode 0700); close() removes it and everything in it."""

    def __init__(self, inside: Path | None = None) -> None:
        """Make it in `inside`, else in the system's temporary folder.

        Raises:
            OSError: it cannot be made there.
        """
        self.path = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=inside))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with suppress(OSError):  # a file system without locks: nothing on it is ever removed as a leftover
            fcntl.flock(self._lock, fcntl.LOCK_SH)

    def close(self) -> None:
        """Remove it. May be called twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = -1


@contextmanager
def scratch(inside: Path | None = None) -> Iterator[Path]:
    """The path of a Scratch that lasts for the `with` block.

    Raises:
        OSError: it cannot be made.
    """
    made = Scratch(inside)
    try:
        yield made.path
    finally:
        made.close()


def sweep(*folders: Path) -> list[Path]:
    """Remove leftovers of ended Ferrule processes in these folders (not below them); returns what was removed."""
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
    """Remove a leftover unless a process holds its lock; whether it is gone."""
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
    except OSError:  # locked, or gone meanwhile
        return False
    finally:
        os.close(handle)
    return not path.exists()


def _lives(process: str) -> bool:
    """Whether a process with that id exists; True where that cannot be determined."""
    return not process.isdecimal() or not Path("/proc/self").exists() or Path("/proc", process).exists()
