"""How long tests wait for what must happen: a guard against hanging for ever, and no measure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 600.0  # seconds


def eventually(happens: Callable[[], object]) -> bool:
    """Wait until something is true; whether it ever was."""
    ends = time.monotonic() + PATIENCE
    while not (found := happens()) and time.monotonic() < ends:
        time.sleep(0.02)
    return bool(found)
