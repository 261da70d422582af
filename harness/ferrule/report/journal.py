"""Files of lines that survive crashes: a line is appended whole or not at all, and a torn tail is cut off."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ferrule import files
from ferrule.checksum import KEY, check, compact, seal, unharmed
from ferrule.errors import InfrastructureError
from ferrule.report.codec import loads


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append one JSON object as a line; two writers at once take turns.

    A last line without newline was left by a crash: it is removed first. When the new line does not fit on the disk,
    the file is cut back to what it was.

    Raises:
        InfrastructureError: the file cannot be written; names it and the reason.
    """
    line = compact(seal(record)) + b"\n"
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
    kept = os.fstat(handle).st_size
    if (tail := whole_tail(os.pread(handle, kept - end, end))) is not None:
        end, line = end + len(tail), b"\n" + line
    os.ftruncate(handle, end)
    try:
        written = 0
        while written < len(line):
            written += os.pwrite(handle, line[written:], end + written)
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise


def whole_tail(tail: bytes) -> bytes | None:
    """The last line, if its checksum shows that only its newline is missing or damaged; None when it is torn."""
    return next((line for line in (tail, tail[:-1]) if unharmed(line)), None)


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
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise InfrastructureError(
            f"{path}: cannot be written: {error.strerror}; free space or name another folder"
        ) from None


def numbered(path: Path) -> Iterator[tuple[str, bytes]]:
    """(`file:line`, text) of every whole line; a torn last one is skipped.

    Raises:
        InfrastructureError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                text = line[:-1] if line.endswith(b"\n") else whole_tail(line)
                if text is not None:
                    yield f"{path}:{number}", text
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None


def lines(path: Path, *, sealed: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`file:line`, object) of every whole line, without its checksum; a torn last one is skipped.

    Args:
        path: of the file.
        sealed: its format always had checksums: a line without one is damaged.

    Raises:
        InfrastructureError: the file cannot be read, or a whole line is no JSON object or was changed.
    """
    for where, text in numbered(path):
        yield where, parse(text, where, sealed=sealed)


def is_sealed(line: bytes) -> bool:
    """Whether a line has a checksum: lines from before checksums existed have none."""
    return b'"sum":"' in line[-24:]


def parse(line: bytes, where: str, *, sealed: bool = False) -> dict[str, Any]:
    """One line's object without its checksum. Without `sealed`, a line from before checksums existed is accepted.

    Raises:
        InfrastructureError: it is no JSON object, or was changed after it was stored; begins with `where`.
    """
    try:
        record: Any = loads(line)
        if not isinstance(record, dict):
            raise InfrastructureError(f"{where}: not a JSON object; remove or restore the line")
        if not unharmed(line) and not check(record) and sealed:
            raise ValueError("it has no checksum")
    except ValueError as error:
        raise InfrastructureError(f"{where}: damaged ({error}); remove or restore the line") from None
    record.pop(KEY, None)
    return record
