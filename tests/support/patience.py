"""How long tests wait for what must happen: a limit against hanging for ever, not a measurement."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 600.0  # seconds


def eventually(happens: Callable[[], object]) -> bool:
    """Wait until `happens` returns something true; False if it did not within PATIENCE."""
    ends = time.monotonic() + PATIENCE
    while not (found := happens()) and time.monotonic() < ends:
        time.sleep(0.02)
    return bool(found)
