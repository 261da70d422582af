"""Two stored campaigns side by side: the ratio of every run both have, and why the others have none."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from ferrule.errors import UsageError
from ferrule.report import units
from ferrule.report.history import Stored
from ferrule.stats.compare import Ratio, compare, ratio, refuse
from ferrule.stats.summary import Summary


def compare_runs(base: Sequence[Stored], candidate: Sequence[Stored]) -> str:
    """A table a guest that both campaigns measured.

    Raises:
        UsageError: they share no guest, or a guest's conditions differ in what matters.
    """
    others = {one.column.guest: one for one in candidate}
    pairs = [(one, others[one.column.guest]) for one in base if one.column.guest in others]
    if not pairs:
        raise UsageError(f"{_names(base)} and {_names(candidate)} share no guest: nothing to compare")
    return "\n\n".join(_table(one, other) for one, other in pairs)


def _names(stored: Sequence[Stored]) -> str:
    return f"{stored[0].run_id} ({', '.join(one.column.guest for one in stored)})" if stored else "no run"


def _table(base: Stored, candidate: Stored) -> str:
    one, other = base.column.conditions, candidate.column.conditions
    if one is None or other is None:
        raise UsageError(f"{base.column.guest}: it sent no record in {(base if one is None else candidate).run_id}")
    refuse(one, other)
    rows, notes = [], []
    for entry in sorted(base.column.entries, key=lambda entry: entry.key):
        match = candidate.column.find(entry.key)
        if entry.summary is None or match is None or match.summary is None:
            notes.append(f"{entry.key}: measured in one run only")
            continue
        try:
            found = compare(entry.summary, one, match.summary, other)
        except UsageError as error:
            notes.append(str(error))
            continue
        values = (_value(entry.summary), _value(match.summary))
        rows.append((str(entry.key), *values, *_verdict(found), _in_cycles(entry.summary, match.summary)))
    headers = ("workload", base.run_id, candidate.run_id, "ratio", "", "in core cycles")
    table = tabulate(rows, headers, tablefmt="simple", disable_numparse=True)
    return "\n".join([base.column.guest, table, *(f"  {note}" for note in notes)])


def _value(summary: Summary) -> str:
    show = units.count if summary.unit == "instructions" else units.time
    return show(summary.estimate, summary.low, summary.high)


def _verdict(found: Ratio) -> tuple[str, str]:
    said = {None: found.method, True: "differs", False: "no difference seen"}
    return _shown(found), said[found.differs]


def _in_cycles(base: Summary, candidate: Summary) -> str:
    """The ratio of core cycles, which no change of the core's clock between the two runs has moved."""
    one, other = base.cycles, candidate.cycles
    return _shown(ratio(one, other)) if one and other and min(one.estimate, other.estimate) > 0 else ""


def _shown(found: Ratio) -> str:
    places = units.decimals(found.ratio, found.low, found.high)
    if found.low is None or found.high is None:
        return f"{found.ratio:.{places}f}"
    return f"{found.ratio:.{places}f} [{found.low:.{places}f}, {found.high:.{places}f}]"
