"""What each guest can do, workload by workload: the compatibility matrix as data.

A verification tries every run once. The runs of one workload (its placements and parameter sets) are one verdict: the
gravest thing that happened, and otherwise `works` as soon as one of them did; what the others lack is its reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferrule.payload.key import RunKey
from ferrule.records.errnos import errno_text
from ferrule.records.samples import WITHOUT, Status
from ferrule.report.columns import Column, Entry

# A workload's verdict is the first of these that any of its runs has: one wrong run makes the workload wrong.
GRAVEST: tuple[Status, ...] = ("wrong", "failed", "crashed", "hung", "lost", "missing", "ok", *WITHOUT)
WORKS = "works"
NO_CPU = ("cross_core: needs two different CPUs", "scale: needs as many CPUs")  # guest/payload/run.c, team.c
_WORDS = {"not_ported": "not ported", "absent": "does not exist"}
_ERRNO = re.compile(r"(?:^|: )errno (\d{1,9})\b")  # the text that gather.py makes of a payload's error


@dataclass(frozen=True)
class Verdict:
    """One workload on one guest."""

    workload: str
    family: str
    control: bool
    verdict: str  # works, unsupported, not_ported, absent, wrong, failed, crashed, hung, lost or missing
    errno: int | None  # of the operation that was refused
    reason: str  # the operation that was refused, what was seen instead, why nothing is known

    def __str__(self) -> str:
        """`unsupported ENOSYS 38`; the word alone where no errno came with it."""
        word = word_of(self.verdict)
        return word if self.errno is None else f"{word} {errno_text(self.errno)}"


def word_of(status: str) -> str:
    """As tables write it: `not ported` for not_ported, `does not exist` for absent."""
    return _WORDS.get(status, status)


def answer_of(entry: Entry) -> str:
    """One run's answer: `unsupported ENOSYS 38`, `not ported`."""
    number = _ERRNO.search(entry.reason) if entry.status == "unsupported" else None
    return f"{word_of(entry.status)} {errno_text(int(number[1]))}" if number else word_of(entry.status)


def verdicts(column: Column) -> list[Verdict]:
    """One a workload, by family and name; controls come last."""
    found: dict[str, list[Entry]] = {}
    for entry in column.entries:
        found.setdefault(entry.key.workload, []).append(entry)
    made = [_verdict(sorted(entries, key=lambda entry: entry.key)) for entries in found.values()]
    return sorted(made, key=lambda one: (one.control, one.family, one.workload))


def _verdict(entries: Sequence[Entry]) -> Verdict:
    """The verdict of the runs of one workload; of several refusals it is one with an errno.

    A placement that this machine has no CPU for says nothing about the kernel: it is a remark where the workload works,
    and otherwise counts only where nothing else was tried.
    """
    placed = [entry for entry in entries if not entry.reason.startswith(NO_CPU)]
    if placed and all(entry.status != "ok" for entry in placed):
        entries = placed
    chosen = min(entries, key=lambda entry: (GRAVEST.index(entry.status), not _ERRNO.search(entry.reason)))
    with_reason = [entry for entry in entries if entry.status != "ok" and chosen.status in ("ok", entry.status)]
    reasons: dict[str, list[RunKey]] = {}
    for entry in with_reason:
        reasons.setdefault(entry.reason or f"{entry.status}, no reason was given", []).append(entry.key)
    whole = len(with_reason) == len(entries)
    number = _ERRNO.search(chosen.reason) if chosen.status == "unsupported" else None
    return Verdict(
        workload=chosen.key.workload,
        family=chosen.family,
        control=chosen.control,
        verdict=WORKS if chosen.status == "ok" else chosen.status,
        errno=int(number[1]) if number else None,
        reason="; ".join(text if whole else _which(keys, text) for text, keys in reasons.items()),
    )


def _which(keys: Sequence[RunKey], reason: str) -> str:
    """A reason after the runs that it is about, unless it already begins with their place."""
    if all(reason.startswith(f"{key.place}: ") for key in keys):
        return reason
    return f"{', '.join(map(str, keys))}: {reason}"


def as_json(found: Sequence[Verdict]) -> dict[str, dict[str, object]]:
    """By workload, in plain JSON types (results/metrics.yml says what the keys mean)."""
    return {one.workload: {"verdict": one.verdict, "errno": one.errno, "reason": one.reason} for one in found}


def tally(found: Sequence[Verdict]) -> Mapping[str, int]:
    """How many workloads came to each verdict, `works` first and always there; controls are not counted."""
    counted = [one.verdict for one in found if not one.control]
    words = (WORKS, *WITHOUT, "wrong", "failed", "crashed", "hung", "lost", "missing")
    return {word: counted.count(word) for word in words if word == WORKS or word in counted}


def count_line(guest: str, found: Sequence[Verdict]) -> str:
    """`linux: works 19 of 24, unsupported 5`."""
    counts = tally(found)
    others = [f"{word_of(word)} {count}" for word, count in counts.items() if word != WORKS]
    return f"{guest}: {', '.join([f'{WORKS} {counts[WORKS]} of {sum(counts.values())}', *others])}"
