"""The exact gate's decision, as pure functions: a baseline's entry and a reading in, a finding out.

    EXACT  half of the batches agree and so do all boots: any change is reported; more than 0.5 % fails, or more than
           2 instructions where they are at most 2 % of the operation; where batches no longer agree, 2 %
    PATH   the count depends on the path taken (allocators, timers): twice the spread of the baseline's boots, but 2 %
           at least and 5 % at most, and the boots of both sides must not overlap

Nothing here measures, so every verdict can be computed again from a baseline and stored readings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ferrule.gate.baseline import Entry, Fault
from ferrule.gate.reading import EXACT_SHARE, Reading, read
from ferrule.gate.verdict import Finding, Verdict, figure
from ferrule.records.samples import WITHOUT, RunResult

FACTOR: Final = 2.0  # a count that fell or rose by this factor needs a person to check it
LOOSEST: Final = 0.05  # upper limit of a path count's allowance, as a share of the count
SPREADS: Final = 2.0  # spreads of the baseline's boots by which a path count may differ


@dataclass(frozen=True)
class Rule:
    """How much more an operation may cost."""

    instructions: float = 2.0  # of an exact count,
    share: float = 0.005  # or this share of it, whichever is more
    path: float = 0.02  # upper limit of `instructions`, as a share; also the least allowance of a path count
    every: float | None = None  # --allow: this many instructions of an exact count, in place of all the above

    def allowance(self, entry: Entry) -> float:
        """Instructions by which an operation may differ from its entry."""
        value = abs(entry.value)
        if entry.kind == "path":
            return min(max(self.path, SPREADS * spread(entry)), LOOSEST) * value
        if self.every is not None:
            return self.every
        return max(self.share * value, min(self.instructions, self.path * value))

    def __str__(self) -> str:
        """For the head of the table."""
        if self.every is not None:
            exact = f"{figure(self.every)} instruction{'' if self.every == 1 else 's'} more or less"
        else:
            exact = f"{100 * self.share:g} %, or {figure(self.instructions)} instructions up to {100 * self.path:g} %"
        return (
            f"allowed: of exact counts {exact}; of path counts {SPREADS:g} times the spread of the baseline's boots,"
            f" {100 * self.path:g} to {100 * LOOSEST:g} %"
        )


STRICT: Final = Rule(every=0.0)  # one instruction more fails


def spread(entry: Entry) -> float:
    """The range of the baseline's own boots, as a share of the count."""
    return (entry.high - entry.low) / abs(entry.value) if entry.value else 0.0


def judge(
    guest: str,
    run: RunResult,
    reading: Reading | None,
    entry: Entry | None,
    *,
    batches: int,
    rule: Rule,
    fault: Fault | None = None,
) -> Finding | None:
    """The finding of one workload on one guest; None if the guest supported it neither in the baseline nor now.

    Args:
        guest: its name in tables.
        run: the run's status, and the reason if there is no reading.
        reading: what was counted; None without samples.
        entry: the baseline's; None when it has none.
        batches: how many were asked for in each boot.
        rule: how much more is allowed.
        fault: the baseline's, if the workload gave no count when it was accepted.
    """
    workload = str(run.key)
    if reading is None:
        return _without_reading(guest, workload, run, entry, fault)
    kind = entry.kind if entry else reading.kind
    found = Finding(guest, workload, Verdict.OK, "unchanged", kind, None, reading.value, reading.values)
    found = replace(found, n=reading.sizes[0], unit=reading.unit)
    if entry is not None:
        found = replace(found, old=entry.value)
    doubt = incomplete(reading, batches) or (_redefined(reading, entry) if entry else None)
    doubt = doubt or _absurd(reading, entry, rule)
    if doubt is not None and fault is not None and fault.status == "lost":
        return replace(found, verdict=Verdict.KNOWN, why=f"lost: {doubt}; as in the baseline", new=None)
    if doubt is not None:
        return replace(found, verdict=Verdict.IMPLAUSIBLE, why=doubt)
    if fault is not None:
        why = f"was {fault.status}, and now counts {figure(reading.value)}; keep it: --update-baseline"
        return replace(found, verdict=Verdict.IMPROVED, why=why)
    if entry is None:
        return replace(found, verdict=Verdict.INCONCLUSIVE, why="new: not in the baseline yet")
    return _compare(found, reading, entry, rule)


def _without_reading(
    guest: str, workload: str, run: RunResult, entry: Entry | None, fault: Fault | None
) -> Finding | None:
    why = f"{run.status}: {run.reason}" if run.status != "ok" else "no batch arrived"
    if fault is not None:
        if run.status == fault.status:
            return Finding(guest, workload, Verdict.KNOWN, f"{why}; as in the baseline")
        changed = f"was {fault.status} ({fault.reason}), now {why}; accept it by --update-baseline"
        return Finding(guest, workload, Verdict.INCONCLUSIVE, changed)
    if entry is None:
        if run.status in WITHOUT:
            return None
        return Finding(guest, workload, Verdict.IMPLAUSIBLE, f"{why}; not in the baseline: --update-baseline")
    return Finding(guest, workload, Verdict.IMPLAUSIBLE, f"it was measured before, now {why}", entry.kind, entry.value)


