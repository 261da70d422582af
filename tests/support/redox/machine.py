"""A stand-in for a machine with Redox: a login on a serial line, which is this program's own input and output.

It runs a real shell of the host in a real terminal. The disks among its arguments appear at the paths that Redox uses.
In the input, paths of Redox are replaced by paths below FERRULE_STANDIN, a folder that the test chooses.
"""

from __future__ import annotations

import os
import pty
import re
import select
import sys
from pathlib import Path

LOGIN = r"""
printf 'kernel: started\r\n\033[1mredox login:\033[0m '; read user
printf 'password: '; stty -echo; read password; stty echo
[ "$user:$password" = root:password ] || { echo 'Login failed'; exit 1; }
exec sh
"""


def main() -> None:
    """Run until the input ends or the shell does."""
    if "--version" in sys.argv:
        print("QEMU emulator version 0 (stand-in)")
        return
    root = Path(os.environ["FERRULE_STANDIN"])
    for number, disk in enumerate(re.findall(r"file=([^,]+),", " ".join(sys.argv))):
        folder = root / "scheme" / f"disk.pci-00-00-0{number}.0_virtio_blk"
        folder.mkdir(parents=True)
        (folder / "0").symlink_to(disk)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("sh", ["sh", "-c", LOGIN])
    while True:
        ready, _, _ = select.select([0, terminal], [], [])
        try:
            if terminal in ready:
                os.write(1, os.read(terminal, 65536))
            if 0 in ready:
                typed = os.read(0, 65536)
                if not typed:
                    return
                for path in (b"/scheme", b"/tmp/ferrule"):
                    typed = typed.replace(path, str(root).encode() + path.replace(b"/tmp", b""))
                os.write(terminal, typed)
        except OSError:  # the shell has ended
            return


main()
