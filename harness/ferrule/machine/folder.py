"""A private temporary folder, through which files are passed to a child process."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from ferrule.errors import TransportError
from ferrule.files import Scratch


class PrivateFolder:
    """A temporary folder that only this user can read (mode 0700); close() removes it with all its content."""

    def __init__(self) -> None:
        try:
            self._scratch = Scratch()
        except OSError as error:
            raise TransportError(
                f"no temporary folder: {error.strerror or error}; set TMPDIR to a writable one"
            ) from error
        self.path = self._scratch.path

    def write(self, name: str, content: bytes, mode: int = 0o700) -> Path:
        """Put a file into the folder.

        Raises:
            TransportError: the disk is full or not writable; names the folder.
        """
        path = self.path / name
        try:
            path.write_bytes(content)
            path.chmod(mode)
        except OSError as error:
            reason = error.strerror or str(error)
            raise TransportError(f"{path}: {reason}; set TMPDIR to a folder with {len(content)} bytes free") from error
        return path

    def close(self) -> None:
        """Remove it. May be called twice."""
        self._scratch.close()

    def __enter__(self) -> PrivateFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
