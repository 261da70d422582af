"""The options of a measurement: defined once, for pytest and for `ferrule run` alike."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from ferrule.campaign.budget import FULL, QUICK, VERIFY, Budget
from ferrule.campaign.schedule import Precision
from ferrule.errors import UsageError
from ferrule.guests import available, embedded
from ferrule.images import guestfile
from ferrule.machine.options import GuestOptions
from ferrule.payload.registry import find, workloads
from ferrule.payload.selection import parse_key, parse_place, suite_of, variants_of
from ferrule.records.samples import Aim

_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh])")


def add_options(parser: pytest.Parser) -> None:
    """Add the `ferrule` group to pytest's options."""
    add = parser.getgroup("ferrule", "syscall and IPC benchmarks").addoption
    add(
        "--guest",
        metavar="NAMES",
        help="guests, comma-separated: local, linux, ssh://user@host:port (default: all that need no address)",
    )
    add("--suite", metavar="NAMES", help="suites, comma-separated, by family: syscall, ipc, sched, memory ...")
    add("--workload", metavar="NAMES", help="workloads, comma-separated, with parameters where wanted: canary[nops=8]")
    add("--place", default="", metavar="PLACES", help="of same_core, cross_core, free (default: the first two)")
    add("--quick", action="store_true", help="a shorter budget, said so in the results: wider intervals, fewer tails")
    add("--verify-only", action="store_true", help="prove that every workload does what it says; no numbers")
    add("--json", metavar="FILE", help="same as --benchmark-json")
    add("--boots", type=int, metavar="N", help="rounds: boots of a guest that can be booted; with --precision at most")
    add("--processes", type=int, metavar="N", help="processes a boot")
    add(
        "--precision",
        metavar="P%",
        help="measure until the intervals reach no further than P %% of the result, e.g. 1%%",
    )
    add(
        "--precision-of",
        choices=get_args(Aim),
        help="whose intervals with --precision: time (the default) or cycles of the core, where there are any",
    )
    add("--budget", metavar="TIME", help="at most so long with --precision: 90s, 10m (the default), 2h")
    add("--seed", type=int, metavar="N", help="of all random orders (default: drawn, and printed)")
    add(
        "--accel",
        default="auto",
        choices=["auto", "kvm", "tcg", "icount"],
        help="of QEMU guests; icount counts instructions",
    )
    add("--transport", default="serial", choices=["serial", "console", "9p", "ssh"], help="of the QEMU Linux guest")
    add("--linux-kernel", metavar="FILE", help="kernel image of the linux guest (default: Debian's, downloaded once)")
    add("--linux-modules", metavar="DIR", help="folder with that kernel's modules, for the transports that need some")
    add("--linux-append", default="", metavar="WORDS", help="more words for that kernel's command line")
    add("--sha256", metavar="HEX", help="what the kernel file's SHA-256 must be")
    add(
        "--guests-file",
        metavar="FILE",
        help="where kernels and images of yours are (default: the checkout's guests.toml)",
    )
    add(
        "--guest-file",
        action="append",
        default=[],
        metavar="GUEST.KEY=FILE",
        help="one of them, e.g. redox.kernel=FILE; repeatable; goes before guests.toml",
    )
    add("--memory", type=int, default=512, metavar="MIB", help="of QEMU guests (default: 512)")
    add(
        "--smp",
        type=int,
        metavar="N",
        help="CPUs of QEMU guests (default: two where the host has two; one under icount)",
    )
    add("--cpu", metavar="LIST", help="CPUs of hosts for the two ends, e.g. 3,2 (default: the last two cores)")
    add(
        "--host-key", metavar="FILE", help="the SSH server's public key or a known_hosts file: no other key is accepted"
    )
    add("--identity", metavar="FILE", help="private key to log in with over SSH")
    add(
        "--extra",
        action="append",
        default=[],
        metavar="PATH",
        help="more workloads: a file, or a folder of them; repeatable",
    )
    add("--patience", type=float, metavar="S", help="seconds a run may say nothing before its guest counts as hung")
    add("--results", metavar="DIR", help="where the history goes (default: results/ of the checkout)")
    add("--accept", action="store_true", help="take values that look implausible as they are, now and from now on")
    add("--no-history", action="store_true", help="do not append to the history")


def check(config: pytest.Config) -> None:
    """Refuse options that cannot mean anything, before any work is done.

    Raises:
        UsageError: names the flag and what there is instead.
    """
    budget_of(config)
    precision_of(config)
    guest_options_of(config)
    guests_of(config)
    suites_of(config)
    places = parse_place(config.getoption("--place"))
    workload = config.getoption("--workload")
    if workload is not None and not parse_key(workload):
        raise UsageError(f"--workload {workload!r}: no workload named; leave it out to run all")
    for name, params, _ in parse_key(workload or ""):
        variants_of(find(name, extra_of(config)), params, places)
    _check_output(config)
    patience = config.getoption("--patience")
    if patience is not None and not 0 < patience < float("inf"):
        raise UsageError(f"--patience {patience}: must be more than 0 seconds, and not for ever")
    seed = config.getoption("--seed")
    if seed is not None and not 0 <= seed < 2**64:
        raise UsageError(f"--seed {seed}: must be 0 or more and less than 2^64")


def _check_output(config: pytest.Config) -> None:
    """What would go wrong only when all has been measured is said now."""
    json, results = config.getoption("--json"), config.getoption("--results")
    if json and not Path(json).absolute().parent.is_dir():
        raise UsageError(f"--json {json}: there is no folder {Path(json).absolute().parent}")
    if json and Path(json).is_dir():
        raise UsageError(f"--json {json}: is a folder; name a file")
    if results and Path(results).exists() and not Path(results).is_dir():
        raise UsageError(f"--results {results}: is not a folder")


