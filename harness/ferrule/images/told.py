"""What the Linux payload's init is told in a file, where a kernel shows no command line or is given none by us."""

from __future__ import annotations

from typing import Final

FILE: Final = "ferrule.words"  # guest/os/linux/init.c reads it
FOLDERS: Final = ("dev", "proc", "sys", "tmp")  # where init mounts, and where the payload writes


def words(port: str, processes: int) -> bytes:
    """The file: where records go, and to run /payload so often."""
    return f"ferrule.port={port} ferrule.processes={processes} -- /payload\n".encode()
