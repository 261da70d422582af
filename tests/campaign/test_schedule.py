"""Schedules of a campaign: fixed rounds, and rounds until the intervals are narrow."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from ferrule.campaign.schedule import PILOT_BOOTS, Fixed, Precision, Spent, Turn, UntilNarrow
from ferrule.guests.local import LocalGuest
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey
from ferrule.records.samples import Aim, GuestResult, Meaning, RunResult
from ferrule.report.columns import columns
from ferrule.report.endings import stopped
from ferrule.stats.allocation import MOST

from tests.support import synthetic as make

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")

CALL = Meaning("call")
STEADY, NOISY, EMPTY = RunKey("null_call"), RunKey("page_fault"), RunKey("empty_loop")
KEYS = {"local": (STEADY, NOISY, EMPTY)}


class Booted(LocalGuest):
    """A guest that boots for every execution."""

    fresh_boots = True


def guest(booted: bool = False) -> LocalGuest:
    return (Booted if booted else LocalGuest)("x86_64", GuestOptions())


def until(
    target: float = 0.01,
    seconds: float = 60.0,
    boots: int | None = None,
    processes: int | None = None,
    aim: Aim = "time",
) -> UntilNarrow:
    wanted = Precision(target, seconds, boots, processes, aim)
    return UntilNarrow(KEYS, frozenset({"empty_loop"}), wanted, pilot=7)


def measure(
    schedule: UntilNarrow | Fixed, one: LocalGuest, boot_sd: float = 0.0, most: int = 60
) -> Iterator[tuple[Turn, GuestResult]]:
    """Rounds as a campaign runs them, on a guest of known costs and scatter: one run scatters little, one much."""
    draw = np.random.default_rng(5)
    result = GuestResult("local", make.conditions(), {})
    for number in range(most):
        turns = schedule.turns(number, [one], {"local": result})
        if not turns:
            schedule.close([one], {"local": result})
            yield Turn((), 0), result
            return
        turn = turns["local"]
        for key in turn.keys:
            run = result.runs.setdefault(key, RunResult(key, "ok", meaning=CALL))
            cost = {STEADY: 100.0, NOISY: 500.0, EMPTY: 0.0}[key] * np.exp(draw.normal(0, boot_sd))
            for _ in range(turn.processes):
                value = cost * np.exp(draw.normal(0, 0.03 if key == NOISY else 0.001))
                n = turn.sizes.get(key, int(draw.integers(900, 1100)))
                samples = make.process([value] * 15, boot=number * one.fresh_boots, number=len(run.processes), n=n)
                run.processes.append(samples)
        turn.spent.add(2.0 + turn.processes * 0.5, (1.0, 1.0 + turn.processes * 0.5), turn.processes * len(turn.keys))
        yield turn, result
    raise AssertionError("it never ended")


def test_fixed_rounds_are_what_was_asked_for() -> None:
    fixed = Fixed(KEYS, 3, 5, {"local": {STEADY: 64}})
    turns = [turn for turn, _ in measure(fixed, guest())]
    assert [turn.processes for turn in turns] == [5, 5, 5, 0]
    assert all(turn.sizes == {STEADY: 64} and turn.rounds == 3 for turn in turns[:-1])


def test_a_narrow_run_drops_out_and_the_others_go_on_with_frozen_batches() -> None:
    *turns, (_, result) = measure(until(), guest())
    kept = [turn.keys for turn, _ in turns]
    assert kept[:2] == [KEYS["local"]] * 2  # ten replicates before anything is narrow
    assert kept[2] == (NOISY, EMPTY)
    assert STEADY not in set().union(*kept[2:])
    for key in (STEADY, NOISY):
        later = {samples.n for samples in result.runs[key].processes[7:]}
        assert len(later) == 1
        assert later <= {samples.n for samples in result.runs[key].processes[:7]}
    assert {key: run.ended for key, run in result.runs.items() if key != EMPTY} == {STEADY: "width", NOISY: "width"}
    assert len(result.runs[NOISY].processes) > len(result.runs[STEADY].processes)


def test_the_budget_ends_what_is_not_narrow_and_says_so() -> None:
    schedule = until(target=0.001)
    rounds = measure(schedule, guest())
    for _ in range(4):
        next(rounds)
    schedule.started -= 60.0
    *_, (_, result) = rounds
    assert result.runs[NOISY].ended == "budget"
    assert len(result.runs[NOISY].processes) == 28
    lines = stopped(columns([result], make.DECLARED))
    assert lines[0].startswith("local: to a half-width of 0.1 % within 1 min; 7 processes a boot (in one boot")
    (line,) = [line for line in lines if line.startswith("local: the budget was spent first: page_fault ")]
    assert re.fullmatch(r".* [0-9]\.[0-9]{1,2} %", line)


def test_a_round_that_would_outlast_the_budget_is_not_begun() -> None:
    *turns, _ = measure(until(target=0.0001, seconds=5.0), guest())  # a round takes 2 + 7 x 0.5 seconds
    assert len(turns) == 1


def test_a_limit_of_boots_is_a_budget_too() -> None:
    *turns, (_, result) = measure(until(target=0.0001, boots=4, processes=3), guest(booted=True))
    assert [turn.processes for turn, _ in turns] == [3] * 4
    assert result.runs[NOISY].ended == "budget"
    assert result.sampling is not None
    assert result.sampling.why == "as asked for"


@pytest.mark.parametrize(("boot_sd", "least", "most"), [(0.0, 8, MOST), (0.05, 1, 4)])
def test_the_pilot_decides_how_many_processes_a_boot_holds(boot_sd: float, least: int, most: int) -> None:
    *turns, (_, result) = measure(until(target=0.02, boots=30), guest(booted=True), boot_sd)
    assert [turn.processes for turn, _ in turns[:PILOT_BOOTS]] == [7] * PILOT_BOOTS
    (after,) = {turn.processes for turn, _ in turns[PILOT_BOOTS:]}
    assert least <= after <= most
    assert result.sampling is not None
    assert result.sampling.processes == after
    assert result.sampling.why.startswith("pilot of 3 boots of 7: 2 s a boot, 0.5 s a process, sqrt(cost x variance")
    assert len({samples.boot for samples in result.runs[STEADY].processes}) >= 10


def test_the_dearer_guest_stops_first_and_is_not_called_silent() -> None:
    near, far = guest(), guest()
    far.name = "far"
    keys = {"local": (NOISY,), "far": (NOISY,)}
    schedule = UntilNarrow(keys, frozenset(), Precision(0.0001, 100.0), pilot=7)
    results = {name: GuestResult(name, make.conditions(name), {}) for name in keys}
    draw = np.random.default_rng(9)
    asked: list[set[str]] = []
    for number in range(6):
        turns = schedule.turns(number, [near, far], results)
        asked.append(set(turns))
        for name, turn in turns.items():
            run = results[name].runs.setdefault(NOISY, RunResult(NOISY, "ok", meaning=CALL))
            run.processes += [make.process(100.0 + draw.normal(0, 5, 15)) for _ in range(turn.processes)]
            turn.spent.add({"local": 1.0, "far": 70.0}[name], None, turn.processes)
        if number == 1:
            schedule.started -= 80.0
    assert asked == [{"local", "far"}, {"local", "far"}, {"local"}, {"local"}, {"local"}, {"local"}]
    schedule.close([near, far], results)
    assert results["far"].runs[NOISY].ended == "budget"


def test_a_guest_that_gives_nothing_more_is_not_asked_for_ever() -> None:
    schedule, one = until(target=0.001), guest()
    rounds = measure(schedule, one)
    _, result = next(rounds)
    assert schedule.turns(1, [one], {"local": result})
    assert not schedule.turns(2, [one], {"local": result})
    schedule.close([one], {"local": result})
    assert result.runs[NOISY].ended == "guest"


def test_seconds_are_counted_by_what_the_guest_was_doing() -> None:
    spent = Spent()
    spent.add(10.0, (2.0, 8.0), 12)
    spent.add(6.0, None, 0)
    assert spent.boot == pytest.approx(5.0)
    assert spent.process(4) == pytest.approx(2.0)
