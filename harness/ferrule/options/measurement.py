"""What is to be measured and how much of it, checked before any work is done."""

from __future__ import annotations

import re
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from ferrule.campaign.budget import FULL, QUICK, VERIFY, Budget
from ferrule.campaign.schedule import Precision
from ferrule.errors import UsageError
from ferrule.guests import available, embedded, kind
from ferrule.options import flags, usage
from ferrule.options.machines import guest_options_of, take_guests
from ferrule.payload.registry import find, workloads
from ferrule.payload.selection import asked_keys, parse_key, parse_place, suite_of
from ferrule.payload.suites import named

_PATHS = ("FILE", "DIR", "PATH")  # metavars
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?) ?%")
_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)([smh])")


def check(option: Namespace) -> None:
    """Refuse invalid options before any work is done.

    Raises:
        UsageError: names the flag and the valid choices.
    """
    _refuse_empty(option)
    take_guests(option.extra_guest)
    budget_of(option)
    precision_of(option)
    guest_options_of(option)
    guests_of(option)
    suites_of(option)
    places = parse_place(option.place)
    for asked in parse_key(option.workload or ""):
        asked_keys(find(asked[0], extra_of(option)), asked, (), places)
    if option.workload is not None and not parse_key(option.workload):
        raise UsageError(f"--workload {option.workload!r}: no workload named; leave it out to run all")
    _check_output(option)
    if option.patience is not None and not 0 < option.patience < float("inf"):
        raise UsageError(f"--patience {option.patience}: must be more than 0 seconds, and not for ever")
    if option.seed is not None and not 0 <= option.seed < 2**64:
        raise UsageError(f"--seed {option.seed}: must be 0 or more and less than 2^64")


def _refuse_empty(option: Namespace) -> None:
    """Refuse empty paths, as usage.Parser does for the other commands: here pytest's parser takes the arguments."""
    for flag in flags.every():
        if flag.more.get("metavar") not in _PATHS:  # the others are checked where their values are understood
            continue
        value = getattr(option, flag.attribute)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and usage.is_empty(one) and one != flag.more.get("default"):
                raise UsageError(f"{flag.name}: {usage.empty([one])}")


def _check_output(option: Namespace) -> None:
    """Refuse now an output that would fail only after the measurement."""
    json, results = option.json, option.results
    if json and not Path(json).absolute().parent.is_dir():
        raise UsageError(f"--json {json}: there is no folder {Path(json).absolute().parent}")
    if json and Path(json).is_dir():
        raise UsageError(f"--json {json}: is a folder; name a file")
    if results and Path(results).exists() and not Path(results).is_dir():
        raise UsageError(f"--results {results}: is not a folder")


def extra_of(option: Namespace) -> tuple[Path, ...]:
    """Files and folders of workloads besides our own."""
    return tuple(Path(path) for path in option.extra)


def guests_of(option: Namespace) -> tuple[str, ...]:
    """Names of the guests to run, each once; without --guest those that need no address.

    Raises:
        UsageError: no guest of that kind, or none at all.
    """
    asked = option.guest
    names = tuple(dict.fromkeys(part.strip() for part in asked.split(",") if part.strip())) if asked else ()
    for name in names:
        if kind(name) not in available():
            raise UsageError(f"--guest {name}: no such guest; there are: {', '.join(available())}")
    if asked is not None and not names:
        raise UsageError(f"--guest {asked!r}: no guest named; there are: {', '.join(available())}")
    return names or tuple(embedded())


def suites_of(option: Namespace) -> frozenset[str]:
    """Families and named suites of --suite; empty means all.

    Raises:
        UsageError: a name that is neither.
    """
    asked = option.suite
    names = frozenset(filter(None, (asked or "").split(",")))
    rows = workloads(extra_of(option)).values() if names else ()
    families = sorted({name for row in rows for name in (row.family, suite_of(row))})
    for name in sorted(names.difference(families, named())):
        raise UsageError(f"--suite {name}: no such suite; there are: {', '.join((*families, *named()))}")
    if asked is not None and not names:
        raise UsageError(f"--suite {asked!r}: no suite named; leave it out to run all")
    return names


def budget_of(option: Namespace) -> Budget:
    """The budget asked for.

    Raises:
        UsageError: a count below 1.
    """
    budget = VERIFY if option.verify_only else QUICK if option.quick else FULL
    for flag in ("boots", "processes"):
        value = getattr(option, flag)
        if value is None:
            continue
        if value < 1:
            raise UsageError(f"--{flag} {value}: must be at least 1")
        budget = replace(budget, **{flag: value})
    return budget


def precision_of(option: Namespace) -> Precision | None:
    """The precision asked for, with its budget; None without --precision.

    Raises:
        UsageError: not a percentage, not a duration, or a flag that needs --precision.
    """
    asked, limit, aim = option.precision, option.budget, option.precision_of
    if asked is None:
        for flag, value in (("--budget", limit), ("--precision-of", aim)):
            if value is not None:
                raise UsageError(f"{flag} {value}: only with --precision, e.g. --precision 1% {flag} {value}")
        return None
    if option.verify_only:
        raise UsageError(f"--precision {asked}: --verify-only measures nothing")
    found = _PERCENT.fullmatch(asked)
    if found is None or not 0.01 <= float(found[1]) <= 50:
        raise UsageError(f"--precision {asked}: give a percentage from 0.01% to 50%, e.g. --precision 1%")
    share, seconds = float(found[1]) / 100, _seconds(limit or "10m")
    return Precision(share, seconds, option.boots, option.processes, aim or "time")


def _seconds(text: str) -> float:
    """`90s`, `10m`, `2h` in seconds.

    Raises:
        UsageError: something else, or nothing at all.
    """
    found = _DURATION.fullmatch(text)
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"--budget {text}: give seconds, minutes or hours, e.g. --budget 90s, 10m, 2h")
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600}[found[2]]
