"""Compares a new run with stored ones: advice and never a verdict, because machines differ from day to day.

Core cycles are compared where enough runs have them, because the core's clock differs from day to day; otherwise times.
A change is worth a look when it is larger than Q3 + 3 IQR of the changes from run to run in the history itself
(the fence of rustc-perf, site/src/comparison.rs; Tukey's outer fence, Exploratory Data Analysis, 1977, 2D).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ferrule.errors import UsageError
from ferrule.gate.paired.pairs import Head, Pair
from ferrule.gate.paired.series import lacking, machine, typical, typical_cycles
from ferrule.gate.verdict import Report
from ferrule.records.samples import Conditions
from ferrule.report.history import Stored
from ferrule.stats.compare import obstacle

TIME, CYCLES = "time", "core cycles"
Values = Mapping[str, float]  # of one run of one workload: TIME in ns, and CYCLES where they are known
LEAST: Final = 5  # changes: quartiles of fewer mean nothing
IQRS: Final = 3.0
ADVISORY: Final = "advisory: runs of other days are no base, no verdict depends on this"


def fence(values: Sequence[float]) -> float | None:
    """The limit above which a relative change from run to run is an outlier; None with fewer than five changes."""
    x = np.asarray(values, dtype=np.float64)
    if x.size <= LEAST:
        return None
    changes = np.abs(x[1:] / x[:-1] - 1.0)
    q1, q3 = np.quantile(changes, (0.25, 0.75))
    return float(q3 + IQRS * (q3 - q1))


def of_gate(head: Head, pairs: Sequence[Pair], stored: Sequence[Stored]) -> tuple[str, ...]:
    """Advice on a gate's candidate: its batches, summarized as in the history, against the last run."""
    own = [pair for pair in pairs if not pair.control]
    conditions = own[0].turns["candidate"].conditions if own and "candidate" in own[0].turns else None
    if conditions is None:
        return (f"history: the candidate sent no record; {ADVISORY}",)
    on = machine(own)
    values = {
        key: _known(typical(own, "candidate", key, on), typical_cycles(own, "candidate", key, on))
        for key in head.workloads
        if lacking(own, key, head.asked(key), head.batches) is None
    }
    return advise(head.guest, conditions, values, stored)


def of_runs(base: Sequence[Stored], candidate: Sequence[Stored], stored: Sequence[Stored]) -> Report:
    """Advice on one stored run against another; everything up to the base is history.

    Raises:
        UsageError: they share no guest that measured time.
    """
    lines: list[str] = []
    olds = {one.column.guest: one for one in base}
    for new in candidate:
        old, conditions = olds.get(new.column.guest), new.column.conditions
        if old is None or conditions is None or conditions.unit != "ns":
            continue
        before = [one for one in stored if one.ts <= old.ts and one.run_id != new.run_id]
        lines += advise(new.column.guest, conditions, _values(new), before)
    if not lines:
        raise UsageError(f"--history: {base[0].run_id} and {candidate[0].run_id} share no guest that measured time")
    return Report((), advice=tuple(lines), compared=False)


def advise(
    guest: str, conditions: Conditions, values: Mapping[str, Values], stored: Sequence[Stored]
) -> tuple[str, ...]:
    """A line for each workload outside its fence, and one for all others.

    Args:
        guest: its name in tables.
        conditions: of the values; runs under others are left out.
        values: by run key as text.
        stored: the history, oldest first.
    """
    comparable = [
        one
        for one in stored
        if one.column.guest == guest
        and one.column.conditions is not None
        and obstacle(one.column.conditions, conditions) is None
    ]
    if not comparable:
        return (f"history: {guest}: no stored run under these conditions; {ADVISORY}",)
    runs = [_values(one) for one in comparable]
    lines, within, short = [], 0, 0
    for key, value in values.items():
        unit, past = _past(value, [one[key] for one in runs if key in one])
        bound = fence(past)
        if bound is None:
            short += 1
            continue
        change = value[unit] / past[-1] - 1.0
        if abs(change) >= bound:
            lines.append(
                f"history: {guest}: {key}: {100 * change:+.2f} % of {unit} against the last of {len(past)} runs,"
                f" outside of their fence of {100 * bound:.2f} %"
            )
        else:
            within += 1
    few = f", {short} with fewer than {LEAST + 1} stored runs" if short else ""
    return (*lines, f"history: {guest}: {len(lines)} outside of the fence, {within} within{few}; {ADVISORY}")


def _past(value: Values, stored: Sequence[Values]) -> tuple[str, list[float]]:
    """The unit to compare in, and the values of the stored runs in it."""
    found = {unit: [one[unit] for one in stored if unit in one] for unit in (CYCLES, TIME) if unit in value}
    unit = next((unit for unit, past in found.items() if len(past) > LEAST), TIME)
    return unit, found[unit]


def _known(time: float, cycles: float | None) -> Values:
    return {TIME: time} if cycles is None or cycles <= 0 else {TIME: time, CYCLES: cycles}


def _values(one: Stored) -> dict[str, Values]:
    """Positive estimates of a stored run by run key as text."""
    return {
        str(entry.key): _known(found.estimate, found.cycles.estimate if found.cycles else None)
        for entry in one.column.entries
        if (found := entry.summary) is not None and found.unit == "ns" and found.estimate > 0
    }
