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

FACTOR: Final = 1.9  # about twice, or half: a ratio that is not believed without somebody looking at it
_ALIKE: Final = ("accel", "arch", "cpu_model", "cpus")  # of both arms; kernel and payload may be what is compared
CUT: Final = "the gate did not come to its end, or its last pairs are gone: `ok` is not to be relied on; measure again"
RATES_APART: Final = 0.005  # of counters that tick at one rate


def report(head: Head, pairs: Sequence[Pair], strict: bool = False) -> Report:
    """What the pairs of one gate say.

    Where the control moved, or a counter is not the same for both arms, no verdict stands. A gate that did not come to
    its end may have found something, but not that nothing is there.
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
    """A finding for each workload that either arm has; implausible ones stay out of the tests."""
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
            doubts[key] = _nothing(*arms[key])
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
    """Why the control, which ran against itself, shows that the pairs are not to be trusted."""
    if not control:
        return ["the control measured nothing: nothing shows that the machine stood still"]
    bad = (Verdict.REGRESSED, Verdict.IMPROVED, Verdict.IMPLAUSIBLE)
    return [f"the control moved: {one.guest}: {one.workload}: {one.why}" for one in control if one.verdict in bad]


def dead(pairs: Sequence[Pair], least: int) -> bool:
    """Whether at least so many pairs lack an arm."""
    return sum(any(not _spoke(pair, name) for name in NAMES) for pair in pairs) >= least


def _spoke(pair: Pair, name: str) -> bool:
    return name in pair.turns and bool(pair.turns[name].processes)


def ended(head: Head, pairs: Sequence[Pair], findings: Sequence[Finding]) -> bool:
    """Whether these are all pairs that were to be taken: as planned, or up to a look that settled everything."""
    return len(pairs) == head.pairs or (len(pairs) in [until for until, _ in head.looks] and settled(findings))


def settled(findings: Sequence[Finding]) -> bool:
    """Whether further pairs would change nothing worth their time."""
    return all(one.verdict is not Verdict.INCONCLUSIVE for one in findings)


def _nothing(base: Series, candidate: Series) -> str | None:
    for name, one in zip(NAMES, (base, candidate), strict=True):
        if (low := float(one.ticks.min())) <= 0:
            return (
                f"{name}: {'a cost below zero' if low < 0 else 'it cost nothing'} in pair {int(one.ticks.argmin()) + 1}"
            )
    return None


def _finding(guest: str, key: str, doubt: str, arms: tuple[Series, Series] | None, on: Machine) -> Finding:
    """What was measured, in ns; not believed yet."""
    found = Finding(guest, key, Verdict.IMPLAUSIBLE, doubt, "time", unit="ns")
    if arms is None:
        return found
    base, candidate = (one.ticks * 1e9 / on.hz for one in arms)
    old, new = float(np.median(base)), float(np.median(candidate))
    return replace(found, old=old, new=new, boots=tuple(candidate.tolist()), n=arms[1].n)


def _judged(found: Finding, arms: tuple[Series, Series] | None, decision: Decision | None) -> Finding:
    """The same with the tests' verdict."""
    if decision is None or arms is None:
        return found
    estimate = Estimate(decision.ratio, decision.low, decision.high, decision.p_adjusted, decision.pairs)
    said = f"{estimate}, {decision.pairs} pairs, p {decision.p_adjusted:.2g}"
    if decision.verdict in ("regressed", "improved") and not 1.0 / FACTOR < decision.ratio < FACTOR:
        if decision.ratio < 1:
            return replace(found, estimate=estimate, why=f"halved, or less: {said}; somebody has to look")
        said += "; it doubled, or worse: look whether it still does the same"
    disturbed = max(one.disturbed for one in arms)
    note = f"; {disturbed:.0%} of the batches were disturbed" if disturbed > 0.05 else ""
    return replace(found, verdict=Verdict(decision.verdict), estimate=estimate, why=said + note)


def _held_back(finding: Finding) -> Finding:
    if finding.verdict is Verdict.IMPLAUSIBLE:
        return finding
    return replace(finding, verdict=Verdict.INCONCLUSIVE, why=f"held back ({finding.verdict.value}): {finding.why}")


