"""Facts that a guest reports about itself: texts of bounded length; the few that are numbers are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ferrule.records.errnos import errno_text
from ferrule.records.fields import Bad, Fields, clean

COUNT: Final = 256  # of one process
TEXT: Final = 400  # characters
# errno of a refused pinning: to the first CPU, to the second
REFUSED: Final = ("pin.error", "pin.second.error")
_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_NUMBERS: Final = {  # facts used in calculations: pattern and bounds
    "load1": (re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?"), 0.0, 1e6),
    **dict.fromkeys(REFUSED, (re.compile(r"[0-9]{1,4}"), 1.0, 4096.0)),
    "cpus": (re.compile(r"[0-9]{1,6}"), 1.0, 1e6),
}


def fact(fields: Fields) -> tuple[str, str]:
    """Name and text of one fact.

    Raises:
        Bad: its name is invalid, or it must be a number and is none or out of bounds.
    """
    name, value = fields.get("name", ""), fields.get("value", "")
    if _NAME.fullmatch(name) is None:
        raise Bad(f"name={clean(name, 40)!r}")
    if name in _NUMBERS:
        pattern, low, high = _NUMBERS[name]
        if pattern.fullmatch(value) is None or not low <= float(value) <= high:
            raise Bad(f"{name}={clean(value, 40)!r} is not a number from {low:g} to {high:g}")
    return name, clean(value, TEXT)


def unpinned(facts: Mapping[str, str]) -> str:
    """Which pinning the kernel refused, and its errno; empty where none was refused."""
    if REFUSED[0] in facts:
        return f"the kernel refused: {errno_text(int(facts[REFUSED[0]]))}"
    if REFUSED[1] in facts:
        return f"the second was refused: {errno_text(int(facts[REFUSED[1]]))}"
    return ""


def load(facts: Mapping[str, str]) -> float | None:
    """Runnable tasks a CPU when the process began; None when the guest did not report it."""
    if "load1" not in facts or "cpus" not in facts:
        return None
    return float(facts["load1"]) / float(facts["cpus"])
