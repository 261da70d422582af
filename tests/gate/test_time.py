"""The time gate's verdicts on made-up pairs, its file, and what it costs to decide."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, EXIT_REGRESSION, InfrastructureError, UsageError
from ferrule.gate.formats import table
from ferrule.gate.paired.decide import report
from ferrule.gate.paired.measure import BATCHES
from ferrule.gate.paired.pairs import SCHEMA, Journal, Pair, Run, Turn
from ferrule.gate.paired.stored import load
from ferrule.gate.verdict import Report, Verdict
from ferrule.records.samples import Meaning
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.gate_pairs import CONTROL, HZ, head, taken

COSTS = {"null_call": 200.0, "open_close": 1300.0, "pipe_latency[size=64]": 5000.0}


def verdicts(found: Report) -> dict[str, str]:
    return {one.workload: one.verdict.value for one in found.findings}


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_nothing_is_found_where_nothing_changed(seed: int) -> None:
    found = report(head(COSTS), taken(COSTS, seed=seed))
    assert set(verdicts(found).values()) == {"ok"}
    assert found.exit_code == EXIT_OK


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from(list(COSTS)), st.floats(1.02, 1.8))
def test_what_became_dearer_is_found_and_nothing_else(seed: int, key: str, factor: float) -> None:
    found = report(head(COSTS), taken(COSTS, {key: factor}, seed=seed))
    assert verdicts(found) == {name: "regressed" if name == key else "ok" for name in COSTS}
    assert found.exit_code == EXIT_REGRESSION
    (one,) = found.having(Verdict.REGRESSED)
    assert one.estimate is not None
    assert one.estimate.ratio == pytest.approx(factor, rel=0.01)
    assert one.old is not None
    assert one.old == pytest.approx(COSTS[key] * 1.1 / HZ * 1e9, rel=0.02), "half the drift, in ns"
    assert one.new == pytest.approx(factor * one.old, rel=0.02)


@pytest.mark.parametrize(("share", "wander"), [(1.0, 0.05), (0.3, 0.15)])
def test_a_wandering_clock_hides_nothing_and_invents_nothing(share: float, wander: float) -> None:
    """Costs scatter by five percent, more than twice the change to be found, because of the clock alone."""
    pairs = taken(COSTS, {"open_close": 1.02}, noise=0.002, wander=wander, share=share, seed=4)
    found = report(head(COSTS), pairs)
    assert verdicts(found) == {name: "regressed" if name == "open_close" else "ok" for name in COSTS}
    blind = report(head(COSTS), [_without_pace(pair) for pair in pairs])
    assert verdicts(blind)["open_close"] != "regressed"
    assert any("clock differed by" in line for line in found.conditions)
    assert any("times are not corrected for it" in line for line in blind.conditions)
    assert any(f"4 visits of {BATCHES} batches" in line for line in found.conditions)
    (one,), (other,) = ([x for x in of.findings if x.workload == "open_close"] for of in (found, blind))
    assert one.estimate is not None
    assert other.estimate is not None
    assert one.estimate.ratio == pytest.approx(1.02, abs=0.003)
    assert (one.estimate.high or 0) - (one.estimate.low or 0) < (
        (other.estimate.high or 9) - (other.estimate.low or 0)
    ) / 3


def _without_pace(pair: Pair) -> Pair:
    """The same pair from payloads that do not measure the pace."""

    def blind(run: Run) -> Run:
        return replace(run, visits=tuple(replace(one, pace=None) for one in run.visits))

    def of(turn: Turn) -> Turn:
        return replace(turn, runs={key: blind(run) for key, run in turn.runs.items()})

    return replace(pair, turns={name: of(turn) for name, turn in pair.turns.items()})


def test_what_became_cheaper_is_reported_and_fails_nothing() -> None:
    found = report(head(COSTS), taken(COSTS, {"open_close": 0.95}))
    assert verdicts(found)["open_close"] == "improved"
    assert found.exit_code == EXIT_OK


def test_what_is_inconclusive_fails_only_when_strict() -> None:
    pairs = taken(COSTS, noise=0.2, seed=2)
    assert set(verdicts(report(head(COSTS), pairs)).values()) == {"inconclusive"}
    assert report(head(COSTS), pairs).exit_code == EXIT_OK
    assert report(head(COSTS), pairs, strict=True).exit_code == EXIT_INFRASTRUCTURE


@pytest.mark.parametrize("control", [1.05, 0.95])
def test_verdicts_are_held_back_when_the_control_moves(control: float) -> None:
    found = report(head(COSTS), taken(COSTS, {"null_call": 1.05}, control=control))
    assert set(verdicts(found).values()) == {"inconclusive"}
    assert found.exit_code == EXIT_INFRASTRUCTURE
    assert f"the control moved: local: {next(iter(CONTROL))}" in found.failures[0]
    assert any("held back (regressed)" in one.why for one in found.findings)


def test_a_control_that_measured_nothing_holds_everything_back() -> None:
    lacks = {key: Run("unsupported", "errno 38", None, "", (), ()) for key in CONTROL}
    pairs = [
        replace(pair, turns={name: replace(turn, runs=lacks) for name, turn in pair.turns.items()})
        if pair.control
        else pair
        for pair in taken(COSTS)
    ]
    found = report(head(COSTS), pairs)
    assert "the control measured nothing" in found.failures[0]
    assert found.exit_code == EXIT_INFRASTRUCTURE


def _in_candidate(pairs: list[Pair], at: int, change: Callable[[Turn], Turn]) -> list[Pair]:
    """The same pairs, one of the candidate's turns changed."""
    own = [i for i, pair in enumerate(pairs) if not pair.control]
    pair = pairs[own[at]]
    changed = replace(pair, turns={**pair.turns, "candidate": change(pair.turns["candidate"])})
    return [changed if i == own[at] else one for i, one in enumerate(pairs)]


