"""The flags of a measurement, defined once: pytest, `ferrule run --help` and `ferrule doctor` take them from here."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from ferrule.machine.options import AccelChoice, TransportChoice
from ferrule.payload.plan import PLACES

AIMS = ("time", "cycles")  # records.samples.Aim, whose module loads numpy: help must not wait for that
Group = Callable[[str], Callable[..., Any]]  # a group's title -> what adds a flag to it


@dataclass(frozen=True)
class Flag:
    """One flag: its name, and what argparse and pytest both take."""

    name: str
    help: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def attribute(self) -> str:
        """The name of its value in a namespace."""
        return self.name.removeprefix("--").replace("-", "_")


def _flag(name: str, text: str, **more: Any) -> Flag:
    return Flag(name, text, more)


_SEVERAL = {"action": "append", "default": []}
_SWITCH = {"action": "store_true"}

SUBJECT = (
    _flag("--guest", "comma-separated: local, linux, ssh://user@host:port (default: all without address)", metavar="G"),
    _flag(
        "--suite",
        "comma-separated: quick, standard, full, lmbench, tails, scale, or families: syscall, ipc ...",
        metavar="NAMES",
    ),
    _flag("--workload", "comma-separated, with parameters if wanted: canary[nops=8]", metavar="NAMES"),
    _flag("--place", f"of {', '.join(PLACES)} (default: the first two)", metavar="PLACES", default=""),
    _flag("--extra-guest", "more guests and ports: a folder; repeatable", metavar="DIR", **_SEVERAL),
    _flag("--extra", "more workloads: a file or a folder; repeatable", metavar="PATH", **_SEVERAL),
)
AMOUNT = (
    _flag("--quick", "smaller budget, named in the results: wider intervals, fewer tails", **_SWITCH),
    _flag("--verify-only", "check that every workload does what its name says; no numbers", **_SWITCH),
    _flag("--boots", "boots of a guest; with --precision at most", metavar="N", type=int),
    _flag("--processes", "processes in each boot", metavar="N", type=int),
    _flag("--precision", "until every interval's half-width is at most P %% of the result", metavar="P%"),
    _flag("--precision-of", "which intervals: time (default) or core cycles", choices=AIMS),
    _flag("--budget", "time limit of --precision: 90s, 10m (default), 2h", metavar="TIME"),
    _flag("--seed", "of all random orders (default: drawn, and printed)", metavar="N", type=int),
    _flag("--patience", "seconds of silence after which a guest counts as hung", metavar="S", type=float),
)
MACHINES = (
    _flag(
        "--accel",
        "of QEMU guests; auto: kvm where it works, else icount, which counts instructions",
        choices=get_args(AccelChoice),
        default="auto",
    ),
    _flag("--memory", "of QEMU guests (default: 512)", metavar="MIB", type=int, default=512),
    _flag("--smp", "CPUs of QEMU guests (default: two, if the host has two; one under icount)", metavar="N", type=int),
    _flag("--cpu", "CPUs for the two ends, on hosts of yours: 3,2 (default: the last two cores)", metavar="LIST"),
    _flag("--transport", "of the linux guest", choices=get_args(TransportChoice), default="serial"),
    _flag("--linux-kernel", "kernel image of the linux guest (default: Debian's, downloaded once)", metavar="FILE"),
    _flag("--linux-modules", "modules of that kernel, for --transport 9p and ssh", metavar="DIR"),
    _flag("--linux-append", "more words for that kernel's command line", metavar="WORDS", default=""),
    _flag("--sha256", "what the kernel file's SHA-256 must be", metavar="HEX"),
    _flag("--guests-file", "names your kernels and images (default: guests.toml)", metavar="FILE"),
    _flag("--guest-file", "one of them: redox.kernel=FILE; repeatable", metavar="GUEST.KEY=FILE", **_SEVERAL),
    _flag("--host-key", "public key or known_hosts file of an SSH host: no other key is accepted", metavar="FILE"),
    _flag("--identity", "private key to log in with over SSH", metavar="FILE"),
    _flag(
        "--remote-folder",
        "folder of an SSH host for the payload (default: TMPDIR, /tmp ...)",
        metavar="DIR",
        default="",
    ),
)
OUTPUT = (
    _flag("--json", "pytest-benchmark's JSON, with all conditions", metavar="FILE"),
    _flag("--results", "where the history is stored (default: results/)", metavar="DIR"),
    _flag("--no-history", "store nothing", **_SWITCH),
    _flag("--resume", "go on with a run that was interrupted; takes its options from it", metavar="RUN"),
    _flag("--accept", "accept values that look implausible, now and from now on", **_SWITCH),
)
GROUPS = {"what to measure": SUBJECT, "how much": AMOUNT, "guests": MACHINES, "results": OUTPUT}


def every() -> Iterator[Flag]:
    """All flags of a measurement."""
    for flags in GROUPS.values():
        yield from flags


def add_all(group: Group, instead: Mapping[str, Flag] | None = None) -> None:
    """Add all flags, each to the group with its title; `instead` replaces flags by name."""
    for title, flags in GROUPS.items():
        add = group(title)
        for flag in ((instead or {}).get(flag.name, flag) for flag in flags):
            add(flag.name, help=flag.help, **flag.more)


def add_named(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Add some of the flags to a command that does not itself measure."""
    known = {flag.name: flag for flag in every()}
    for name in names:
        parser.add_argument(name, help=known[name].help, **known[name].more)


def add_missing(parsed: argparse.Namespace) -> None:
    """Set every flag that this command lacks to its default."""
    for flag in every():
        if not hasattr(parsed, flag.attribute):
            setattr(parsed, flag.attribute, flag.more.get("default", False if "action" in flag.more else None))


def add_to(parser: argparse.ArgumentParser, instead: Mapping[str, Flag] | None = None) -> None:
    """Add all flags to a parser of argparse's."""
    add_all(lambda title: parser.add_argument_group(title).add_argument, instead)
