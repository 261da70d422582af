"""Whether a stored gate could have been measured: a damaged file must not give a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ferrule.gate.paired.arms import NAMES
from ferrule.gate.paired.pairs import Batches, Head, Pair, Process, Run, Turn
from ferrule.report.codec import Malformed, shown

MOST: Final = 1 << 20  # pairs, visits, batches, processes: more than any gate has
_MANY: Final = ("pairs", "batches", "processes", "control_visits")


def check_head(head: Head) -> None:
    """Refuse a plan that no gate makes.

    Raises:
        Malformed: names the key.
    """
    for name in _MANY:
        _need(1 <= getattr(head, name) <= MOST, f"{getattr(head, name)} is impossible", f".{name}")
    for name in ("margin", "bound", "alpha"):
        _need(0 <= getattr(head, name) < 1, f"{getattr(head, name)} is impossible", f".{name}")
    looks = head.looks
    _need(looks and [until for until, _ in looks] == sorted({until for until, _ in looks}), "are not sorted", ".looks")
    _need(looks[0][0] >= 1 and looks[-1][0] == head.pairs, f"do not end with {head.pairs} pairs", ".looks")
    shares = [share for _, share in looks]
    _need(min(shares) > 0 and sum(shares) < 1.0 + 1e-9, "have shares below 0, or over 1 in all", ".looks")
    for name in ("workloads", "controls"):
        named = getattr(head, name)
        _need(named and len(set(named)) == len(named), "are missing, or one stands twice", f".{name}")
    for name in ("sizes", "visits"):
        for key, value in getattr(head, name).items():
            _need(1 <= value < 1 << 63, f"{value} is impossible", f".{name}.{key}")


def check_pairs(head: Head, pairs: Sequence[Pair]) -> None:
    """Refuse pairs that are doubled, missing or in another order than they were taken in.

    Raises:
        Malformed: says which.
    """
    own, control = ([pair.number for pair in pairs if pair.control is which] for which in (False, True))
    for what, numbers in (("pair", own), ("control pair", control)):
        for expected, number in enumerate(numbers):
            if number != expected:
                why = "stands twice" if number in numbers[:expected] else "is out of order"
                missing = f", {what} {expected + 1} is missing" if expected not in numbers else ""
                raise Malformed(f"{what} {shown(number + 1)} {why}{missing}")
    _need(len(own) <= head.pairs, f"{len(own)} pairs, {head.pairs} were planned")
    _need(abs(len(own) - len(control)) <= 1, f"{len(own)} pairs and {len(control)} of the control")


def check_pair(pair: Pair) -> None:
    """Refuse a pair whose parts do not fit each other.

    Raises:
        Malformed: names the part.
    """
    _need(0 <= pair.number < MOST, f"{pair.number} is impossible", ".number")
    for name, turn in pair.turns.items():
        _need(name in NAMES, f"{shown(name)} is no arm", ".turns")
        for path, problem in _of_turn(turn):
            raise Malformed(problem, f".turns.{name}{path}")


def _of_turn(turn: Turn) -> Iterator[tuple[str, str]]:
    numbers = [one.number for one in turn.processes]
    if numbers != list(range(len(numbers))):
        yield ".processes", "are not numbered from 0"
    for at, process in enumerate(turn.processes):
        if problem := _of_process(process):
            yield f".processes[{at}]", problem
    for key, run in turn.runs.items():
        for at, batches in enumerate(run.visits):
            if problem := _of_batches(batches, len(numbers)):
                yield f".runs.{key}.visits[{at}]", problem
        if problem := _of_run(run):
            yield f".runs.{key}", problem


def _of_run(run: Run) -> str:
    if run.status == "ok" and not run.visits:
        return "is ok and has no visits"
    if len({one.ticks.size for one in run.visits}) > 1:
        return "has visits of different lengths"
    return ""


def _of_process(process: Process) -> str:
    reference = process.reference
    if not 1 <= process.hz <= 1e12 or not 0 <= process.resolution < 1 << 40:
        return f"its counter ticks at {process.hz} Hz in steps of {process.resolution}"
    if any(ticks.ndim != 1 or (ticks < 0).any() for ticks in (reference.pair, *(ticks for _, ticks in reference.loop))):
        return "its reference holds no ticks"
    lengths = [n for n, _ in reference.loop]
    if len(set(lengths)) < len(lengths):
        return "its reference has two loops of one length"
    return "its reference has a loop of no turns" if any(n < 1 for n in lengths) else ""


def _of_batches(one: Batches, processes: int) -> str:
    if not 0 <= one.process < processes:
        return f"is of process {one.process}, there are {processes}"
    if one.n < 1 or one.ticks.ndim != 1 or not one.ticks.size or (one.ticks < 0).any():
        return "holds no batches"
    pace = one.pace
    if pace is not None and (pace.n < 1 or pace.ticks.shape != (one.ticks.size + 1,) or (pace.ticks <= 0).any()):
        return "its pace does not fit its batches"
    return ""


def _need(condition: object, problem: str, path: str = "") -> None:
    if not condition:
        raise Malformed(problem, path)
