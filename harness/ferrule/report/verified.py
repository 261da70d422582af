"""Stored verifications: one line a run of `--verify-only` and guest, in results/<year>/<machine>/verify/<guest>.jsonl.

The lines are the history's own (results/metrics.yml) with `verdicts` and without numbers, in a folder of their own, so
that no guest's file name can collide with theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ferrule.records.samples import GuestResult
from ferrule.report import history
from ferrule.report.codec import encode
from ferrule.report.columns import Declared, columns
from ferrule.report.history import Stored
from ferrule.report.journal import append_line
from ferrule.report.verdicts import as_json, tally, verdicts

FOLDER = "verify"
BUDGET = "verify only"  # as campaign.VERIFY calls it


def append(
    folder: Path,
    results: Sequence[GuestResult],
    *,
    seed: int,
    declared: Mapping[str, Declared] | None = None,
    moment: datetime | None = None,
    run_id: str | None = None,
) -> Path:
    """Store one verification: a line for every guest that was tried.

    Args:
        folder: the history's root.
        results: one a guest.
        seed: of the campaign.
        declared: workloads' declarations by name; our own when not given.
        moment: when; now when not given.
        run_id: of a run that has one.

    Returns:
        The folder that the lines are in.

    Raises:
        InfrastructureError: nothing can be written there.
    """
    head = history.heading(seed, BUDGET, moment, run_id)
    home = history.home(folder, head) / FOLDER
    for result, column in zip(results, columns(results, declared), strict=True):
        if result.conditions is None and (result.interrupted or not result.runs):
            continue
        found = verdicts(column)
        line = head | {"guest": result.guest, "seconds": round(result.seconds, 3), "boots": column.boots}
        line |= {"errors": list(column.errors), "conditions": encode(column.conditions)}
        line |= {"counts": dict(tally(found)), "verdicts": as_json(found)}
        append_line(home / f"{history.slug(result.guest)}.jsonl", line | {"entries": encode(column.entries)})
    return home


def load(folder: Path) -> list[Stored]:
    """Every stored verification, oldest first. Columns hold entries without numbers.

    Raises:
        InfrastructureError: a line is damaged; names file, line and key.
    """
    return history.load(folder, f"{FOLDER}/*.jsonl")
