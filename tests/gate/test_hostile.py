"""Stored gate files may be damaged: a baseline or pair is read as it was stored, or refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from ferrule.cli import main
from ferrule.errors import FerruleError
from ferrule.gate import baseline as baselines
from ferrule.gate.formats import table
from ferrule.gate.paired import decide
from ferrule.gate.paired.stored import load
from ferrule.report.codec import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support import hostile
from tests.support.gate_findings import baseline, exact, path
from tests.support.gate_pairs import head, taken

STORED = {
    key: value
    for key, value in json.loads(baselines.render(baseline(a=exact(323), b=path(9, 11)))).items()
    if key != "sum"
}
COSTS = {"null_call": 150.0, "pipe": 900.0}
LINES: list[Any] = [{"head": encode(head(COSTS, 6))}, *({"pair": encode(pair)} for pair in taken(COSTS, pairs=6))]
MANY = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])


@MANY
@given(hostile.texts(STORED))
def test_a_baseline_is_read_or_refused(text: str) -> None:
    found = hostile.outcome(lambda: baselines.parse(text, "x.json"))
    if isinstance(found, baselines.Baseline):
        assert baselines.parse(baselines.render(found), "x.json") == found


def decided(lines: list[str]) -> object:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gate.jsonl"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
        return hostile.outcome(lambda: table.render(decide.report(*load(file))))


@MANY
@given(st.integers(0, len(LINES) - 1).flatmap(lambda at: st.tuples(st.just(at), hostile.texts(LINES[at]))))
def test_stored_pairs_are_decided_or_refused(drawn: tuple[int, str]) -> None:
    lines = [json.dumps(line) for line in LINES]
    lines[drawn[0]] = drawn[1]
    assert isinstance(decided(lines), (str, FerruleError))


def changed(change: Callable[[list[Any]], object]) -> object:
    """The report or error from a gate's file after one change to its lines."""
    lines = json.loads(json.dumps(LINES))
    change(lines)
    return decided([json.dumps(line) for line in lines])


def loops(lines: list[Any]) -> list[Any]:
    """The empty loops of a process of the third line's pair."""
    found: list[Any] = lines[3]["pair"]["turns"]["base"]["processes"][0]["reference"]["loop"]
    return found


def put(number: object) -> Callable[[list[Any]], object]:
    return lambda lines: lines[3]["pair"].update(number=number)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.insert(3, lines[3]), "pair 2 stands twice"),
        (lambda lines: lines.append(lines[1]), "pair 1 stands twice"),
        (lambda lines: lines.pop(3), "pair 2 is missing"),
        (lambda lines: lines.pop(1), "pair 1 is missing"),
        (lambda lines: lines.insert(0, lines.pop(3)), "is no stored gate"),
        (lambda lines: lines.insert(1, lines.pop(3)), "pair 2 is out of order"),
        (lambda lines: (lines.pop(), lines.pop(-2)), "6 pairs and 4 of the control"),
        (lambda lines: loops(lines).append(loops(lines)[0]), "its reference has two loops of one length"),
        (lambda lines: loops(lines)[0].__setitem__(0, 0), "its reference has a loop of no turns"),
        (put(1.5), "number: float where int belongs"),
        (put(True), "number: bool where int belongs"),
        (put(-1), "number: -1 is impossible"),
        (put(10**400), "number: is a number over 64 bits"),
    ],
)
def test_doubled_missing_and_fractional_pairs_are_refused(change: Callable[[list[Any]], object], words: str) -> None:
    found = changed(change)
    assert isinstance(found, FerruleError)
    assert words in str(found)


def test_a_gate_without_its_last_pair_passes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for factor, code in ((1.0, 3), (1.2, 1)):
        file = tmp_path / f"{factor}.jsonl"
        lines = [{"head": encode(head(COSTS))}, *({"pair": encode(one)} for one in taken(COSTS, {"pipe": factor}))]
        file.write_text("".join(json.dumps(line) + "\n" for line in lines[:-2]))
        assert main(["gate", "--tier", "time", "--from", str(file)]) == code
        assert "its last pairs are gone" in capsys.readouterr().out
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["gate", "--tier", "time", "--from", str(file)]) == 1
    assert "its last pairs are gone" not in capsys.readouterr().out
