"""Results of one guest put together: samples of processes and boots, or the graver of two reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ferrule.payload.key import RunKey
from ferrule.records.samples import WITHOUT, GuestResult, RunResult, Status

# When processes of one run end differently the gravest says what the run is: wrong once is not right.
GRAVEST: tuple[Status, ...] = ("wrong", "failed", "crashed", "hung", *WITHOUT, "ok", "lost", "missing")


def join(one: RunResult, other: RunResult) -> RunResult:
    """Two results of one run on one guest: samples together, or the graver of two reasons.

    Samples that mean something else than the first ones (their meaning, placement or parameters changed between
    processes) are no samples of the same thing: the run is then `wrong`.
    """
    first, second = sorted((one, other), key=lambda run: GRAVEST.index(run.status))
    if first.status != "ok" or second.status != "ok":
        return first
    if (one.meaning, one.place, one.params) != (other.meaning, other.place, other.params):
        said = [f"{run.meaning} {run.place} {run.params}" for run in (one, other)]
        return RunResult(one.key, "wrong", f"processes disagree on what it is: {said[0]} and {said[1]}")
    return replace(one, processes=[*one.processes, *other.processes])


def joined(*parts: Mapping[RunKey, RunResult]) -> dict[RunKey, RunResult]:
    """Results of several processes or boots, by run."""
    runs: dict[RunKey, RunResult] = {}
    for part in parts:
        for key, run in part.items():
            held = runs.get(key)
            runs[key] = run if held is None else join(held, run)
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
