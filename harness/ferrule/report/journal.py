"""Files of lines that survive crashes: a line is appended whole or not at all, and a torn tail is cut off."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferrule.errors import InfrastructureError


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append one JSON object as a line; two writers at once take turns.

    A last line without newline is what a crash left: it is removed first. When the new line does not fit on the disk,
    the file is cut back to what it was.

    Raises:
        InfrastructureError: the file cannot be written; names it and the reason.
    """
    line = json.dumps(record, allow_nan=False, separators=(",", ":")).encode() + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _append(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise InfrastructureError(
            f"{path}: cannot store results: {error.strerror}; free space or use --results"
        ) from None


def _append(handle: int, line: bytes) -> None:
    end = _whole(handle)
    os.ftruncate(handle, end)
    try:
        written = 0
        while written < len(line):
            written += os.pwrite(handle, line[written:], end + written)
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise


def _whole(handle: int) -> int:
    """Where the last whole line ends."""
    end = os.fstat(handle).st_size
    while end:
        start = max(0, end - 65536)
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that readers see the old one or the new one, never a part.

    Raises:
        InfrastructureError: it cannot be written; names it and the reason.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):  # such as that the folder is a file
            partial.unlink(missing_ok=True)
        raise InfrastructureError(
            f"{path}: cannot be written: {error.strerror}; free space or name another folder"
        ) from None


def lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`file:line`, object) of every whole line; a torn last one is skipped.

    Raises:
        InfrastructureError: the file cannot be read, or a whole line is no JSON object.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        where = f"{path}:{number}"
        try:
            record = json.loads(line)
        except ValueError as error:
            raise InfrastructureError(f"{where}: not JSON ({error}); remove or restore the line") from None
        if not isinstance(record, dict):
            raise InfrastructureError(f"{where}: not a JSON object; remove or restore the line")
        yield where, record
