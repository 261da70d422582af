"""Identifies the sender: compares the first record of a process with what was sent, to ignore other programs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final

from ferrule.records.fields import Fields, clean

PROTOCOL: Final = "1"  # of the record stream: docs/record-stream.md


@dataclass(frozen=True)
class Sent:
    """The program that a guest was given, and the plan that was patched into it."""

    os: str
    arch: str
    build: str  # build-id, hex
    plan: bytes  # the text

    def departs(self, hello: Fields, process: int) -> str | None:
        """The first field of a hello that differs from what was sent, as text; None when none does."""
        wanted = {
            "proto": PROTOCOL,
            "os": self.os,
            "arch": self.arch,
            "build": self.build,
            "plan": f"{zlib.crc32(self.plan):08x}",
            "process": str(process),
        }
        for key, due in wanted.items():
            if (given := hello.get(key)) != due:
                return f"its hello says {key}={clean(given or '', 60)!r} where {key}={due} was sent"
        return None
