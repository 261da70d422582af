"""The flags of `ferrule gate`, and what they mean to guests and suites. Every one is told in docs/gate.md."""

from __future__ import annotations

import argparse
from pathlib import Path

from ferrule.errors import UsageError
from ferrule.guestfile import parse_files
from ferrule.guests.options import GuestOptions

GUESTS = ("linux", "floor")  # compared when none is named, whichever can be had
OUTPUTS = {  # flag and module in ferrule.gate.formats -> what it writes
    "junit": "JUnit XML, one case for each guest and workload",
    "summary": "Markdown, appended: for $GITHUB_STEP_SUMMARY",
    "gha": "JSON for github-action-benchmark (customSmallerIsBetter)",
    "bmf": "Bencher Metric Format",
    "benchfmt": "Go benchmark format, for benchstat",
    "otava": "CSV for Apache Otava: one row is appended for each run",
}
LEAST_BOOTS = 2  # one boot cannot tell an exact count from a lucky one


def add(parser: argparse.ArgumentParser) -> None:
    """Add all flags."""
    flag = parser.add_argument
    flag("--tier", choices=["exact", "time"], default="exact", help="exact: instructions under icount (default)")
    flag("--guest", metavar="NAMES", help=f"guests, comma-separated (default: {','.join(GUESTS)}, if to be had)")
    flag("--suite", metavar="NAMES", default="", help="suites, comma-separated, by family")
    flag("--workload", metavar="NAMES", default="", help="workloads, comma-separated, with parameters where wanted")
    flag(
        "--place", metavar="PLACES", default="same_core", help="placements (default: same_core, the only one on 1 CPU)"
    )
    flag("--extra", metavar="PATH", action="append", default=[], help="more workloads: a file or folder; repeatable")
    flag("--baselines", metavar="DIR", help="where the baselines are (default: results/baselines of the checkout)")
    flag("--update-baseline", action="store_true", help="accept what is measured now, instead of comparing")
    flag("--strict", action="store_true", help="one instruction more fails, where counts are exact")
    flag("--boots", type=int, metavar="N", help="boots of each guest (default: 2; 5 for a new baseline)")
    flag("--kernel-build", metavar="NAME", help="compare all kernels of this name: the kernel is what is under test")
    flag("--linux-kernel", metavar="FILE", help="kernel image of the linux guest (default: Debian's)")
    flag("--linux-append", metavar="WORDS", default="", help="more words for that kernel's command line")
    flag("--sha256", metavar="HEX", help="what the kernel file's SHA-256 must be")
    flag("--guests-file", metavar="FILE", help="where kernels of yours are (default: the checkout's guests.toml)")
    flag(
        "--guest-file",
        metavar="GUEST.KEY=FILE",
        action="append",
        default=[],
        help="one of them, e.g. redox.kernel=FILE; repeatable; goes before guests.toml",
    )
    flag("--memory", type=int, default=512, metavar="MIB", help="of the guests (default: 512)")
    flag("--patience", type=float, metavar="S", help="seconds of silence after which a guest counts as hung")
    for name, what in OUTPUTS.items():
        flag(f"--{name}", type=Path, metavar="FILE", help=what)


def check(parsed: argparse.Namespace) -> None:
    """Refuse what cannot mean anything before any work is done.

    Raises:
        UsageError: names the flag and what there is instead.
    """
    if parsed.tier == "time":
        raise UsageError("--tier time: this tier is not there yet; use --tier exact")
    if parsed.boots is not None and parsed.boots < LEAST_BOOTS:
        raise UsageError(f"--boots {parsed.boots}: at least {LEAST_BOOTS}, or nothing shows that counts repeat")
    if parsed.patience is not None and parsed.patience <= 0:
        raise UsageError(f"--patience {parsed.patience}: must be more than 0 seconds")
    if parsed.kernel_build is not None and not parsed.kernel_build.strip():
        raise UsageError("--kernel-build: the name is empty")
    for name in OUTPUTS:
        path: Path | None = getattr(parsed, name)
        if path is not None and not path.absolute().parent.is_dir():  # said now, not when all has been measured
            raise UsageError(f"--{name} {path}: there is no folder {path.absolute().parent}")


def guest_options(parsed: argparse.Namespace) -> GuestOptions:
    """What guests need to know."""
    return GuestOptions(
        accel="icount",
        linux_kernel=Path(parsed.linux_kernel) if parsed.linux_kernel else None,
        linux_append=parsed.linux_append,
        sha256=parsed.sha256,
        memory=parsed.memory,
        guests_file=Path(parsed.guests_file) if parsed.guests_file else None,
        guest_files=parse_files(parsed.guest_file),
    )