def _failures(pairs: Sequence[Pair], what: str) -> list[str]:
    """Why no pair is to be trusted: an arm never spoke, or the arms' counters are not one."""
    if not pairs:
        return [f"{what}: no pair was taken"]
    found: list[str] = []
    for name in NAMES:
        silent = [pair for pair in pairs if not _spoke(pair, name)]
        if silent:
            errors = silent[0].turns[name].errors if name in silent[0].turns else ()
            why = errors[-1].splitlines()[0] if errors else "it said nothing"
            found.append(f"{what}: {name}: no sample in {len(silent)} of {len(pairs)} pairs: {why}")
    if found:
        return found
    kinds = {(turn.counter, turn.unit) for pair in pairs for turn in pair.turns.values()}
    if len(kinds) > 1:
        found.append(f"{what}: the arms were timed by different counters: {sorted(kinds)}")
    said = [pairs[0].turns[name].conditions for name in NAMES]
    for field in _ALIKE:
        one, other = (getattr(conditions, field, None) for conditions in said)
        if one != other:
            found.append(f"{what}: the arms ran under other conditions: {field} {one} and {other}")
    if said[0] is not None and said[1] is not None and (apart := processors_differ(said[0], said[1])):
        found.append(f"{what}: the arms ran on processors of one name that differ: {apart}")
    rates = [float(np.median([p.hz for pair in pairs for p in pair.turns[name].processes])) for name in NAMES]
    if min(rates) <= 0 or max(rates) / min(rates) - 1.0 > RATES_APART:
        found.append(f"{what}: the arms' counters tick at {rates[0]:.0f} and {rates[1]:.0f} Hz: no ratio of ticks")
    return found


def _conditions(head: Head, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Under which the pairs were taken."""
    said = [f"{head.guest}: base: {head.base}; candidate: {head.candidate}; seed {head.seed}"]
    on = {name: _told(pairs[0], name) for name in NAMES if pairs and _spoke(pairs[0], name)}
    said += [f"both on: {on[NAMES[0]]}"] if len(set(on.values())) == 1 else [f"{name} on: {on[name]}" for name in on]
    if head.same:
        said.append("both arms are the same: whatever is found is a false alarm")
    said.append(f"control: {head.control} against itself: {', '.join(head.controls)}")
    looks = ", ".join(f"{until} ({share:g})" for until, share in head.looks)
    of_one = f"{head.processes} processes of " if head.processes > 1 else ""
    often = sorted(set(head.visits.values())) or [1]
    visits = f"{often[0]} to {often[-1]}" if len(often) > 1 else f"{often[0]}"
    said.append(f"{len(pairs)} of {head.pairs} pairs, {of_one}{visits} visits of {head.batches} batches")
    said.append(f"looks at pairs (share): {looks}")
    if head.injected:
        said.append(f"no measurement: a slowdown of {head.injected / 10:g} % was injected into the candidate")
    around = [pair.surroundings for pair in pairs if pair.surroundings is not None]
    loads = [one.load for one in around if one.load is not None]
    steals = [one.stolen for one in around if one.stolen is not None]
    parts = []
    if (clock := wandered(pairs)) is not None:
        parts.append(f"the core's clock differed by {clock:.1%} between batches and was taken out")
    elif pairs:
        parts.append("a payload tells nothing of the core's clock, which was not taken out")
    if loads:
        parts.append(f"load {min(loads):.1f} to {max(loads):.1f} a CPU")
    if steals:
        parts.append(f"steal {np.mean(steals):.1%} of CPU time, at most {max(steals):.1%}")
    if any(one.throttled is not None for one in around):
        stopped = sum(bool(one.throttled) for one in around)
        parts.append(f"a CPU quota stopped the payload in {stopped} of {len(around)} pairs")
    if involuntary := _involuntary(pairs):
        parts.append(f"involuntary switches: {involuntary}")
    return (*said, *([", ".join(parts)] if parts else []))


def _told(pair: Pair, name: Name) -> str:
    """What an arm ran on."""
    said = pair.turns[name].conditions
    if said is None:
        return "unknown"
    cpus = f"CPUs {','.join(map(str, said.cpus))}" if said.cpus else "not pinned"
    cpus += f" ({why})" if (why := unpinned(said.facts)) else ""
    told = [said.facts[name] for name in (PLACEMENT, KINDS) if name in said.facts and said.cpus]
    told += [f"quota {quota}"] if (quota := said.facts.get("host.quota", "none")) != "none" else []
    return ", ".join([said.cpu_model, f"kernel {said.kernel}", said.accel, cpus, *told, said.compiler])


def _involuntary(pairs: Sequence[Pair]) -> str:
    """How often each arm was preempted; empty where no OS says."""
    told = []
    for name in NAMES:
        turns = [pair.turns[name] for pair in pairs if name in pair.turns]
        counts = [one.involuntary for turn in turns for run in turn.runs.values() for one in run.visits]
        known = [count for count in counts if count is not None]
        told += [f"{name} {sum(known)}"] if known else []
    return ", ".join(told)