def fault_of(run: RunResult, batches: int) -> Fault | None:
    """What a baseline keeps of a run without a usable count; None if it has one, or was not tried on this guest."""
    if run.status not in ("ok", "missing", *WITHOUT):
        return Fault(run.status, run.reason)
    reading = read(run, "")
    lack = incomplete(reading, batches) if reading is not None else None
    return Fault("lost", lack) if lack else None


def incomplete(reading: Reading, batches: int) -> str | None:
    """Why the samples are not those that were asked for."""
    if min(reading.batches) < batches:
        return f"{min(reading.batches)} batches arrived of {batches} asked for"
    if len(set(reading.sizes)) > 1:
        return f"the boots took batches of {' and '.join(map(str, reading.sizes))} operations"
    return None


def _redefined(reading: Reading, entry: Entry) -> str | None:
    """Why the reading and the entry do not count the same thing."""
    for name, old, new in (
        ("unit", entry.unit, reading.unit),
        ("meaning", entry.meaning, reading.meaning),
        ("placement", entry.place, reading.place),
        ("parameters", dict(entry.params), dict(reading.params)),
        ("batch size", entry.n, reading.sizes[0]),
    ):
        if old != new:
            return f"its {name} changed from {old} to {new}"
    return None


def _absurd(reading: Reading, entry: Entry | None, rule: Rule) -> str | None:
    """Why a count is impossible, or so far below the baseline's that a person has to check it."""
    new, old = reading.value, entry.value if entry else None
    if min(reading.values) < 0:
        return f"a count below zero: {figure(min(reading.values))}"
    if old is None or old == new or entry is None:
        return None
    if new == 0:
        return f"it cost {figure(old)} and now nothing"
    if old > 0 and old - new > rule.allowance(entry) and new <= old / FACTOR:
        return f"halved, or less: {figure(old)} -> {figure(new)}; if that is true, accept it by --update-baseline"
    return None


def _compare(found: Finding, reading: Reading, entry: Entry, rule: Rule) -> Finding:
    """The finding from two plausible counts of the same thing."""
    difference, allowed = reading.value - entry.value, rule.allowance(entry)
    if entry.kind == "exact" and not reading.equal:
        return _varies(found, reading, entry, allowed)
    figures = f"{figure(entry.value)} -> {figure(reading.value)}, {figure(difference, signed=True)} instructions"
    if found.percent is not None:
        figures += f" ({found.percent:+.2f} %)"
    if difference == 0:
        return found
    if entry.kind == "exact" and min(reading.shares) < EXACT_SHARE and abs(difference) <= rule.path * entry.value:
        share = round(100 * min(reading.shares))
        return replace(found, verdict=Verdict.INCONCLUSIVE, why=f"{figures}; was exact, now {share} % of batches agree")
    verdict, note = _direction(reading, entry, abs(difference) > allowed)
    return replace(found, verdict=verdict, why=f"{figures}; allowed {figure(allowed, signed=True)}{note}")


def _varies(found: Finding, reading: Reading, entry: Entry, allowed: float) -> Finding:
    """Boots disagree on a count that was exact: a verdict only if all are above, or all below, what is allowed."""
    low, high = min(reading.values), max(reading.values)
    why = (
        f"varies: was exact {figure(entry.value)}, {len(reading.values)} boots counted {figure(low)} to {figure(high)}"
    )
    if low > entry.value + allowed:
        return replace(found, verdict=Verdict.REGRESSED, why=f"{why}; allowed {figure(allowed, signed=True)}")
    if high < entry.value - allowed:
        return replace(found, verdict=Verdict.IMPROVED, why=f"{why}; keep it: --update-baseline")
    return replace(found, verdict=Verdict.INCONCLUSIVE, why=f"{why}; if that is true, accept it by --update-baseline")


def _direction(reading: Reading, entry: Entry, beyond: bool) -> tuple[Verdict, str]:
    """The verdict on a count that changed, and a note for the reason."""
    if not beyond:
        return Verdict.OK, ""
    if entry.kind == "path":
        if entry.low <= reading.value <= entry.high:
            return Verdict.INCONCLUSIVE, f"; but the baseline's own boots differ by {100 * spread(entry):.1f} %"
        if min(reading.values) <= entry.high and max(reading.values) >= entry.low:
            return Verdict.INCONCLUSIVE, "; but the boots of both sides overlap"
    if reading.value > entry.value:
        doubled = reading.value >= FACTOR * entry.value > 0
        return Verdict.REGRESSED, "; it doubled, or worse: check that it still does the same" if doubled else ""
    return Verdict.IMPROVED, "; keep it: --update-baseline"
