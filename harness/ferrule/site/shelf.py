"""What is stored, as pages need it: groups of lines that may be in one table, verdicts, and earlier runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferrule.decision.chosen import groups, why_not
from ferrule.report import over_floor, verified
from ferrule.report.columns import Column
from ferrule.report.history import Stored, slug
from ferrule.report.outlines import Outline, outlines
from ferrule.report.verdicts import Verdict, verdicts

REFERENCE = "linux"
DEEP = 200  # earlier runs of a guest that pages show


@dataclass(frozen=True)
class Group:
    """The newest lines of all guests that were measured under the same conditions."""

    slug: str
    title: str
    exact: bool  # counts instructions
    lines: tuple[Stored, ...]
    past: Mapping[str, Sequence[Outline]]  # by guest: the runs that compare with its line, oldest first

    @property
    def columns(self) -> list[Column]:
        """The columns of its lines."""
        return [one.column for one in self.lines]

    @property
    def guests(self) -> list[str]:
        """The guests of its lines."""
        return [one.column.guest for one in self.lines]

    @property
    def linux(self) -> Column | None:
        """The reference; None where it was not measured."""
        return next((one for one in self.columns if one.guest == REFERENCE), None)

    @property
    def floor(self) -> Column | None:
        """The bare processor; None where it was not measured."""
        return over_floor.floor_among(self.columns)

    def line(self, guest: str) -> Stored | None:
        """The line of a guest."""
        return next((one for one in self.lines if one.column.guest == guest), None)


@dataclass(frozen=True)
class Answer:
    """A workload's verdict on a guest, and the stored line that it comes from."""

    verdict: Verdict
    source: Stored


@dataclass(frozen=True)
class Shelf:
    """Everything that pages are made of."""

    groups: tuple[Group, ...]
    answers: Mapping[str, Mapping[str, Answer]]  # by guest, by workload
    before: Mapping[str, Mapping[str, Answer]]  # the same, of the build before
    verifications: tuple[Stored, ...]

    @property
    def guests(self) -> list[str]:
        """All guests, those of the largest group first."""
        return list(dict.fromkeys([*(name for group in self.groups for name in group.guests), *self.answers]))

    def lines(self) -> list[Stored]:
        """All lines that pages show, each once."""
        shown = [line for group in self.groups for line in group.lines] + list(self.verifications)
        shown += [one.source for all_ in (self.answers, self.before) for by in all_.values() for one in by.values()]
        return list({(line.run_id, line.column.guest, line.path): line for line in shown}.values())


def take(folder: Path) -> Shelf:
    """Read what is stored.

    Raises:
        InfrastructureError: a stored line is damaged; names file and line.
    """
    measured = [one for one in outlines(folder) if one.conditions is not None and not one.is_emulated]
    tried = outlines(folder, f"{verified.FOLDER}/*.jsonl")
    whole: dict[int, Stored] = {}

    def read(one: Outline) -> Stored:
        return whole.setdefault(id(one), whole.get(id(one)) or one.whole())

    newest = {_kind(one): one for one in measured}
    made = [_group(lines, measured, read) for lines in groups(newest.values())]
    made.sort(key=lambda group: -len(group.lines))
    answers, before = {}, {}
    for guest in sorted({one.guest for one in [*measured, *tried]}):
        runs = sorted((one for one in [*measured, *tried] if one.guest == guest), key=lambda one: (one.ts, one.run_id))
        kernels = list(dict.fromkeys(kernel_of(one) for one in reversed(runs)))
        now = [one for one in runs if kernel_of(one) == kernels[0]]
        then = [one for one in runs if kernel_of(one) in kernels[1:2]]
        answers[guest] = _answers([read(one) for one in _few(now)])
        before[guest] = _answers([read(one) for one in _few(then)])
    return Shelf(_named(made), answers, before, tuple(read(one) for one in {one.guest: one for one in tried}.values()))


def kernel_of(one: Outline) -> str:
    """What distinguishes two builds of a guest's kernel: its version and the start of its file's SHA-256."""
    if one.conditions is None:
        return ""
    file = one.conditions.facts.get("kernel.sha256", "")
    return f"{one.conditions.kernel} {file[:12]}".strip()


def _kind(one: Outline) -> tuple[object, ...]:
    """The kind of a line: of each kind only the newest line is in tables."""
    conditions = one.conditions
    assert conditions is not None
    return one.guest, conditions.accel, conditions.arch, one.machine if conditions.is_time else ""


def _few(lines: Sequence[Outline]) -> list[Outline]:
    """The newest verification and the newest measurement, the newer one first."""
    by_kind = {one.path.parent.name == verified.FOLDER: one for one in lines}
    return sorted(by_kind.values(), key=lambda one: (one.ts, one.run_id), reverse=True)


def _answers(lines: Sequence[Stored]) -> dict[str, Answer]:
    """The answer to each workload, from the first line that tried it."""
    found: dict[str, Answer] = {}
    for line in lines:
        for one in verdicts(line.column):
            found.setdefault(one.workload, Answer(one, line))
    return found


def _group(lines: Sequence[Outline], measured: Sequence[Outline], read: object) -> Group:
    assert callable(read)
    past = {
        one.guest: tuple(old for old in measured if old.guest == one.guest and why_not(old, one) is None)[-DEEP:]
        for one in lines
    }
    conditions = lines[0].conditions
    assert conditions is not None
    exact = conditions.unit == "instructions"
    title = (
        f"Instructions on {conditions.arch}, counted under QEMU icount"
        if exact
        else f"Time on {lines[0].machine} ({conditions.accel})"
    )
    return Group("", title, exact, tuple(read(one) for one in lines), past)


def _named(made: Sequence[Group]) -> tuple[Group, ...]:
    """The groups, each with its own title and slug."""
    found: list[Group] = []
    for group in made:
        twins = sum(one.title.partition(", conditions ")[0] == group.title for one in found)
        title = f"{group.title}, conditions {twins + 1}" if twins else group.title
        found.append(Group(slug(title), title, group.exact, group.lines, group.past))
    return tuple(found)