def extra_of(config: pytest.Config) -> tuple[Path, ...]:
    """Files and folders of workloads beside the checkout's own."""
    return tuple(Path(path) for path in config.getoption("--extra"))


def guests_of(config: pytest.Config) -> tuple[str, ...]:
    """Names of the guests to run, each once; without --guest those that need no address.

    Raises:
        UsageError: no guest of that kind, or none at all.
    """
    asked = config.getoption("--guest")
    names = tuple(dict.fromkeys(part.strip() for part in asked.split(",") if part.strip())) if asked else ()
    for name in names:
        if name.partition("://")[0] not in available():
            raise UsageError(f"--guest {name}: no such guest; there are: {', '.join(available())}")
    if asked is not None and not names:
        raise UsageError(f"--guest {asked!r}: no guest named; there are: {', '.join(available())}")
    return names or tuple(embedded())


def suites_of(config: pytest.Config) -> frozenset[str]:
    """Families named by --suite; empty means all.

    Raises:
        UsageError: a name that is no family of workloads.
    """
    asked = config.getoption("--suite")
    names = frozenset(filter(None, (asked or "").split(",")))
    families = sorted({suite_of(row) for row in workloads(extra_of(config)).values()}) if names else []
    for name in sorted(names.difference(families)):
        raise UsageError(f"--suite {name}: no such suite; there are: {', '.join(families)}")
    if asked is not None and not names:
        raise UsageError(f"--suite {asked!r}: no suite named; leave it out to run all")
    return names


def budget_of(config: pytest.Config) -> Budget:
    """The budget asked for.

    Raises:
        UsageError: a count below 1.
    """
    option = config.getoption
    budget = VERIFY if option("--verify-only") else QUICK if option("--quick") else FULL
    for flag in ("boots", "processes"):
        value = option(f"--{flag}")
        if value is None:
            continue
        if value < 1:
            raise UsageError(f"--{flag} {value}: must be at least 1")
        budget = replace(budget, **{flag: value})
    return budget


def precision_of(config: pytest.Config) -> Precision | None:
    """The precision asked for, with its budget; None without --precision.

    Raises:
        UsageError: no percentage, no duration, or one without what it needs.
    """
    option = config.getoption
    asked, limit, aim = option("--precision"), option("--budget"), option("--precision-of")
    if asked is None:
        for flag, value in (("--budget", limit), ("--precision-of", aim)):
            if value is not None:
                raise UsageError(f"{flag} {value}: only with --precision, e.g. --precision 1% {flag} {value}")
        return None
    if option("--verify-only"):
        raise UsageError(f"--precision {asked}: --verify-only measures nothing")
    found = _PERCENT.fullmatch(asked)
    if found is None or not 0.01 <= float(found[1]) <= 50:
        raise UsageError(f"--precision {asked}: give a percentage from 0.01% to 50%, e.g. --precision 1%")
    share, seconds = float(found[1]) / 100, _seconds(limit or "10m")
    return Precision(share, seconds, option("--boots"), option("--processes"), aim or "time")


def _seconds(text: str) -> float:
    """`90s`, `10m`, `2h` in seconds.

    Raises:
        UsageError: something else, or nothing at all.
    """
    found = _DURATION.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"--budget {text}: give seconds, minutes or hours, e.g. --budget 90s, 10m, 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]


def guest_options_of(config: pytest.Config) -> GuestOptions:
    """What guests need to know from the command line.

    Raises:
        UsageError: a value that means nothing to any guest, or a file that is not there.
    """
    option = config.getoption
    smp, sha256 = option("--smp"), option("--sha256")
    if smp is not None and smp < 1:
        raise UsageError(f"--smp {smp}: must be at least 1")
    if sha256 is not None and re.fullmatch("[0-9a-fA-F]{64}", sha256) is None:
        raise UsageError(f"--sha256 {sha256}: is not 64 hexadecimal digits")
    return GuestOptions(
        accel=option("--accel"),
        transport=option("--transport"),
        linux_kernel=_path(option("--linux-kernel")),
        linux_modules=_path(option("--linux-modules")),
        linux_append=option("--linux-append"),
        sha256=sha256,
        memory=option("--memory"),
        smp=smp,
        cpus=_cpus(option("--cpu")),
        host_key=_path(option("--host-key")),
        identity=_path(option("--identity")),
        guests_file=_guests_file(option("--guests-file")),
        guest_files=_guest_files(option("--guest-file")),
    )


def _guests_file(text: str | None) -> Path | None:
    """Read here too: when it is named and wrong, every guest of it would be skipped and the others measured.

    Raises:
        UsageError: it cannot be read or is not one.
    """
    if text:
        guestfile.read(Path(text))
    return _path(text)


def _guest_files(texts: Sequence[str]) -> dict[tuple[str, str], Path]:
    """Files by guest and key.

    Raises:
        UsageError: not of the form GUEST.KEY=FILE, no such guest, or no such file.
    """
    found = guestfile.parse_files(texts)
    for (guest, key), path in found.items():
        if guest not in available():
            raise UsageError(f"--guest-file {guest}.{key}: no guest {guest}; there are: {', '.join(available())}")
        if not path.is_file():
            raise UsageError(f"--guest-file {guest}.{key}={path}: no such file")
    return found


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _cpus(text: str | None) -> tuple[int, ...] | None:
    """`3,2` as numbers.

    Raises:
        UsageError: not a list of CPU numbers.
    """
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--cpu {text}: give CPU numbers separated by commas, e.g. --cpu 3,2") from None
