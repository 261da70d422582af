"""The last part of a guest's output outside its records: bounded, and safe to print on a terminal."""

from __future__ import annotations

import re
from typing import Final

from ferrule.text import STEERING

HIDDEN: Final = "(hidden)"
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])")  # ECMA-48 control sequences: firmware clears screens


class Transcript:
    """A buffer of the last `limit` bytes, so that a guest with endless output does not use up our memory."""

    def __init__(self, limit: int = 65536) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._hidden: list[str] = []
        self.total = 0  # bytes ever added

    def add(self, data: bytes) -> None:
        """Take more bytes and forget the oldest beyond the limit."""
        self.total += len(data)
        self._kept += data[-self._limit :]
        if len(self._kept) > self._limit:
            del self._kept[: len(self._kept) - self._limit]

    def hide(self, secret: str) -> None:
        """Never show this text: a terminal may echo what is typed into it."""
        if secret:
            self._hidden.append(secret)

    def text(self) -> str:
        """What is kept, with terminal control sequences, carriage returns and control characters taken out."""
        text = self._kept.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        text = STEERING.sub("?", _ESCAPES.sub("", text))
        for secret in self._hidden:
            text = text.replace(secret, HIDDEN)
        return text

    def tail(self, lines: int = 12) -> str:
        """The last non-empty lines."""
        return "\n".join([line for line in self.text().splitlines() if line.strip()][-lines:])
