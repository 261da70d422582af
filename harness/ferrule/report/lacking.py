"""Rows that no guest of a run can fill: a line for each workload, with every guest's answer."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.payload.key import RunKey
from ferrule.records.samples import WITHOUT
from ferrule.report.columns import Entry
from ferrule.report.verdicts import NO_CPU, answer_of

MANY = 4  # rows with the same answers are counted from here on
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
    alike: dict[str, list[str]] = {}
    for label, several in found.items():
        alike.setdefault(_answers(several, guests), []).append(label)
    return tuple(
        f"{_names(labels) if ONE_CPU in answers else _some(labels)}: {answers}" for answers, labels in alike.items()
    )


def _answers(several: Sequence[Sequence[Entry | None]], guests: Sequence[str]) -> str:
    """What each guest says of these rows; a placement that it has no CPU for only where it says nothing else."""
    said: dict[str, list[str]] = {}
    for guest, column in zip(guests, zip(*several, strict=True), strict=True):
        entries = [entry for entry in column if entry is not None]
        telling = [entry for entry in entries if not entry.reason.startswith(NO_CPU)]
        for words in dict.fromkeys(map(answer_of, telling)) or [ONE_CPU]:
            said.setdefault(words, []).append(guest)
    if len(guests) == 1 or (len(said) == 1 and ONE_CPU in said):
        return "; ".join(said)
    return "; ".join(f"{words} on {', '.join(names)}" for words, names in said.items())


def _names(labels: Sequence[str]) -> str:
    """All workloads: who has too few CPUs wants to know for what."""
    return ", ".join(labels if len(labels) <= MANY else dict.fromkeys(label.partition("[")[0] for label in labels))


def _some(labels: Sequence[str]) -> str:
    """The labels; of many their number and the first."""
    return ", ".join(labels) if len(labels) <= MANY else f"{len(labels)} rows ({labels[0]} ...)"
