"""The time gate's verdicts, from stored pairs alone: the same file gives the same report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ferrule.gate.paired.arms import NAMES, Name
from ferrule.gate.paired.pairs import Head, Pair
from ferrule.gate.paired.series import Machine, Series, lacking, machine, refused, series, wandered
from ferrule.gate.verdict import Estimate, Finding, Report, Verdict
from ferrule.records.conditions import KINDS, PLACEMENT, processors_differ
from ferrule.records.facts import unpinned
from ferrule.stats.paired import Decision, decide_at_looks, log_ratios

FACTOR: Final = 1.9  # about twice, or half: a ratio that needs a person to check it
_EQUAL: Final = ("accel", "arch", "cpu_model", "cpus")  # in both arms; kernel and payload may be what is compared
CUT: Final = "the gate was interrupted, or its last pairs are gone: do not rely on `ok`; measure again"
RATES_APART: Final = 0.005  # of counters that tick at one rate


def report(head: Head, pairs: Sequence[Pair], strict: bool = False) -> Report:
    """The report of one gate, from its pairs.

    Where the control moved, or the arms have different counters, all verdicts are held back. An interrupted gate may
    have found a change, but cannot show that there is none.
    """
    own = [pair for pair in pairs if not pair.control]
    control = [pair for pair in pairs if pair.control]
    failures = _failures(own, head.guest) + _failures(control, f"control {head.control}")
    findings: tuple[Finding, ...] = ()
    if not failures:
        findings = judge(head, own)
        failures = moved(judge(head, control, control=True))
    if failures:
        findings = tuple(_held_back(one) for one in findings)
    cut = () if failures or ended(head, own, findings) else (f"{head.guest}: {CUT}",)
    return Report(findings, tuple(failures), cut=cut, conditions=_conditions(head, own), strict=strict)


def judge(head: Head, pairs: Sequence[Pair], control: bool = False) -> tuple[Finding, ...]:
    """A finding for each workload that either arm supports; implausible ones are left out of the statistical tests."""
    guest, keys = (head.control, head.controls) if control else (head.guest, head.workloads)
    found = machine(pairs)
    doubts: dict[str, str | None] = {}
    arms: dict[str, tuple[Series, Series]] = {}
    for key in keys:
        if all(refused(pairs, name, key) for name in NAMES):
            continue
        doubts[key] = lacking(pairs, key, head.asked(key, control), head.batches)
        if doubts[key] is None:
            arms[key] = series(pairs, key, found.taken, head.many(control))
            doubts[key] = _not_positive(*arms[key])
    logs = {key: log_ratios(a.ticks, b.ticks) for key, (a, b) in arms.items() if doubts[key] is None}
    decided = decide_at_looks(
        logs,
        looks=head.looks,
        margin=head.margin,
        bound=head.bound,
        alpha=head.alpha,
        contamination={key: max(one.disturbed for one in arms[key]) for key in logs},
    )
    return tuple(
        _judged(_finding(guest, key, doubt or "", arms.get(key), found), arms.get(key), decided.get(key))
        for key, doubt in doubts.items()
    )


def moved(control: Sequence[Finding]) -> list[str]:
    """Why the control, the base against itself, shows that the pairs cannot be trusted."""
    if not control:
        return ["the control measured nothing: nothing shows that the machine was stable"]
    bad = (Verdict.REGRESSED, Verdict.IMPROVED, Verdict.IMPLAUSIBLE)
    return [f"the control moved: {one.guest}: {one.workload}: {one.why}" for one in control if one.verdict in bad]


def dead(pairs: Sequence[Pair], least: int) -> bool:
    """Whether at least `least` pairs lack an arm."""
    return sum(any(not _has(pair, name) for name in NAMES) for pair in pairs) >= least


def _has(pair: Pair, name: str) -> bool:
    """Whether a pair has a process of this arm."""
    return name in pair.turns and bool(pair.turns[name].processes)


def ended(head: Head, pairs: Sequence[Pair], findings: Sequence[Finding]) -> bool:
    """Whether the gate was not interrupted: all planned pairs are here, or those up to a look that settled it."""
    return len(pairs) == head.pairs or (len(pairs) in [until for until, _ in head.looks] and settled(findings))


def settled(findings: Sequence[Finding]) -> bool:
    """Whether no finding is inconclusive: further pairs are not worth their time."""
    return all(one.verdict is not Verdict.INCONCLUSIVE for one in findings)


def _not_positive(base: Series, candidate: Series) -> str | None:
    for name, one in zip(NAMES, (base, candidate), strict=True):
        if (low := float(one.ticks.min())) <= 0:
            return (
                f"{name}: {'a cost below zero' if low < 0 else 'it cost nothing'} in pair {int(one.ticks.argmin()) + 1}"
            )
    return None


def _finding(guest: str, key: str, doubt: str, arms: tuple[Series, Series] | None, on: Machine) -> Finding:
    """The finding with what was measured, in ns; implausible until it is judged."""
    found = Finding(guest, key, Verdict.IMPLAUSIBLE, doubt, "time", unit="ns")
    if arms is None:
        return found
    base, candidate = (one.ticks * 1e9 / on.hz for one in arms)
    old, new = float(np.median(base)), float(np.median(candidate))
    return replace(found, old=old, new=new, boots=tuple(candidate.tolist()), n=arms[1].n)


def _judged(found: Finding, arms: tuple[Series, Series] | None, decision: Decision | None) -> Finding:
    """The same finding with the verdict of the statistical tests."""
    if decision is None or arms is None:
        return found
    estimate = Estimate(decision.ratio, decision.low, decision.high, decision.p_adjusted, decision.pairs)
    why = f"{estimate}, {decision.pairs} pairs, p {decision.p_adjusted:.2g}"
    if decision.verdict in ("regressed", "improved") and not 1.0 / FACTOR < decision.ratio < FACTOR:
        if decision.ratio < 1:
            return replace(found, estimate=estimate, why=f"halved, or less: {why}; check that it still does the same")
        why += "; it doubled, or worse: check that it still does the same"
    disturbed = max(one.disturbed for one in arms)
    note = f"; {disturbed:.0%} of the batches were disturbed" if disturbed > 0.05 else ""
    return replace(found, verdict=Verdict(decision.verdict), estimate=estimate, why=why + note)


def _held_back(finding: Finding) -> Finding:
    if finding.verdict is Verdict.IMPLAUSIBLE:
        return finding
    return replace(finding, verdict=Verdict.INCONCLUSIVE, why=f"held back ({finding.verdict.value}): {finding.why}")


def _failures(pairs: Sequence[Pair], what: str) -> list[str]:
    """Why no pair can be trusted: an arm sent no sample, or the arms' counters or conditions differ."""
    if not pairs:
        return [f"{what}: no pair was taken"]
    found: list[str] = []
    for name in NAMES:
        silent = [pair for pair in pairs if not _has(pair, name)]
        if silent:
            errors = silent[0].turns[name].errors if name in silent[0].turns else ()
            why = errors[-1].splitlines()[0] if errors else "it sent no record"
            found.append(f"{what}: {name}: no sample in {len(silent)} of {len(pairs)} pairs: {why}")
    if found:
        return found
    kinds = {(turn.counter, turn.unit) for pair in pairs for turn in pair.turns.values()}
    if len(kinds) > 1:
        found.append(f"{what}: the arms were timed by different counters: {sorted(kinds)}")
    both = [pairs[0].turns[name].conditions for name in NAMES]
    for field in _EQUAL:
        one, other = (getattr(conditions, field, None) for conditions in both)
        if one != other:
            found.append(f"{what}: the arms ran under different conditions: {field} {one} and {other}")
    if both[0] is not None and both[1] is not None and (difference := processors_differ(both[0], both[1])):
        found.append(f"{what}: the arms ran on processors of one name that differ: {difference}")
    rates = [float(np.median([p.hz for pair in pairs for p in pair.turns[name].processes])) for name in NAMES]
    if min(rates) <= 0 or max(rates) / min(rates) - 1.0 > RATES_APART:
        found.append(f"{what}: the arms' counters tick at {rates[0]:.0f} and {rates[1]:.0f} Hz: no ratio of ticks")
    return found


