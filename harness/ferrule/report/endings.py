"""What ended each measurement where `--precision` was given: the width of the interval, or the budget."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.records.samples import Ended, Sampling
from ferrule.report.columns import Column
from ferrule.stats.stopping import width
from ferrule.stats.summary import Summary
from ferrule.text import number_of

WORDS: dict[Ended, str] = {
    "width": "narrow enough",
    "budget": "the budget was spent first",
    "subtraction": "the subtraction alone is more uncertain than that",
    "guest": "the guest gave no more samples, see the errors",
    "no width": "counts and functional results, measured once",
}


def stopped(columns: Sequence[Column]) -> list[str]:
    """Per guest: what was asked for and how it was sampled, then the results by what ended them."""
    lines = []
    for column in columns:
        if column.sampling is None:
            continue
        lines.append(f"{column.guest}: {_asked(column.sampling)}")
        found = [one for entry in column.entries if (one := entry.summary) and not entry.control]
        for ended, words in WORDS.items():
            names = [_named(one, column.sampling) for one in found if one.ended == ended]
            if names:
                lines.append(f"{column.guest}: {words}: {', '.join(names)}")
    return lines


def _asked(sampling: Sampling) -> str:
    budget = f"{sampling.budget / 60:g} min" if sampling.budget >= 60 else f"{sampling.budget:g} s"
    of = " of core cycles" if sampling.aim == "cycles" else ""
    asked = f"to a half-width of {100 * sampling.target:g} %{of} within {budget}"
    return f"{asked}; {number_of(sampling.processes, 'process')} a boot ({sampling.why})"


def _named(summary: Summary, sampling: Sampling) -> str:
    """The run with the half-width it has: `null_call 0.8 %`."""
    half = width(summary, sampling.aim)
    if half is None or summary.ended == "no width":
        return str(summary.key)
    return f"{summary.key} {100 * half:.{0 if half >= 0.1 else 1 if half >= 0.01 else 2}f} %"
