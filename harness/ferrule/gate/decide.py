"""The exact gate's decision, as pure functions: a baseline's entry and a reading in, a finding out.

    EXACT  half of the batches agree and so do all boots: any change is told, more than max(2, 0.5 %) fails; where
           they agree no more, 2 %
    PATH   the count depends on the path taken (allocators, timers): 2 %, and the boots of both sides must be apart

Nothing here measures, so every verdict can be computed again from a baseline and stored readings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ferrule.gate.baseline import Entry
from ferrule.gate.reading import EXACT_SHARE, Reading
from ferrule.gate.verdict import Finding, Verdict, figure
from ferrule.records.samples import WITHOUT, RunResult

FACTOR: Final = 2.0  # a count that changed by as much is not believed without somebody looking at it


@dataclass(frozen=True)
class Rule:
    """How much more an operation may cost."""

    instructions: float = 2.0  # of an exact count, whichever of the two
    share: float = 0.005  # is more
    path: float = 0.02  # share of a count that depends on the path

    def allowance(self, entry: Entry) -> float:
        """Instructions by which an operation may depart from its entry."""
        if entry.kind == "path":
            return self.path * abs(entry.value)
        return max(self.instructions, self.share * abs(entry.value))


STRICT: Final = Rule(instructions=0.0, share=0.0)  # one instruction more fails


def judge(
    guest: str,
    run: RunResult,
    reading: Reading | None,
    entry: Entry | None,
    *,
    batches: int,
    rule: Rule,
) -> Finding | None:
    """The finding of one workload on one guest; None when the guest never had it and has it not now.

    Args:
        guest: its name in tables.
        run: what became of the run: says why there is no reading.
        reading: what was counted; None without samples.
        entry: the baseline's; None when it has none.
        batches: how many were asked for in each boot.
        rule: how much more is allowed.
    """
    workload = str(run.key)
    if reading is None:
        return _without_reading(guest, workload, run, entry)
    kind = entry.kind if entry else reading.kind
    found = Finding(guest, workload, Verdict.OK, "unchanged", kind, None, reading.value, reading.values)
    found = replace(found, n=reading.sizes[0], unit=reading.unit)
    if entry is not None:
        found = replace(found, old=entry.value)
    doubt = incomplete(reading, batches) or (_redefined(reading, entry) if entry else None)
    doubt = doubt or _absurd(reading, entry, rule)
    if doubt is not None:
        return replace(found, verdict=Verdict.IMPLAUSIBLE, why=doubt)
    if entry is None:
        return replace(found, verdict=Verdict.INCONCLUSIVE, why="new: the baseline does not know it yet")
    return _compare(found, reading, entry, rule)


def disagreement(guest: str, workload: str, reading: Reading, entry: Entry | None) -> str | None:
    """The harness's own failure: boots that count differently what the baseline knows as exact; None without one."""
    if entry is None or entry.kind != "exact" or reading.equal:
        return None
    counted = " and ".join(figure(value) for value in reading.values)
    return f"{guest}: {workload}: boots must agree on an exact count and counted {counted} instructions"


def _without_reading(guest: str, workload: str, run: RunResult, entry: Entry | None) -> Finding | None:
    why = f"{run.status}: {run.reason}" if run.status != "ok" else "no batch arrived"
    if entry is None:
        return None if run.status in WITHOUT else Finding(guest, workload, Verdict.IMPLAUSIBLE, why)
    return Finding(guest, workload, Verdict.IMPLAUSIBLE, f"it was measured before, now {why}", entry.kind, entry.value)


def incomplete(reading: Reading, batches: int) -> str | None:
    """Why the samples are not those that were asked for."""
    if min(reading.batches) < batches:
        return f"{min(reading.batches)} batches arrived of {batches} asked for"
    if len(set(reading.sizes)) > 1:
        return f"the boots took batches of {' and '.join(map(str, reading.sizes))} operations"
    return None


def _redefined(reading: Reading, entry: Entry) -> str | None:
    """Why reading and entry are numbers of different things."""
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
    """Why a count cannot be one, or is too far from the last one to be taken for granted."""
    new, old = reading.value, entry.value if entry else None
    if min(reading.values) < 0:
        return f"a count below zero: {figure(min(reading.values))}"
    if old is None or old == new or entry is None:
        return None
    if new == 0:
        return f"it cost {figure(old)} and now nothing"
    if old > 0 and abs(new - old) > rule.allowance(entry) and not old / FACTOR < new < old * FACTOR:
        word = "doubled" if new > old else "halved"
        return f"{word}, or worse: {figure(old)} -> {figure(new)}; if that is true, accept it by --update-baseline"
    return None


def _compare(found: Finding, reading: Reading, entry: Entry, rule: Rule) -> Finding:
    """Two believable counts of one thing."""
    difference, allowed = reading.value - entry.value, rule.allowance(entry)
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


def _direction(reading: Reading, entry: Entry, beyond: bool) -> tuple[Verdict, str]:
    """The verdict on a count that changed, and what is to be said with it."""
    if not beyond:
        return Verdict.OK, ""
    if entry.kind == "path" and entry.low <= reading.value <= entry.high:
        return Verdict.OK, "; within what the baseline's own boots differ by"
    if entry.kind == "path" and min(reading.values) <= entry.high and max(reading.values) >= entry.low:
        return Verdict.INCONCLUSIVE, "; but the boots of both sides overlap"
    if reading.value > entry.value:
        return Verdict.REGRESSED, ""
    return Verdict.IMPROVED, "; keep it: --update-baseline"
