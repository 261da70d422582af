"""Rows that no guest of a run can fill: a line for each workload, with every guest's answer."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.payload.key import RunKey
from ferrule.records.samples import WITHOUT
from ferrule.report.columns import Entry
from ferrule.report.verdicts import NO_CPU, answer_of

MANY = 4  # more rows than this with the same answers are counted
ONE_CPU = "needs more CPUs"

Row = tuple[RunKey, Sequence[Entry | None]]  # entries in the order of the guests


def by_all(entries: Sequence[Entry | None]) -> bool:
    """Whether no guest has a number or a fault for this row."""
    return all(entry is not None and entry.status in WITHOUT for entry in entries)


def lines(rows: Sequence[Row], guests: Sequence[str]) -> tuple[str, ...]:
    """`yield: not ported on linux; does not exist on floor`; many rows with the same answers share a line."""
    partly = {key.workload for key, entries in rows if not by_all(entries)}
    found: dict[str, list[Sequence[Entry | None]]] = {}
    for key, entries in rows:
        if by_all(entries):
            found.setdefault(str(key) if key.workload in partly else key.workload, []).append(entries)
    by_answers: dict[str, list[str]] = {}
    for label, several in found.items():
        by_answers.setdefault(_answers(several, guests), []).append(label)
    return tuple(
        f"{_names(labels) if ONE_CPU in answers else _some(labels)}: {answers}"
        for answers, labels in by_answers.items()
    )


def _answers(several: Sequence[Sequence[Entry | None]], guests: Sequence[str]) -> str:
    """Each guest's answers for these rows; that it lacks CPUs only where it has no other answer."""
    by_words: dict[str, list[str]] = {}
    for guest, column in zip(guests, zip(*several, strict=True), strict=True):
        entries = [entry for entry in column if entry is not None]
        others = [entry for entry in entries if not entry.reason.startswith(NO_CPU)]
        for words in dict.fromkeys(map(answer_of, others)) or [ONE_CPU]:
            by_words.setdefault(words, []).append(guest)
    if len(guests) == 1 or (len(by_words) == 1 and ONE_CPU in by_words):
        return "; ".join(by_words)
    return "; ".join(f"{words} on {', '.join(names)}" for words, names in by_words.items())


def _names(labels: Sequence[str]) -> str:
    """All workloads by name: a user with too few CPUs needs to know which are affected."""
    return ", ".join(labels if len(labels) <= MANY else dict.fromkeys(label.partition("[")[0] for label in labels))


def _some(labels: Sequence[str]) -> str:
    """The labels; of many their number and the first."""
    return ", ".join(labels) if len(labels) <= MANY else f"{len(labels)} rows ({labels[0]} ...)"
