"""From measured guests and their baselines to a report: what became worse, or what is accepted from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferrule import __version__
from ferrule.gate import baseline as baselines
from ferrule.gate import conditions, decide
from ferrule.gate.baseline import Baseline, Fault, Protocol
from ferrule.gate.measure import Subject, insensitive
from ferrule.gate.verdict import Finding, Report, Verdict
from ferrule.payload.key import RunKey
from ferrule.records.samples import RunResult


def compare(
    subjects: Sequence[Subject],
    keys: Sequence[RunKey],
    rule: decide.Rule,
    *,
    whole: bool,
    how: str,
    strict: bool = False,
) -> Report:
    """Compare every subject with its baseline.

    Args:
        subjects: measured ones, and ones without a baseline.
        keys: what was asked for.
        rule: how much more an operation may cost.
        whole: `keys` are all workloads: others in the baseline are reported as gone.
        how: the command that makes a baseline.
        strict: inconclusive findings fail.
    """
    findings: list[Finding] = []
    failures: list[str] = []
    ungated: list[str] = []
    lines: list[str] = []
    for subject in subjects:
        name, base = subject.guest.name, subject.baseline
        if base is None:
            ungated.append(f"{name}: {subject.missing}; make one: {how}")
            continue
        other = _other_machine(subject, base)
        if other:
            ungated.append(f"{name}: the guest is not the baseline's: {other}; make one: {how}")
            continue
        failures += _failures(subject, keys)
        findings += _findings(subject, keys, base, rule, base.protocol.batches)
        gone = sorted({*base.entries, *base.faults} - {str(key) for key in keys}) if whole else []
        olds = {key: entry.value for key, entry in base.entries.items()}
        findings += [
            Finding(name, key, Verdict.INCONCLUSIVE, "gone: no such workload any more", old=olds.get(key))
            for key in gone
        ]
        lines.append(_compared(subject, base))
    hints = []
    if any(one.verdict is Verdict.IMPROVED or one.why.startswith(("new:", "gone:", "was ")) for one in findings):
        hints.append(f"the baseline is out of date; accept what was measured: {how}")
    return Report(
        tuple(findings),
        tuple(failures),
        tuple(ungated),
        hints=tuple(hints),
        conditions=tuple(lines),
        allowed=str(rule),
        strict=strict,
    )


def doubtful(subject: Subject, keys: Sequence[RunKey], rule: decide.Rule) -> list[str]:
    """Workloads to count again in more boots.

    Their path seems to have changed: the memory layout can cause that in two boots, hardly in five. Or their boots
    disagree on a count that was exact: more boots show its range.
    """
    base = subject.baseline
    if base is None or subject.result is None or subject.result.conditions is None:
        return []
    return [
        one.workload
        for one in _findings(subject, keys, base, rule, base.protocol.batches)
        if one.verdict in (Verdict.REGRESSED, Verdict.INCONCLUSIVE) and one.old is not None
        if one.kind == "path" or len(set(one.boots)) > 1
    ]


def accept(subjects: Sequence[Subject], keys: Sequence[RunKey], folder: Path, rule: decide.Rule) -> Report:
    """Write a baseline for every subject without a harness failure; report what changed since the previous one."""
    findings: list[Finding] = []
    failures: list[str] = []
    lines: list[str] = []
    for subject in subjects:
        base, result = subject.baseline, subject.result
        of_guest = _failures(subject, keys, accepting=True)
        failures += of_guest
        if result is None or result.conditions is None:
            continue
        if of_guest:
            failures.append(f"{subject.guest.name}: no baseline was written")
            continue
        found = _findings(subject, keys, base, rule, subject.protocol.batches)
        findings += [
            replace(one, verdict=Verdict.OK if one.new is not None else Verdict.KNOWN, why=_accepted(one))
            for one in found
        ]
        faulty = _faults(subject, keys)
        measured = {
            str(key): baselines.entry_of(subject.readings[key])
            for key in keys
            if key in subject.readings and str(key) not in faulty
        }
        asked = {str(key) for key in keys}
        kept = {key: entry for key, entry in (base.entries if base else {}).items() if key not in asked}
        faults = {key: fault for key, fault in (base.faults if base else {}).items() if key not in asked}
        faults |= faulty
        protocol = subject.protocol
        made = Baseline(
            baselines.SCHEMA,
            conditions.complete(subject.known, result.conditions),
            {**conditions.record(subject.guest, subject.payload, result.conditions), "ferrule": __version__},
            Protocol(protocol.batches, protocol.warm, protocol.seed, _boots(subject)),
            {**kept, **measured},
            faults,
        )
        path = baselines.save(folder, made)
        lines.append(f"{subject.guest.name}: baseline of {_boots(subject)} boots: {path}")
    return Report(tuple(findings), tuple(failures), conditions=tuple(lines), compared=False)


def _faults(subject: Subject, keys: Sequence[RunKey]) -> dict[str, Fault]:
    """Workloads that gave no usable count, and why, by run key as text."""
    runs, batches = subject.result.runs if subject.result else {}, subject.protocol.batches
    found = {str(key): decide.fault_of(runs[key], batches) for key in keys if key in runs}
    return {key: fault for key, fault in found.items() if fault is not None}


def _findings(
    subject: Subject, keys: Sequence[RunKey], base: Baseline | None, rule: decide.Rule, batches: int
) -> list[Finding]:
    runs: Mapping[RunKey, RunResult] = subject.result.runs if subject.result else {}
    found = []
    for key in keys:
        run = runs.get(key) or RunResult(key, "missing", "the guest did not report it")
        entry = base.entries.get(str(key)) if base else None
        reading = subject.readings.get(key)
        fault = base.faults.get(str(key)) if base else None
        found.append(decide.judge(subject.guest.name, run, reading, entry, batches=batches, rule=rule, fault=fault))
    return [one for one in found if one is not None]


def _failures(subject: Subject, keys: Sequence[RunKey], accepting: bool = False) -> list[str]:
    """What the harness itself did wrong on this guest."""
    name, result = subject.guest.name, subject.result
    if result is None or result.conditions is None:
        why = result.errors[-1].splitlines()[0] if result and result.errors else "the guest sent no record"
        return [f"{name}: not measured: {why}"]
    found = [text for text in (insensitive(subject),) if text]
    for key in keys if accepting else ():  # a workload without a count becomes a known fault, but must have been tried
        run = result.runs[key]
        found += [f"{name}: {key}: {run.status}: {run.reason}"] if run.status == "missing" else []
    return found


def _other_machine(subject: Subject, base: Baseline) -> str:
    """How the booted guest differs from the baseline's; empty if it does not, or sent no record."""
    reported = subject.result.conditions if subject.result else None
    if reported is None:
        return ""
    whole = conditions.complete(subject.known, reported)
    if conditions.KERNEL_HASH in base.key and conditions.KERNEL_HASH not in whole:  # accepted before it had a name
        whole = conditions.unnamed(whole)
    return "; ".join(baselines.differences(base.key, whole))


def _accepted(finding: Finding) -> str:
    if finding.new is None:
        return f"known from now on: {finding.why.partition('; ')[0]}"
    if finding.old is None:
        return "new"
    return f"accepted: {finding.why}" if finding.verdict is not Verdict.OK or finding.changed else finding.why


def _boots(subject: Subject) -> int:
    return max((len(reading.values) for reading in subject.readings.values()), default=0)


def _compared(subject: Subject, base: Baseline) -> str:
    key, payload = base.key, subject.payload.build_id
    same = "the same payload" if base.record.get("payload") == payload else "another payload"
    machine = f"kernel {key.get('kernel.build')}, QEMU {key.get('qemu')}, {key.get('cpu.model')}"
    return f"{subject.guest.name}: {machine}; baseline of {base.protocol.boots} boots, {same}; {_boots(subject)} boots"
