"""`ferrule gate`: from flags to a report, its files, and the exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ferrule import guests, paths
from ferrule.campaign.progress import Progress, progress_on
from ferrule.errors import FerruleError, InfrastructureError, ToolMissing, UsageError
from ferrule.gate import baseline as baselines
from ferrule.gate import conditions, decide, flags, kernel
from ferrule.gate.explain import Explainer
from ferrule.gate.formats import table, write
from ferrule.gate.measure import GATE_BOOTS, Measurer, Subject
from ferrule.gate.outcome import accept, compare, doubtful
from ferrule.gate.paired import command as paired
from ferrule.gate.selection import select
from ferrule.gate.verdict import Report
from ferrule.payload.build import build_for
from ferrule.text import number_of

AGAIN = "ferrule gate"


def gate(parsed: argparse.Namespace) -> int:
    """Measure, compare or accept, report.

    Raises:
        UsageError: an invalid flag or combination.
        InfrastructureError: no guest is available, or a baseline or output file cannot be read or written.
    """
    flags.check(parsed)
    for outside in parsed.extra_guest:
        guests.add(Path(outside))
    report = paired.gate(parsed) if parsed.tier == "time" else kernel.gate(parsed, _exact)
    print(table.render(report))
    write(report, {name: getattr(parsed, name) for name in flags.OUTPUTS})
    return report.exit_code


def _exact(parsed: argparse.Namespace) -> Report:
    """Count, and compare with the baseline or make one."""
    extra = tuple(Path(path) for path in parsed.extra)
    keys = select(parsed.suite, parsed.workload, parsed.place, extra)
    folder = Path(parsed.baselines) if parsed.baselines else paths.results() / "baselines"
    rule = decide.STRICT if parsed.strict else decide.Rule()
    if parsed.allow is not None:
        rule = decide.Rule(every=float(parsed.allow))
    with progress_on(sys.stderr) as progress:
        subjects = _subjects(parsed, folder, extra, progress)
        measurer = Measurer(keys, progress, parsed.patience)
        try:
            for subject in subjects:
                boots = parsed.boots or (subject.protocol.boots if parsed.update_baseline else GATE_BOOTS)
                if parsed.update_baseline or subject.baseline:
                    measurer.measure(subject, boots, accepting=parsed.update_baseline)
                more = subject.protocol.boots
                if not parsed.update_baseline and boots < more and (names := doubtful(subject, keys, rule)):
                    progress.note(
                        f"{subject.guest.name}: {', '.join(names)}: counted again in {number_of(more, 'boot')}"
                    )
                    measurer.measure(subject, more)
        finally:
            for subject in subjects:
                subject.guest.close()
        explainer = Explainer(flags.guest_options(parsed), folder, extra, progress)
        if parsed.update_baseline:
            accepted = accept(subjects, keys, folder, rule)
            return explainer.store(subjects, keys, accepted) if parsed.explain else accepted
        whole = not (parsed.suite or parsed.workload)
        report = compare(subjects, keys, rule, whole=whole, how=again(parsed), strict=parsed.strict)
        return explainer.explain(subjects, report) if parsed.explain else report


def _subjects(parsed: argparse.Namespace, folder: Path, extra: Sequence[Path], progress: Progress) -> list[Subject]:
    """The guests to gate. If --guest names none, a default guest that is not available is skipped, with a note."""
    options = flags.guest_options(parsed)
    names = [name.strip() for name in (parsed.guest or ",".join(flags.GUESTS)).split(",") if name.strip()]
    made: list[Subject] = []
    for name in dict.fromkeys(names):
        if guests.kind(name) not in guests.available():
            raise UsageError(f"--guest {name}: no such guest; there are: {', '.join(guests.available())}")
        try:
            reason = guests.unavailable(name, options)
            if reason is not None:
                raise ToolMissing(f"{name}: {reason}")
            guest = guests.create(name, options)
            payload = build_for(guest, extra)
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
        raise InfrastructureError("gate: no guest is available here; ferrule doctor says what is missing")
    return made


def again(parsed: argparse.Namespace) -> str:
    """The command that accepts what this one measured: the same options and --update-baseline."""
    asked = getattr(parsed, "asked", parsed)  # kernel.gate adds the flags that boot a candidate
    return " ".join(["ferrule gate", *flags.given(asked), "--update-baseline"])
