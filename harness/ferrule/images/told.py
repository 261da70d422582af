"""What the Linux payload's init is told in a file, where a kernel shows no command line, and what it says itself."""

from __future__ import annotations

import re
from typing import Final

FILE: Final = "ferrule.words"  # guest/os/linux/init.c reads it
FOLDERS: Final = ("dev", "proc", "sys", "tmp")  # where init mounts, and where the payload writes


FINISHED: Final = "all processes ended with status 0"
_SAID = re.compile(r"ferrule-init: (.*)")


def said(console: str) -> list[str]:
    """What init said on a console, in order."""
    return [line.strip() for line in _SAID.findall(console)]


def words(port: str, processes: int) -> bytes:
    """The file: where records go, and to run /payload so often."""
    return f"ferrule.port={port} ferrule.processes={processes} -- /payload\n".encode()
