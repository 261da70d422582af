"""Advice on a new run from stored ones: the fence, and that no exit code depends on it."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.errors import EXIT_OK, EXIT_REGRESSION, EXIT_USAGE
from ferrule.gate.paired.advice import fence, of_gate, of_runs
from ferrule.gate.paired.pairs import Journal, Pair
from ferrule.report import history
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.support.gate_pairs import HZ, PACE, PACE_N, head, taken

COSTS = {"null_call": 200.0}
BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
NS = 1.1 * 200.0 / HZ * 1e9  # half of the pairs' drift


def test_the_fence_is_tukeys_outer_one_of_the_changes() -> None:
    values = [100.0, 101.0, 100.0, 102.0, 100.0, 100.0, 99.0]
    changes = [1.0, 1 / 1.01, 2.0, 2 / 1.02, 0.0, 1.0]
    ordered = sorted(changes)
    q1, q3 = ordered[1], ordered[4]  # of six: at 1.25 and 3.75
    q1, q3 = q1 + 0.25 * (ordered[2] - q1), ordered[3] + 0.75 * (q3 - ordered[3])
    assert fence(values) == pytest.approx((q3 + 3 * (q3 - q1)) / 100)


@given(st.lists(st.floats(1, 1e6), max_size=5))
def test_a_short_history_has_no_fence(values: list[float]) -> None:
    assert fence(values) is None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten runs of a machine on which null_call costs about as much as in the made-up pairs."""
    draw = random.Random(1)
    for day in range(10):
        costs = [NS * (1 + draw.uniform(-0.01, 0.01))] * 7
        result = make.guest([make.run("null_call", costs, make.CALL)])
        history.append(
            tmp_path, [result], seed=1, budget="full", declared=make.DECLARED, moment=BEGAN + timedelta(days=day)
        )
    return tmp_path


def with_conditions(pairs: list[Pair]) -> list[Pair]:
    """The pairs with conditions in their first turns, as measured pairs have."""
    conditions = make.conditions("candidate")
    first = next(pair for pair in pairs if not pair.control)
    turns = {name: replace(turn, conditions=conditions) for name, turn in first.turns.items()}
    return [replace(pair, turns=turns) if pair is first else pair for pair in pairs]


@pytest.mark.parametrize(("factor", "words"), [(1.0, "0 outside"), (1.3, "null_call: +3"), (0.7, "null_call: -2")])
def test_what_is_outside_is_reported(folder: Path, factor: float, words: str) -> None:
    advice = of_gate(head(COSTS), with_conditions(taken(COSTS, {"null_call": factor})), history.load(folder))
    assert words in "\n".join(advice)
    assert "no verdict depends on this" in advice[-1]


def test_other_conditions_are_no_history(folder: Path) -> None:
    (advice,) = of_gate(head(COSTS), with_conditions(taken(COSTS)), [])
    assert "no stored run under these conditions" in advice
    other = [
        replace(one, column=replace(one.column, conditions=make.conditions(cpu_model="another")))
        for one in history.load(folder)
    ]
    assert of_gate(head(COSTS), with_conditions(taken(COSTS)), other) == (advice,)


@pytest.mark.parametrize(("factor", "code"), [(1.0, EXIT_OK), (1.3, EXIT_REGRESSION)])
def test_advice_changes_no_exit_code(
    folder: Path, factor: float, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "gate.jsonl"
    journal = Journal(file, head(COSTS))
    for pair in with_conditions(taken(COSTS, {"null_call": factor})):
        journal.add(pair)
    given = ["gate", "--tier", "time", "--from", str(file)]
    assert main(given) == code
    without = capsys.readouterr().out
    assert main([*given, "--history", "--results", str(folder)]) == code
    advised = capsys.readouterr().out
    assert "history: local: " in advised
    assert [line for line in advised.splitlines() if not line.startswith("history: ") and line] == [
        line for line in without.splitlines() if line
    ]


def stored(folder: Path, cycles: list[float]) -> None:
    """One run a day, on a core whose clock differs from day to day."""
    draw = random.Random(2)
    for day, one in enumerate(cycles):
        ghz = draw.uniform(2.5, 3.5)
        result = make.guest([make.run("null_call", [one / ghz] * 7, make.CALL, core_ghz=ghz)])
        moment = BEGAN + timedelta(days=day)
        history.append(folder, [result], seed=1, budget="full", declared=make.DECLARED, moment=moment)


@pytest.mark.parametrize(
    ("last", "words"), [(306.0, "null_call: +2.0"), (294.0, "null_call: -2.0"), (300.1, "0 outside of the fence")]
)
def test_cycles_see_what_times_cannot(tmp_path: Path, last: float, words: str) -> None:
    stored(tmp_path, [300.0, 300.2, 299.9, 300.1, 300.0, 299.8, 300.1, 300.0, last])
    runs = history.load(tmp_path)
    (*lines, _) = advice = of_runs(runs[-2:-1], runs[-1:], runs).advice
    assert words in advice[0]
    assert all("% of core cycles against the last of 8 runs" in line for line in lines)


def test_a_gate_s_candidate_is_compared_in_cycles_where_its_pace_is_known(tmp_path: Path) -> None:
    pairs = with_conditions(taken(COSTS, {"null_call": 1.3}))
    ghz = 3 * PACE_N / PACE * HZ / 1e9
    stored(tmp_path, [1.1 * 200.0 / HZ * 1e9 * ghz] * 8)
    (line, *_) = of_gate(head(COSTS), pairs, history.load(tmp_path))
    assert re.search(r"null_call: \+(?:29|3\d)\.\d\d % of core cycles against the last of 8 runs", line)


def test_two_stored_runs_are_compared_by_advice_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = [one.run_id for one in history.load(folder)]
    given = ["gate", "--tier", "time", "--base", ids[8], "--candidate", ids[9], "--results", str(folder)]
    assert main([*given, "--history"]) == EXIT_OK
    output = capsys.readouterr().out
    assert "history: local: 0 outside of the fence, 1 within" in output
    assert "nothing was gated" in output
    assert main(given) == EXIT_USAGE, "without --history a stored run is no arm"
    assert "two stored runs are compared with --history" in capsys.readouterr().err


def test_runs_of_the_future_and_doubled_lines_are_ignored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "gate.jsonl"
    journal = Journal(file, head(COSTS))
    for pair in with_conditions(taken(COSTS)):
        journal.add(pair)
    given = ["gate", "--tier", "time", "--from", str(file), "--history", "--results", str(folder)]
    main(given)
    before = capsys.readouterr().out
    for path in folder.glob("[0-9]*/*/local*.jsonl"):
        path.write_bytes(2 * path.read_bytes())
    dear = make.guest([make.run("null_call", [100 * NS] * 7, make.CALL)])
    history.append(
        folder, [dear], seed=1, budget="full", declared=make.DECLARED, moment=datetime(2131, 1, 1, tzinfo=UTC)
    )
    main(given)
    assert capsys.readouterr().out == before
