"""The command that installs Debian packages, in the same form in every message."""

from __future__ import annotations

import os
from collections.abc import Iterable


def install(packages: Iterable[str]) -> str:
    """The command, with `sudo` unless root runs it; each package once."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y --no-install-recommends {' '.join(dict.fromkeys(packages))}"
