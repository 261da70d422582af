"""`ferrule gate`: from flags to a report, its files, and the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ferrule import __version__, guests, paths
from ferrule.build import build_payload
from ferrule.errors import FerruleError, InfrastructureError, ToolMissing, UsageError
from ferrule.gate import baseline as baselines
from ferrule.gate import conditions, decide, flags
from ferrule.gate.baseline import Baseline, Protocol
from ferrule.gate.formats import table, write
from ferrule.gate.measure import GATE_BOOTS, Subject, insensitive, measure
from ferrule.gate.selection import select
from ferrule.gate.verdict import Finding, Report, Verdict
from ferrule.progress import Progress, progress_on
from ferrule.samples import RunKey, RunResult

AGAIN = "python3 noxfile.py -s gate --"


def gate(parsed: argparse.Namespace) -> int:
    """Measure, compare or accept, report.

    Raises:
        UsageError: a flag that cannot mean anything.
        InfrastructureError: no guest can be had, or a baseline or output file cannot be read or written.
    """
    flags.check(parsed)
    extra = tuple(Path(path) for path in parsed.extra)
    keys = select(parsed.suite, parsed.workload, parsed.place, extra)
    folder = Path(parsed.baselines) if parsed.baselines else paths.root() / "results" / "baselines"
    with progress_on(sys.stderr) as progress:
        subjects = _subjects(parsed, folder, extra, progress)
        try:
            for subject in subjects:
                if parsed.update_baseline or subject.baseline:
                    pilot = parsed.update_baseline and not {str(key) for key in keys} <= set(subject.sizes())
                    boots = parsed.boots or (subject.protocol.boots if parsed.update_baseline else GATE_BOOTS)
                    measure(subject, keys, boots, progress, parsed.patience, pilot)
        finally:
            for subject in subjects:
                subject.guest.close()
    rule = decide.STRICT if parsed.strict else decide.Rule()
    if parsed.update_baseline:
        report = accept(subjects, keys, folder, rule)
    else:
        whole = not (parsed.suite or parsed.workload)
        report = compare(subjects, keys, rule, whole, f"{AGAIN} {_same(parsed)}--update-baseline")
    print(table.render(report))
    write(report, {name: getattr(parsed, name) for name in flags.OUTPUTS})
    return report.exit_code


def compare(subjects: Sequence[Subject], keys: Sequence[RunKey], rule: decide.Rule, whole: bool, how: str) -> Report:
    """Every subject that has a baseline against it.

    Args:
        subjects: measured ones, and ones without a baseline.
        keys: what was asked for.
        rule: how much more an operation may cost.
        whole: `keys` are all there are: what the baseline has beside them is gone.
        how: the command that makes a baseline.
    """
    findings: list[Finding] = []
    failures: list[str] = []
    ungated: list[str] = []
    told: list[str] = []
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
        gone = sorted(set(base.entries) - {str(key) for key in keys}) if whole else []
        findings += [
            Finding(name, key, Verdict.INCONCLUSIVE, "gone: no such workload any more", old=base.entries[key].value)
            for key in gone
        ]
        told.append(_told(subject, base))
    hints = []
    if any(one.verdict is Verdict.IMPROVED or one.why.startswith(("new:", "gone:")) for one in findings):
        hints.append(f"the baseline is out of date; accept what was measured: {how}")
    return Report(tuple(findings), tuple(failures), tuple(ungated), tuple(hints), tuple(told))


def accept(subjects: Sequence[Subject], keys: Sequence[RunKey], folder: Path, rule: decide.Rule) -> Report:
    """Write a baseline for every subject whose harness is sound; report what changed against the last one."""
    findings: list[Finding] = []
    failures: list[str] = []
    told: list[str] = []
    for subject in subjects:
        base, result = subject.baseline, subject.result
        of_guest = _failures(subject, keys, accepting=True)
        failures += of_guest
        if result is None or result.conditions is None:
            continue
        findings += _findings(subject, keys, base, rule, subject.protocol.batches)
        if of_guest:
            failures.append(f"{subject.guest.name}: no baseline was written")
            continue
        measured = {str(key): baselines.entry_of(subject.readings[key]) for key in keys if key in subject.readings}
        kept = {key: entry for key, entry in (base.entries if base else {}).items() if key not in map(str, keys)}
        protocol = subject.protocol
        made = Baseline(
            baselines.SCHEMA,
            conditions.complete(subject.known, result.conditions),
            {**conditions.record(subject.guest, subject.payload, result.conditions), "ferrule": __version__},
            Protocol(protocol.batches, protocol.warm, protocol.seed, _boots(subject)),
            {**kept, **measured},
        )
        path = baselines.save(folder, made)
        told.append(f"{subject.guest.name}: baseline of {_boots(subject)} boots: {path}")
    return Report(tuple(findings), tuple(failures), conditions=tuple(told), compared=False)


def _subjects(parsed: argparse.Namespace, folder: Path, extra: Sequence[Path], progress: Progress) -> list[Subject]:
    """The guests to gate. One that nobody named and that cannot be had is skipped, and said so."""
    options = flags.guest_options(parsed)
    names = [name.strip() for name in (parsed.guest or ",".join(flags.GUESTS)).split(",") if name.strip()]
    made: list[Subject] = []
    for name in dict.fromkeys(names):
        if name.partition("://")[0] not in guests.available():
            raise UsageError(f"--guest {name}: no such guest; there are: {', '.join(guests.available())}")
        try:
            reason = guests.unavailable(name, options)
            if reason is not None:
                raise ToolMissing(f"{name}: {reason}")
            guest = guests.create(name, options)
            payload = build_payload(guest.os, guest.arch, extra_workloads=extra)
        except UsageError:
            raise
        except FerruleError as error:
            if parsed.guest:
                raise
            progress.note(f"{name}: skipped: {error}")
            continue
        known = conditions.known(guest, payload, parsed.kernel_build)
        base, why = baselines.find(folder, known)
        made.append(Subject(guest, payload, known, base, why))
    if not made:
        raise InfrastructureError("gate: no guest can be had here; ferrule doctor says what is missing")
    return made


def _findings(
    subject: Subject, keys: Sequence[RunKey], base: Baseline | None, rule: decide.Rule, batches: int
) -> list[Finding]:
    runs: Mapping[RunKey, RunResult] = subject.result.runs if subject.result else {}
    found = []
    for key in keys:
        run = runs.get(key) or RunResult(key, "missing", "the guest did not report it")
        entry = base.entries.get(str(key)) if base else None
        found.append(decide.judge(subject.guest.name, str(key), run, subject.readings.get(key), entry, batches, rule))
    return [one for one in found if one is not None]


def _failures(subject: Subject, keys: Sequence[RunKey], accepting: bool = False) -> list[str]:
    """What the harness itself did wrong on this guest."""
    name, result = subject.guest.name, subject.result
    if result is None or result.conditions is None:
        why = result.errors[-1].splitlines()[0] if result and result.errors else "it said nothing"
        return [f"{name}: not measured: {why}"]
    found = [text for text in (insensitive(subject),) if text]
    for key in keys:
        reading, run = subject.readings.get(key), result.runs[key]
        if accepting:
            if run.status not in ("ok", "unsupported"):
                found.append(f"{name}: {key}: {run.status}: {run.reason}")
            continue
        entry = subject.baseline.entries.get(str(key)) if subject.baseline else None
        text = decide.disagreement(name, str(key), reading, entry) if reading else None
        found += [text] if text else []
    return found


def _other_machine(subject: Subject, base: Baseline) -> str:
    """In what the booted guest is not the one the baseline is of; empty when it is, or never spoke."""
    said = subject.result.conditions if subject.result else None
    return "; ".join(baselines.differences(base.key, conditions.complete(subject.known, said))) if said else ""


def _boots(subject: Subject) -> int:
    return max((len(reading.values) for reading in subject.readings.values()), default=0)


def _told(subject: Subject, base: Baseline) -> str:
    key, payload = base.key, subject.payload.build_id
    same = "the same payload" if base.record.get("payload") == payload else "another payload"
    machine = f"kernel {key.get('kernel.build')}, QEMU {key.get('qemu')}, {key.get('cpu.model')}"
    return f"{subject.guest.name}: {machine}; baseline of {base.protocol.boots} boots, {same}; {_boots(subject)} boots"


def _same(parsed: argparse.Namespace) -> str:
    """The flags that decide what a baseline holds, as they were given."""
    names = ("guest", "suite", "workload", "kernel_build", "linux_kernel", "linux_append", "baselines")
    given = [f"--{name.replace('_', '-')} {value!r} " for name in names if (value := getattr(parsed, name))]
    given += [f"--extra {path!r} " for path in parsed.extra]
    given += [f"--memory {parsed.memory} "] if parsed.memory != flags.guest_options(parsed).memory else []
    return "".join(given)
