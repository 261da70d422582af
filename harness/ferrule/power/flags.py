"""The flags of `ferrule power`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ferrule.anatomy import flags
from ferrule.errors import UsageError


def add(parser: argparse.ArgumentParser) -> None:
    """Add all flags."""
    flags.add_guests(parser)
    flag = parser.add_argument
    flag("--boots", type=int, default=1, metavar="N", help="boots whose idle seconds are counted (default: 1)")
    flag("--sleepers", action="store_true", help="also 1, 8 and 64 sleepers with deadlines 1 to 50 ms apart")
    flag("--families", action="store_true", help="also an idle second after the workloads of each family")
    flag("--no-host", action="store_true", help="leave out the 10 seconds by the host's clock, and the host's energy")
    flag("--top", type=int, default=5, metavar="N", help="functions in a table (default: 5)")
    flag("--out", type=Path, metavar="FILE", help="write all figures there, as JSON")


def check(parsed: argparse.Namespace) -> None:
    """Refuse invalid flags.

    Raises:
        UsageError: names the flag.
    """
    flags.check_guests(parsed)
    if parsed.boots < 1:
        raise UsageError(f"--boots {parsed.boots}: must be at least 1")
