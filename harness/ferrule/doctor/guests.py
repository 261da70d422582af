"""The guests that need no address: which are at hand, and for the others what to get and where to write it down."""

from __future__ import annotations

from collections.abc import Iterator

from ferrule import guests
from ferrule.doctor.finding import Finding
from ferrule.errors import FerruleError

_SECTION = "guests"


def at_hand() -> Iterator[Finding]:
    """One finding a guest."""
    about = guests.available()
    for name in guests.embedded():
        try:
            reason = guests.unavailable(name)
        except FerruleError as error:  # guests.toml itself is wrong
            reason = str(error)
        if reason is None:
            yield Finding(_SECTION, name, "ok", about[name].rstrip("."))
        else:
            what, _, remedy = reason.removeprefix(f"{name}: ").partition("; then ")
            yield Finding(_SECTION, name, "missing", what, f"{name} is skipped", remedy)
