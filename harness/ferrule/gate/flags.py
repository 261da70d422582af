"""The flags of `ferrule gate`, and what they mean to guests and suites. docs/gate.md describes each."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

from ferrule.errors import UsageError
from ferrule.gate import kernel
from ferrule.machine.options import GuestOptions
from ferrule.options import flags

GUESTS = ("linux", "floor")  # compared when none is named, whichever is available
OUTPUTS = {  # flag and module in ferrule.gate.formats -> what it writes
    "junit": "JUnit XML, one case for each guest and workload",
    "summary": "Markdown, appended: for $GITHUB_STEP_SUMMARY",
    "gha": "JSON for github-action-benchmark (customSmallerIsBetter)",
    "bmf": "Bencher Metric Format",
    "metrics": "OpenMetrics text, for GitLab's metrics report",
    "benchfmt": "Go benchmark format, for benchstat",
    "otava": "CSV for Apache Otava: one row is appended for each run",
}
ARM = "self, a checkout, a payload, or a kernel"
LEAST_BOOTS = 2  # one boot cannot show that a count repeats


EXACT = ("baselines", "update_baseline", "boots", "kernel_build", "allow", "explain")  # flags of one tier only
TIME = (
    *("pairs", "processes", "seed", "stored", "results", "history"),
    *("cpu", "host_key", "identity", "remote_folder"),  # of a host: counts are taken in QEMU, and depend on no CPU
)
# Flags of any measurement, without --accel: the tier decides the accelerator.
_MACHINES = ("--extra", "--extra-guest", "--patience", *(f.name for f in flags.MACHINES if f.name != "--accel"))


def add(parser: argparse.ArgumentParser) -> None:
    """Add all flags."""
    flag = parser.add_argument
    flag(
        "--tier",
        choices=["exact", "time"],
        default="exact",
        help="exact: instructions under icount against a baseline (default); time: base against candidate, in pairs",
    )
    flag(
        "--guest",
        metavar="NAMES",
        help=f"guests, comma-separated (default: {','.join(GUESTS)}, if available); time: one (default: local)",
    )
    flag("--suite", metavar="NAMES", default="", help="suites, comma-separated: quick, lmbench ... or families")
    flag("--workload", metavar="NAMES", default="", help="workloads, comma-separated, with parameters where wanted")
    flag(
        "--place", metavar="PLACES", default="same_core", help="placements (default: same_core, the only one on 1 CPU)"
    )
    flag("--baselines", metavar="DIR", help="where the baselines are (default: results/baselines here)")
    flag("--update-baseline", action="store_true", help="accept what is measured now, instead of comparing")
    flag("--explain", action="store_true", help="name the functions that account for each regression; stores profiles")
    flag("--strict", action="store_true", help="one instruction more fails, where counts are exact")
    flag(
        "--allow",
        type=int,
        metavar="N",
        help="instructions by which an exact count may differ, 0 for none (default: 0.5 %%, or 2 if at most 2 %%)",
    )
    flag("--boots", type=int, metavar="N", help="boots of each guest (default: 2; 5 for a new baseline)")
    flag("--kernel-build", metavar="NAME", help="compare all kernels of this name: the kernel is what is under test")
    flags.add_named(parser, _MACHINES)
    flag("--base", metavar="X", help=f"what --candidate is compared with; exact: a kernel, counted here; time: {ARM}")
    flag("--candidate", metavar="Y", help=f"what may have become worse; exact: a kernel; time: {ARM}")
    flag("--pairs", type=int, metavar="N", help="time: pairs at most (default: 60; looked at after 20)")
    flag("--processes", type=int, metavar="N", help="time: processes an arm and pair (default: 2)")
    flag("--seed", type=int, metavar="N", help="time: of all orders and layouts (default: drawn, and stored)")
    flag("--from", type=Path, metavar="FILE", dest="stored", help="time: decide again from stored pairs")
    flag("--results", type=Path, metavar="DIR", help="time: where the pairs go (default: results/ here)")
    flag("--history", action="store_true", help="time: also report how stored runs differ; advice, never a verdict")
    for name, what in OUTPUTS.items():
        flag(f"--{name}", type=Path, metavar="FILE", help=what)


def check(parsed: argparse.Namespace) -> None:
    """Refuse invalid flags and combinations before any work is done.

    Raises:
        UsageError: names the flag and the valid alternatives.
    """
    other, foreign = ("time", TIME) if parsed.tier == "exact" else ("exact", EXACT)
    for name in foreign:
        if getattr(parsed, name) not in (None, False, ""):
            flag = "from" if name == "stored" else name.replace("_", "-")
            raise UsageError(f"--{flag}: is a flag of --tier {other}")
    if parsed.tier == "time":
        _check_time(parsed)
    else:
        kernel.check(parsed)
    if parsed.boots is not None and parsed.boots < LEAST_BOOTS:
        raise UsageError(f"--boots {parsed.boots}: at least {LEAST_BOOTS}, or nothing shows that counts repeat")
    if parsed.allow is not None and parsed.allow < 0:
        raise UsageError(f"--allow {parsed.allow}: must be 0 or more instructions")
    if parsed.patience is not None and parsed.patience <= 0:
        raise UsageError(f"--patience {parsed.patience}: must be more than 0 seconds")
    if parsed.kernel_build is not None and not parsed.kernel_build.strip():
        raise UsageError("--kernel-build: the name is empty")
    for name in OUTPUTS:
        path: Path | None = getattr(parsed, name)
        if path is not None and not path.absolute().parent.is_dir():  # fail now, not after the measurement
            raise UsageError(f"--{name} {path}: there is no folder {path.absolute().parent}")


def _check_time(parsed: argparse.Namespace) -> None:
    if parsed.stored is not None:
        return
    for name in ("base", "candidate"):
        if getattr(parsed, name) is None:
            raise UsageError(f"--{name}: what is to be compared? give {ARM}; or --from FILE")
    for name in ("pairs", "processes"):
        value = getattr(parsed, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name} {value}: must be at least 1")
    if parsed.guest and "," in parsed.guest:
        raise UsageError(f"--guest {parsed.guest}: the time tier compares on one guest at a time")


def given(parsed: argparse.Namespace) -> list[str]:
    """The options of this command as given, without output files: for a message that suggests a similar command."""
    parser = argparse.ArgumentParser()
    add(parser)
    words: list[str] = []
    for action in sorted(parser._actions, key=lambda one: (isinstance(one.default, list), one.dest == "extra")):
        value = getattr(parsed, action.dest, action.default)
        if action.dest in (*OUTPUTS, "update_baseline", "help") or value in (action.default, None):
            continue
        for one in value if isinstance(value, list) else [value]:
            words += [action.option_strings[0], *([] if one is True else [_quoted(str(one))])]
    return words


def _quoted(text: str) -> str:
    """The text quoted for a shell; a number stays as it is."""
    return text if re.fullmatch("[0-9]+", text) else quoted if (quoted := shlex.quote(text)) != text else f"'{text}'"


def guest_options(parsed: argparse.Namespace) -> GuestOptions:
    """The guest options that these flags give.

    Raises:
        UsageError: a value that no guest accepts.
    """
    from ferrule.options.machines import guest_options_of  # loads all guests; `ferrule --help` needs none

    option = argparse.Namespace(**vars(parsed))
    flags.add_missing(option)
    option.accel = "icount" if parsed.tier == "exact" else "auto"
    return guest_options_of(option)