def _run(change: Callable[[Run], Run], key: str = "null_call") -> Callable[[Turn], Turn]:
    return lambda turn: replace(turn, runs={**turn.runs, key: change(turn.runs[key])})


def _batches(**changes: Any) -> Callable[[Turn], Turn]:
    return _run(lambda run: replace(run, visits=(replace(run.visits[0], **changes), *run.visits[1:])))


def _every(**changes: Any) -> Callable[[Turn], Turn]:
    return _run(lambda run: replace(run, visits=tuple(replace(one, **changes) for one in run.visits)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_batches(ticks=np.full(7, 200_000)), f"7 batches arrived of {BATCHES}"),
        (_batches(n=999), "batch size changed"),
        (_every(ticks=np.full(BATCHES, 1000)), "below zero"),
        (_run(lambda run: replace(run, meaning=Meaning("round_trip"))), "meaning changed"),
        (_run(lambda run: replace(run, place="free")), "placement changed"),
        (_run(lambda run: replace(run, params=(("size", 2),))), "parameters changed"),
        (_run(lambda run: replace(run, visits=run.visits[1:])), "3 visits arrived of 4"),
        (_run(lambda _: Run("crashed", "signal 11", None, "", (), ())), "crashed: signal 11"),
        (_run(lambda _: Run("unsupported", "errno 38", None, "", (), ())), "unsupported: errno 38"),
        (lambda turn: replace(turn, runs={k: v for k, v in turn.runs.items() if k != "null_call"}), "missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_believed(change: Callable[[Turn], Turn], words: str) -> None:
    found = report(head(COSTS), _in_candidate(taken(COSTS), 31, change))
    one = found.findings[0]
    assert (one.workload, one.verdict) == ("null_call", Verdict.IMPLAUSIBLE)
    assert words in one.why
    assert "pair 32" in one.why
    assert found.exit_code == EXIT_INFRASTRUCTURE
    assert {other.verdict for other in found.findings[1:]} == {Verdict.OK}, "the others are judged all the same"


@pytest.mark.parametrize(
    ("factor", "expected", "code"), [(0.5, "implausible", 3), (2, "regressed", 1), (30, "regressed", 1)]
)
def test_a_doubled_value_regressed_and_a_halved_one_is_not_believed(factor: float, expected: str, code: int) -> None:
    found = report(head(COSTS), taken(COSTS, {"null_call": factor}))
    assert (verdicts(found)["null_call"], found.exit_code) == (expected, code)
    assert ("it doubled, or worse: check" if factor > 1 else "halved, or less") in found.findings[0].why


def test_what_neither_arm_supports_is_left_out() -> None:
    pairs = taken(COSTS)
    lacks = Run("unsupported", "os_open: errno 38", None, "", (), ())
    pairs = [
        pair
        if pair.control
        else replace(pair, turns={name: _run(lambda _: lacks, "open_close")(turn) for name, turn in pair.turns.items()})
        for pair in pairs
    ]
    assert set(verdicts(report(head(COSTS), pairs))) == set(COSTS) - {"open_close"}


def test_a_dead_arm_is_a_harness_failure() -> None:
    dead = Turn("", "", 0.1, ("candidate: died (exit status 3)\n | tail",), (), {})
    found = report(head(COSTS), _in_candidate(taken(COSTS), 3, lambda _: dead))
    assert found.exit_code == EXIT_INFRASTRUCTURE
    assert found.failures == ("local: candidate: no sample in 1 of 60 pairs: candidate: died (exit status 3)",)
    assert report(head(COSTS), []).exit_code == EXIT_INFRASTRUCTURE


def test_two_counters_have_no_ratio() -> None:
    found = report(head(COSTS), _in_candidate(taken(COSTS), 3, lambda turn: replace(turn, counter="hpet")))
    assert "different counters" in found.failures[0]
    pairs = [
        replace(pair, turns={**pair.turns, "candidate": _faster(pair.turns["candidate"])}) for pair in taken(COSTS)
    ]
    assert "no ratio of ticks" in report(head(COSTS), pairs).failures[0]


def _faster(turn: Turn) -> Turn:
    return replace(turn, processes=tuple(replace(one, hz=one.hz * 1.1) for one in turn.processes))


def test_exchanging_the_arms_of_a_pair_changes_no_value() -> None:
    """One overhead is subtracted for the whole machine, so the test's randomisation stays valid."""
    pairs = taken(COSTS, pairs=12)
    swapped = [replace(p, turns={"base": p.turns["candidate"], "candidate": p.turns["base"]}) for p in pairs]
    one, other = report(head(COSTS, 12), pairs), report(head(COSTS, 12), swapped)
    for a, b in zip(one.findings, other.findings, strict=True):
        assert a.estimate is not None
        assert b.estimate is not None
        assert a.estimate.ratio == pytest.approx(1 / b.estimate.ratio)


def store(path: Path, pairs: list[Pair]) -> None:
    journal = Journal(path, head(COSTS))
    for pair in pairs:
        journal.add(pair)


def test_every_verdict_can_be_computed_again_from_the_file(tmp_path: Path) -> None:
    pairs = taken(COSTS, {"null_call": 1.03})
    store(tmp_path / "gate.jsonl", pairs)
    for _ in range(2):
        again = report(*load(tmp_path / "gate.jsonl"))
        assert again == report(head(COSTS), pairs)
        assert table.render(again) == table.render(report(head(COSTS), pairs))


def test_a_torn_file_keeps_its_whole_pairs(tmp_path: Path) -> None:
    path = tmp_path / "gate.jsonl"
    store(path, taken(COSTS, pairs=3))
    path.write_bytes(path.read_bytes()[:-100])
    assert len(load(path)[1]) == 5, "of three pairs and three of the control, the last one is torn"


def test_what_is_no_stored_gate_gives_one_line(tmp_path: Path) -> None:
    path = tmp_path / "gate.jsonl"
    for content in ("", "{}\n", '{"head": 1}\n', f'{{"head": {{"schema": {SCHEMA}}}}}\n'):
        path.write_text(content)
        with pytest.raises(UsageError, match="no stored gate"):
            load(path)
    path.write_text('{"head": {"schema": 1}}\n')
    with pytest.raises(InfrastructureError, match=f"schema 1, this Ferrule reads {SCHEMA}"):
        load(path)
    with pytest.raises(UsageError, match="no such file"):
        load(tmp_path / "none")
    path.unlink()
    store(path, taken(COSTS, pairs=1))
    path.write_text(path.read_text() + '{"pair": {"number": 1}}\n')
    with pytest.raises(InfrastructureError, match=r"gate.jsonl:4: .*missing"):
        load(path)


# The peak is VmHWM: ru_maxrss of a fresh program still holds that of the process it was forked from (getrusage(2)).
COST = r"""
import re, sys, time
from pathlib import Path
from typing import Any
from ferrule.gate.formats import table
from ferrule.gate.paired.decide import report
from ferrule.gate.paired.stored import load
began = time.process_time()
table.render(report(*load(Path(sys.argv[1]))))
print(time.process_time() - began, int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]) / 1024)
"""


@pytest.fixture(scope="module")
def cost(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, float]:
    """CPU seconds and megabytes that a gate of 200 workloads and 60 pairs takes to be decided."""
    few = {f"workload_{i}": 100.0 + i for i in range(10)}
    path = tmp_path_factory.mktemp("cost") / "gate.jsonl"
    journal = Journal(path, head({f"{key}[copy={i}]": cost for key, cost in few.items() for i in range(20)}))
    for pair in taken(few):
        turns = {
            name: replace(turn, runs={f"{key}[copy={i}]": run for key, run in turn.runs.items() for i in range(20)})
            for name, turn in pair.turns.items()
        }
        journal.add(pair if pair.control else replace(pair, turns=turns))
    done = subprocess.run([sys.executable, "-c", COST, str(path)], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def test_200_workloads_of_60_pairs_are_decided_in_300_mb(cost: tuple[float, float]) -> None:
    assert cost[1] < 300.0


@pytest.mark.clock
def test_200_workloads_of_60_pairs_are_decided_in_5_seconds(cost: tuple[float, float]) -> None:
    assert cost[0] < 5.0
