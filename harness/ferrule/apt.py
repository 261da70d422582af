"""The command that installs Debian packages: one text wherever something is missing."""

from __future__ import annotations

import os
from collections.abc import Iterable


def install(packages: Iterable[str]) -> str:
    """The command, fit for who asks; each package once."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install -y --no-install-recommends {' '.join(dict.fromkeys(packages))}"