def _conditions(head: Head, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Lines with the conditions under which the pairs were taken."""
    lines = [f"{head.guest}: base: {head.base}; candidate: {head.candidate}; seed {head.seed}"]
    on = {name: _ran_on(pairs[0], name) for name in NAMES if pairs and _has(pairs[0], name)}
    lines += [f"both on: {on[NAMES[0]]}"] if len(set(on.values())) == 1 else [f"{name} on: {on[name]}" for name in on]
    if head.same:
        lines.append("both arms are the same: any change found is a false alarm")
    lines.append(f"control: {head.control} against itself: {', '.join(head.controls)}")
    looks = ", ".join(f"{until} ({share:g})" for until, share in head.looks)
    of_one = f"{head.processes} processes of " if head.processes > 1 else ""
    often = sorted(set(head.visits.values())) or [1]
    visits = f"{often[0]} to {often[-1]}" if len(often) > 1 else f"{often[0]}"
    lines.append(f"{len(pairs)} of {head.pairs} pairs, {of_one}{visits} visits of {head.batches} batches")
    lines.append(f"looks at pairs (share): {looks}")
    if head.injected:
        lines.append(f"no measurement: a slowdown of {head.injected / 10:g} % was injected into the candidate")
    around = [pair.surroundings for pair in pairs if pair.surroundings is not None]
    loads = [one.load for one in around if one.load is not None]
    steals = [one.stolen for one in around if one.stolen is not None]
    parts = []
    if (clock := wandered(pairs)) is not None:
        parts.append(f"the core's clock differed by {clock:.1%} between batches, and times are corrected for it")
    elif pairs:
        parts.append("a payload does not report the core's clock: times are not corrected for it")
    if loads:
        parts.append(f"load {min(loads):.1f} to {max(loads):.1f} a CPU")
    if steals:
        parts.append(f"steal {np.mean(steals):.1%} of CPU time, at most {max(steals):.1%}")
    if any(one.throttled is not None for one in around):
        stopped = sum(bool(one.throttled) for one in around)
        parts.append(f"a CPU quota stopped the payload in {stopped} of {len(around)} pairs")
    if involuntary := _involuntary(pairs):
        parts.append(f"involuntary switches: {involuntary}")
    return (*lines, *([", ".join(parts)] if parts else []))


def _ran_on(pair: Pair, name: Name) -> str:
    """What an arm ran on."""
    on = pair.turns[name].conditions
    if on is None:
        return "unknown"
    cpus = f"CPUs {','.join(map(str, on.cpus))}" if on.cpus else "not pinned"
    cpus += f" ({why})" if (why := unpinned(on.facts)) else ""
    facts = [on.facts[name] for name in (PLACEMENT, KINDS) if name in on.facts and on.cpus]
    facts += [f"quota {quota}"] if (quota := on.facts.get("host.quota", "none")) != "none" else []
    return ", ".join([on.cpu_model, f"kernel {on.kernel}", on.accel, cpus, *facts, on.compiler])


def _involuntary(pairs: Sequence[Pair]) -> str:
    """How often each arm was preempted; empty if no OS reports it."""
    parts = []
    for name in NAMES:
        turns = [pair.turns[name] for pair in pairs if name in pair.turns]
        counts = [one.involuntary for turn in turns for run in turn.runs.values() for one in run.visits]
        known = [count for count in counts if count is not None]
        parts += [f"{name} {sum(known)}"] if known else []
    return ", ".join(parts)
