"""A page for each stored line that a cell comes from: its conditions, and every value in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from ferrule.records.samples import Conditions
from ferrule.report.cells import Scales
from ferrule.report.columns import Entry
from ferrule.report.publish import provenance
from ferrule.report.verdicts import answer_of
from ferrule.site import builds
from ferrule.site.marks import record_of
from ferrule.site.page import Page
from ferrule.site.shelf import Shelf
from ferrule.text import number_of

MANY = 40  # values of processes that are printed at most


@dataclass(frozen=True)
class Row:
    """One run of a line."""

    key: str
    workload: str
    value: str
    how: str
    processes: str
    notes: str


def pages(shelf: Shelf, folder: Path, known: Mapping[str, builds.Build]) -> Iterator[Page]:
    """A page for each line."""
    for line in sorted(shelf.lines(), key=lambda one: (one.ts, one.run_id, one.column.guest, str(one.path))):
        column = line.column
        kind = "verification" if line.path.parent.name == "verify" else "run"
        accel = column.conditions.accel if column.conditions else "icount"
        yield Page(
            record_of(line),
            "record.html",
            f"{column.guest}, {kind} {line.run_id}",
            "",
            {
                "line": line,
                "column": column,
                "file": line.path.relative_to(folder).as_posix(),
                "provenance": provenance(line),
                "build": builds.of(known, column.conditions),
                "conditions": conditions_of(column.conditions) if column.conditions else [],
                "rows": [_row(entry) for entry in sorted(column.entries, key=lambda one: one.key)],
                "again": f"ferrule run --guest {column.guest} --accel {accel} --workload ...",
            },
        )


def conditions_of(conditions: Conditions) -> list[tuple[str, str]]:
    """Each condition and fact with its value."""
    plain = [(one.name, _text(getattr(conditions, one.name))) for one in fields(conditions) if one.name != "facts"]
    return [(name, text) for name, text in [*plain, *sorted(conditions.facts.items())] if text]


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _row(entry: Entry) -> Row:
    summary = entry.summary
    if summary is None:
        answer = "works" if entry.status == "ok" else answer_of(entry)
        return Row(str(entry.key), entry.key.workload, answer, "", "", entry.reason)
    value = Scales.of([summary], bandwidth=False).show(summary)
    several = ", ".join(f"{one:.10g}" for one in summary.per_process[:MANY])
    more = f" and {summary.n_processes - MANY} more" if summary.n_processes > MANY else ""
    counts = (summary.n_boots, "boot"), (summary.n_processes, "process"), (summary.batches, "batch")
    return Row(
        str(entry.key),
        entry.key.workload,
        value,
        f"{summary.method}; {', '.join(number_of(*one) for one in counts)}",
        several + more,
        "; ".join(flag.value for flag in summary.flags),
    )
