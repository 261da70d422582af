"""The data of tables: a column per guest, an entry per run. Built from fresh results, or from stored lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ferrule.payload.key import RunKey
from ferrule.records.samples import Conditions, GuestResult, RunResult, Sampling, Start, Status
from ferrule.stats.summary import Summary, measured, summarise


class Declared(Protocol):
    """What the report needs of a workload's declaration row (payload.registry.Declaration has it)."""

    @property
    def family(self) -> str:
        """Its folder."""
        ...

    @property
    def control(self) -> bool:
        """Whether it runs in every process to check the measurement itself."""
        ...


@dataclass(frozen=True)
class Entry:
    """One run on one guest: a summary, or the reason why there is none."""

    key: RunKey
    family: str
    control: bool
    status: Status
    reason: str
    summary: Summary | None


@dataclass(frozen=True)
class Column:
    """One guest's entries and the conditions they share."""

    guest: str
    conditions: Conditions | None
    boots: int
    entries: tuple[Entry, ...]
    errors: tuple[str, ...] = ()
    sampling: Sampling | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)  # by run, as text (plausible.py)
    accepted: bool = False
    damage: Mapping[str, int] = field(default_factory=dict)  # records that did not arrive as sent, by kind
    interrupted: bool = False
    starts: tuple[Start, ...] = ()

    @property
    def trusted(self) -> tuple[Entry, ...]:
        """Entries whose values are believed."""
        return tuple(entry for entry in self.entries if self.accepted or str(entry.key) not in self.doubts)

    def find(self, key: RunKey) -> Entry | None:
        """The entry of a run key."""
        return next((entry for entry in self.entries if entry.key == key), None)


def catalog() -> Mapping[str, Declared]:
    """The declarations of all workloads of this checkout."""
    from ferrule.payload.registry import workloads  # here: stored results are read without a checkout's sources

    return workloads()


def columns(results: Iterable[GuestResult], declared: Mapping[str, Declared] | None = None) -> list[Column]:
    """Summarise fresh results.

    Args:
        results: one a guest.
        declared: by workload name; our own when not given.
    """
    rows = catalog() if declared is None else declared
    return [
        Column(
            result.guest,
            result.conditions,
            result.boots,
            tuple(_entry(run, result.conditions, rows.get(run.key.workload)) for run in result.runs.values()),
            tuple(result.errors),
            result.sampling,
            {str(key): why for key, why in result.doubts.items()},
            result.accepted,
            dict(result.damage),
            result.interrupted,
            tuple(result.starts),
        )
        for result in results
    ]


def _entry(run: RunResult, conditions: Conditions | None, row: Declared | None) -> Entry:
    summary = summarise(run, conditions) if conditions is not None and measured(run) else None
    family, control = (row.family, bool(row.control)) if row is not None else ("other", False)
    return Entry(run.key, family, control, run.status, run.reason, summary)
