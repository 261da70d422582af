"""The cache of values computed from a run: a value is computed again when the run or its conditions change."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from ferrule.records.samples import Conditions, RunResult
from ferrule.stats.once import once
from ferrule.stats.summary import summarise

from tests.support import synthetic as make

Change = Callable[[RunResult], object]


def test_it_is_made_once_for_a_run_and_its_conditions() -> None:
    made: list[str] = []
    named = counting(made)
    run, other, here, there = counted(), counted(), make.conditions("here"), make.conditions("there")
    assert [named(run, here), named(run, here), named(other, here), named(run, there)] == [1, 1, 2, 3]
    assert made == ["null_call here", "null_call here", "null_call there"]


@pytest.mark.parametrize(
    "change",
    [
        lambda run: run.processes.append(counted().processes[0]),
        lambda run: run.processes.pop(),
        lambda run: run.processes.__setitem__(0, counted().processes[0]),
        lambda run: setattr(run, "status", "lost"),
        lambda run: setattr(run, "meaning", make.TRIP),
    ],
)
def test_a_run_that_changed_is_another(change: Change) -> None:
    named = counting([])
    run, here = counted(), make.conditions()
    assert named(run, here) == 1
    change(run)
    assert named(run, here) == 2


def test_nothing_is_kept_of_a_run_that_is_gone() -> None:
    held: list[object] = []

    class Made:
        pass

    def note(_run: RunResult, _conditions: Conditions) -> Made:
        return Made()

    named = once(note)
    here = make.conditions()
    for _ in range(50):
        named(counted(), here)
    gc.collect()
    held += [one for one in gc.get_objects() if isinstance(one, Made)]
    assert not held


def test_a_summary_follows_its_run() -> None:
    run, here = counted(), make.conditions()
    before = summarise(run, here)
    assert summarise(run, here) is before
    run.processes.append(make.run("null_call", [44.0], make.CALL).processes[0])
    assert summarise(run, here).n_processes == before.n_processes + 1


def counting(made: list[str]) -> Callable[[RunResult, Conditions], int]:
    def note(run: RunResult, conditions: Conditions) -> int:
        made.append(f"{run.key} {conditions.guest}")
        return len(made)

    return once(note)


def counted() -> RunResult:
    return make.run("null_call", [40.0, 41.0], make.CALL)
