"""The guests of a run: which are at hand, and for the others what to get and where to write it down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferrule import guests
from ferrule.doctor.finding import Finding
from ferrule.errors import FerruleError
from ferrule.images import kernels
from ferrule.kernels.command import hint
from ferrule.machine.options import GuestOptions

_SECTION = "guests"


def at_hand(options: GuestOptions, names: Sequence[str]) -> Iterator[Finding]:
    """One finding a guest. A host with an address is connected to, as the run would do."""
    about = guests.available()
    for name in names:
        try:
            reason = guests.unavailable(name, options)
            if name == "linux" and options.linux_kernel is not None:
                kernels.choose(options)
            if "://" in name:
                guests.create(name, options).close()
        except FerruleError as error:  # guests.toml or the kernel is wrong, or the host cannot be reached
            reason = str(error).partition("\n")[0]
        if reason is None:
            yield Finding(_SECTION, name, "ok", about[guests.kind(name)].rstrip("."))
        else:
            what, _, remedy = reason.removeprefix(f"{name}: ").partition("; then ")
            what, _, ours = what.partition("; make it: ")
            takes, remedy = hint(name) if ours else ("", remedy)
            yield Finding(
                _SECTION, name, "missing", what, "; ".join(filter(None, (f"{name} is skipped", takes))), remedy
            )
