"""Why a count changed: the functions that account for it, from profiles of the base and of what is compared with it.

A base's profiles are stored beside its baseline, so that a later gate does not need the old kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ferrule import files
from ferrule.anatomy import diff, profile
from ferrule.anatomy.measure import measure
from ferrule.campaign.progress import Progress
from ferrule.errors import FerruleError, InfrastructureError
from ferrule.gate.baseline import Key, file_name
from ferrule.gate.measure import Subject
from ferrule.gate.verdict import Finding, Report, Verdict
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey
from ferrule.text import number_of

LISTED: Final = 5  # functions in a finding
_BATCHES: Final = 3


def folder_of(baselines: Path, key: Key) -> Path:
    """Where the profiles of a baseline are."""
    return (baselines / file_name(key)).with_suffix(".anatomy")


class Explainer:
    """Profiles guests as they are now: to store the profiles, or to compare them with stored ones."""

    def __init__(self, options: GuestOptions, baselines: Path, extra: Sequence[Path], progress: Progress) -> None:
        self._options, self._baselines, self._extra, self._progress = options, baselines, extra, progress

    def store(self, subjects: Sequence[Subject], keys: Sequence[RunKey], report: Report) -> Report:
        """Write a profile of every workload beside its baseline; the report lists the workloads without one.

        Raises:
            InfrastructureError: the folder cannot be written.
        """
        lines: list[str] = []
        for subject in subjects:
            counted = [key for key in keys if key in subject.readings]
            if report.failures or not counted or subject.result is None or subject.result.conditions is None:
                continue
            folder = folder_of(self._baselines, _complete(subject))
            profiles, missing = self._profiles(subject, counted)
            try:
                for one in profiles.values():
                    files.write_whole(folder / f"{one.file_name}{profile.SUFFIX}", profile.render(one).encode())
            except OSError as error:
                raise InfrastructureError(f"{folder}: {error.strerror}") from None
            lines.append(f"{subject.guest.name}: {number_of(len(profiles), 'profile')}: {folder}")
            lines += [f"{subject.guest.name}: {key}: no profile: {why}" for key, why in missing.items()]
        return replace(report, conditions=(*report.conditions, *lines))

    def explain(self, subjects: Sequence[Subject], report: Report) -> Report:
        """The report, with the functions that account for a regression added to its reason."""
        found = list(report.findings)
        for subject in subjects:
            regressed = {
                str(key): key
                for key in subject.readings
                if any(_is(one, subject, str(key)) and one.verdict is Verdict.REGRESSED for one in found)
            }
            if not regressed or subject.baseline is None:
                continue
            folder = folder_of(self._baselines, subject.baseline.key)
            now, missing = self._profiles(subject, list(regressed.values()))
            for place, one in enumerate(found):
                if one.guest == subject.guest.name and one.workload in regressed:
                    cause = _cause(folder, now.get(one.workload), missing.get(one.workload, "not measured"))
                    found[place] = replace(one, why=f"{one.why}; {cause}")
        return replace(report, findings=tuple(found))

    def _profiles(
        self, subject: Subject, keys: Sequence[RunKey]
    ) -> tuple[Mapping[str, profile.Profile], Mapping[str, str]]:
        name = subject.guest.name
        self._progress.note(f"{name}: where the instructions of {number_of(len(keys), 'workload')} go")
        try:
            found = measure(name, self._options, keys, self._progress, batches=_BATCHES, extra=self._extra)
        except FerruleError as error:
            return {}, {str(key): str(error) for key in keys}
        return {one.workload: one for one in found.profiles}, found.missing


def _is(finding: Finding, subject: Subject, workload: str) -> bool:
    return finding.guest == subject.guest.name and finding.workload == workload


def _complete(subject: Subject) -> Key:
    from ferrule.gate import conditions

    assert subject.result is not None
    assert subject.result.conditions is not None
    return conditions.complete(subject.known, subject.result.conditions)


def _cause(folder: Path, now: profile.Profile | None, why: str) -> str:
    """`by function: +12 context::switch::switch (1428 to 1440)`."""
    if now is None:
        return f"not explained: {why}"
    path = folder / f"{now.file_name}{profile.SUFFIX}"
    if not path.exists():
        return "not explained: the baseline has no profile; store some by --update-baseline --explain"
    changes = [one for one in diff.changes(profile.load(path), now) if abs(one.more) >= 1]
    more = f", and {len(changes) - LISTED} more functions" if len(changes) > LISTED else ""
    listed = ", ".join(map(str, changes[:LISTED]))
    return f"by function: {listed}{more}" if listed else "no function changed by an instruction or more"
