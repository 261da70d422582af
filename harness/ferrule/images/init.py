"""The init of the Linux payload (guest/os/linux/init.c): the file that it reads and its messages on the console."""

from __future__ import annotations

import re
from typing import Final

FILE: Final = "ferrule.words"  # init reads its command line here, for kernels that show none
FOLDERS: Final = ("dev", "proc", "sys", "tmp")  # where init mounts, and where the payload writes
FINISHED: Final = "all processes ended with status 0"
_MESSAGE = re.compile(r"ferrule-init: (.*)")


def messages(console: str) -> list[str]:
    """The messages of init in a console's output, in order."""
    return [line.strip() for line in _MESSAGE.findall(console)]


def command_line(port: str, processes: int) -> bytes:
    """The file's content: init runs /payload `processes` times, records go to the device `port`."""
    return f"ferrule.port={port} ferrule.processes={processes} -- /payload\n".encode()
