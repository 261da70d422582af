"""What a kernel has no number for: refused, not ported, does not exist there, or tried and faulty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferrule.records.errnos import errno_text
from ferrule.records.samples import WITHOUT
from ferrule.report.columns import Column
from ferrule.report.verdicts import WORKS, Verdict, verdicts, word_of

FAULTY = "faulty"
ANSWERS = (FAULTY, "unsupported", "absent", "not_ported")  # the one that says most about a kernel first
_WORDS = {FAULTY: "tried, and faulty", "unsupported": "refused"}


@dataclass(frozen=True)
class Gaps:
    """The workloads that do not work on a kernel, by answer."""

    kernel: str
    works: int
    asked: int  # controls are not counted
    answers: tuple[tuple[str, tuple[Verdict, ...]], ...]  # in the order of ANSWERS, without empty ones


def gaps(columns: Sequence[Column]) -> list[Gaps]:
    """One for each kernel."""
    made = []
    for column in columns:
        found = [one for one in verdicts(column) if not one.control]
        lacking = [one for one in found if one.verdict != WORKS]
        answers = [(answer, tuple(one for one in lacking if answer_of(one) == answer)) for answer in ANSWERS]
        works = len(found) - len(lacking)
        made.append(Gaps(column.guest, works, len(found), tuple(pair for pair in answers if pair[1])))
    return made


def answer_of(one: Verdict) -> str:
    """Which of the four answers a verdict is."""
    return one.verdict if one.verdict in WITHOUT else FAULTY


def words(answer: str) -> str:
    """The answer as tables write it."""
    return _WORDS.get(answer) or word_of(answer)


def named(one: Verdict) -> str:
    """`fd_passing`, `pipe_latency (hung)`, `futex_miss (EINVAL 22)`."""
    if answer_of(one) == FAULTY:
        return f"{one.workload} ({word_of(one.verdict)})"
    return one.workload if one.errno is None else f"{one.workload} ({errno_text(one.errno)})"
