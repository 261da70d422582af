"""The flags of `ferrule anatomy`: those of a measurement that concern guests, and its own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferrule.errors import UsageError
from ferrule.options import flags

FORMATS: Final = ("json", "callgrind", "folded", "speedscope", "svg", "markdown")  # modules of anatomy.formats
_GUESTS: Final = ("--guest", "--extra-guest", "--patience")
_WORKLOADS: Final = ("--workload", "--extra")
_MACHINE: Final = (
    "--memory",
    "--smp",
    "--transport",
    "--linux-kernel",
    "--linux-append",
    "--sha256",
    "--guests-file",
    "--guest-file",
)


def add(parser: argparse.ArgumentParser) -> None:
    """Add all flags."""
    add_guests(parser, _WORKLOADS)
    flag = parser.add_argument
    flag("--batches", type=int, default=3, metavar="N", help="timed batches to profile (default: 3)")
    flag("--top", type=int, default=10, metavar="N", help="functions in a table (default: 10)")
    flag("--out", type=Path, metavar="DIR", help="write files there: profiles, callgrind, folded, speedscope, SVG")
    flag("--format", metavar="NAMES", help=f"of these files: {', '.join(FORMATS)} (default: all)")
    flag("--show", type=Path, metavar="DIR", help="tables of the profiles that --out wrote there; nothing is measured")
    flag("--diff", nargs=2, metavar=("A", "B"), type=Path, help="compare stored profiles, folders of them, or kernels")


def add_guests(parser: argparse.ArgumentParser, more: Sequence[str] = ()) -> None:
    """Add the flags that choose and set up guests, which `ferrule power` has too."""
    flags.add_named(parser, (*_GUESTS, *more, *_MACHINE))


def check_guests(parsed: argparse.Namespace) -> None:
    """Refuse a command that names no guest.

    Raises:
        UsageError: names the flag.
    """
    if not parsed.guest:
        raise UsageError("--guest: name one or more, e.g. --guest linux,floor")
    if parsed.top < 1:
        raise UsageError(f"--top {parsed.top}: must be at least 1")


def add_missing(parsed: argparse.Namespace) -> None:
    """Set the flags of a measurement that this command does not have to their defaults."""
    flags.add_missing(parsed)
    parsed.accel = "icount"


def check(parsed: argparse.Namespace) -> None:
    """Refuse invalid flags and combinations before any work is done.

    Raises:
        UsageError: names the flag.
    """
    for name in ("batches", "top"):
        if getattr(parsed, name) < 1:
            raise UsageError(f"--{name} {getattr(parsed, name)}: must be at least 1")
    if parsed.format is not None and parsed.out is None:
        raise UsageError(f"--format {parsed.format}: only with --out DIR, where the files go")
    for name in formats_of(parsed):
        if name not in FORMATS:
            raise UsageError(f"--format {name}: no such format; there are: {', '.join(FORMATS)}")
    if parsed.show is None and not are_profiles(parsed.diff) and (not parsed.guest or not parsed.workload):
        missing = "--guest" if not parsed.guest else "--workload"
        raise UsageError(f"{missing}: name what to profile, e.g. --guest linux,floor --workload pipe_latency")


def formats_of(parsed: argparse.Namespace) -> list[str]:
    """The formats of the files that --out gets."""
    return [*FORMATS] if parsed.format is None else [*dict.fromkeys(filter(None, parsed.format.split(",")))]


def are_profiles(paths: Sequence[Path] | None) -> bool:
    """Whether --diff names stored profiles or folders of them; else they are kernels to be profiled."""
    return paths is not None and all(path.is_dir() or path.name.endswith(".json") for path in paths)
