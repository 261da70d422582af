"""Merges results of one guest: samples of processes and boots, or the graver of two reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ferrule.payload.key import RunKey
from ferrule.records.samples import WITHOUT, GuestResult, RunResult, Status

# When processes of one run end differently, the gravest status is the run's: one wrong process makes the run wrong.
GRAVEST: tuple[Status, ...] = ("wrong", "failed", "crashed", "hung", *WITHOUT, "ok", "lost", "missing")


def join(one: RunResult, other: RunResult) -> RunResult:
    """Two results of one run on one guest: samples together, or the graver of two reasons.

    When meaning, placement or parameters differ between processes, the samples are not of the same operation: the run
    is then `wrong`.
    """
    first, second = sorted((one, other), key=lambda run: GRAVEST.index(run.status))
    if first.status != "ok" or second.status != "ok":
        return first
    if (one.meaning, one.place, one.params) != (other.meaning, other.place, other.params):
        both = [f"{run.meaning} {run.place} {run.params}" for run in (one, other)]
        return RunResult(one.key, "wrong", f"processes disagree on what it is: {both[0]} and {both[1]}")
    return replace(one, processes=[*one.processes, *other.processes])


def joined(*parts: Mapping[RunKey, RunResult]) -> dict[RunKey, RunResult]:
    """Results of several processes or boots, by run."""
    runs: dict[RunKey, RunResult] = {}
    for part in parts:
        for key, run in part.items():
            before = runs.get(key)
            runs[key] = run if before is None else join(before, run)
    return runs


def merge(into: GuestResult, new: GuestResult) -> GuestResult:
    """Add another boot's result to a guest's; changes and returns `into`. Its boots, seconds and errors add up."""
    into.runs.update(joined({key: into.runs[key] for key in new.runs if key in into.runs}, new.runs))
    into.conditions = into.conditions or new.conditions
    for kind, count in new.damage.items():
        into.damage[kind] = into.damage.get(kind, 0) + count
    into.errors += new.errors
    into.starts += new.starts
    into.boots += new.boots
    into.seconds += new.seconds
    return into
