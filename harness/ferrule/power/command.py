"""`ferrule power`: from flags to tables and a file."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from ferrule import files, guests
from ferrule.anatomy.flags import add_missing
from ferrule.campaign.progress import progress_on
from ferrule.errors import EXIT_OK, InfrastructureError, ToolMissing
from ferrule.options.machines import guest_options_of, take_guests
from ferrule.options.measurement import guests_of
from ferrule.power import flags, metal, tables
from ferrule.power.idle import Measured, Wanted, of_guest


def power(parsed: argparse.Namespace) -> int:
    """Measure and report.

    Raises:
        UsageError: an invalid flag or combination.
        InfrastructureError: a guest is not available, or a file cannot be written.
    """
    flags.check(parsed)
    add_missing(parsed)
    take_guests(parsed.extra_guest)
    options = guest_options_of(parsed)
    wanted = Wanted(parsed.boots, parsed.sleepers, parsed.families, not parsed.no_host, parsed.patience)
    found: list[Measured] = []
    names = [name for name in guests_of(parsed) if name != metal.GUEST]
    with progress_on(sys.stderr) as progress:
        for name in names:
            if (reason := guests.unavailable(name, options)) is not None:
                raise ToolMissing(f"{name}: {reason}")
            found.append(of_guest(name, options, wanted, progress))
        seen = metal.look(progress) if wanted.host else None
    parts = [tables.report(found, parsed.top)] if found else []
    print("\n\n".join([*parts, *([metal.report(seen)] if seen is not None else [])]))
    if parsed.out is not None:
        figures = {"guests": [_plain(one) for one in found], "host": asdict(seen) if seen is not None else None}
        try:
            files.write_whole(parsed.out, (json.dumps(figures, indent=1) + "\n").encode())
        except OSError as error:
            raise InfrastructureError(f"--out {parsed.out}: {error.strerror}") from None
    return EXIT_OK


def _plain(one: Measured) -> dict[str, object]:
    """The figures for JSON: its keys must be text, so sleepers become a list."""
    return {**asdict(one), "sleepers": [[*key, asdict(row)] for key, row in one.sleepers.items()]}
