"""A long history: its files stay small, and a run reads only the lines that it needs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ferrule.errors import InfrastructureError
from ferrule.records.samples import GuestResult, Meaning
from ferrule.report import history, series
from ferrule.report.columns import Column, columns

from tests.support import synthetic as make

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALL = Meaning("call")


def result(cost: float, *names: str, **conditions: object) -> GuestResult:
    return make.guest([make.run(name, [cost] * 7, CALL) for name in names], **conditions)  # type: ignore[arg-type]


def store(folder: Path, days: int, one: GuestResult) -> None:
    history.append(folder, [one], seed=1, budget="quick", declared={}, moment=MOMENT + timedelta(days=days))


def found(folder: Path, one: GuestResult) -> list[float]:
    """The first value of each column that is read from the history."""
    return [entry.summary.estimate for column in history.references(folder, made(one))
            for entry in column.entries[:1] if entry.summary]  # fmt: skip


def made(one: GuestResult) -> Column:
    return columns([one], {})[0]


def test_of_a_long_history_only_the_lines_that_count_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(12):
        store(tmp_path, day, result(100.0 + day, "a_call", "b"))
    store(tmp_path, 12, result(7.0, "b", compiler="another"))
    read: list[int] = []
    whole = series.line_of

    def counted(path: Path, brief: series.Brief) -> dict[str, Any]:
        read.append(brief.offset)
        return whole(path, brief)

    monkeypatch.setattr(series, "line_of", counted)
    found_now = found(tmp_path, result(100.0, "a_call", "b"))
    assert found_now == pytest.approx([111.0, 7.0])
    assert len(read) == 2


def test_a_doubted_value_and_a_later_moment_are_no_reference(tmp_path: Path) -> None:
    store(tmp_path, 0, result(100.0, "a_call"))
    doubted = result(200.0, "a_call")
    doubted.doubts = dict.fromkeys(doubted.runs, "why")
    store(tmp_path, 1, doubted)
    store(tmp_path, 365 * 80, result(300.0, "a_call"))
    assert found(tmp_path, result(1.0, "a_call")) == pytest.approx([100.0])


def test_briefs_are_made_anew_where_the_file_is_another(tmp_path: Path) -> None:
    for day in range(3):
        store(tmp_path, day, result(100.0 + day, "a_call"))
    assert found(tmp_path, result(1.0, "a_call")) == pytest.approx([102.0])
    (path,) = tmp_path.glob("2026/*/local.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0])  # as git does when it checks out an earlier commit
    assert found(tmp_path, result(1.0, "a_call")) == pytest.approx([100.0])
    path.write_bytes(lines[1] + lines[0])
    assert len(series.briefs(path)) == 2
    assert found(tmp_path, result(1.0, "a_call")) == pytest.approx([100.0])
    series.place(path).write_text("[")
    assert len(series.briefs(path)) == 2


def test_a_damaged_line_is_named_by_its_place(tmp_path: Path) -> None:
    for day in range(2):
        store(tmp_path, day, result(100.0, "a_call"))
    (path,) = tmp_path.glob("2026/*/local.jsonl")
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second.replace(b'"boots":1', b'"boots":2'))
    with pytest.raises(InfrastructureError, match=r"local\.jsonl:2: damaged"):
        history.references(tmp_path, made(result(1.0, "a_call")))


def test_a_full_file_is_followed_by_another_and_both_are_one_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series, "LIMIT", 6_000)
    for day in range(12):
        store(tmp_path, day, result(100.0 + day, "a_call"))
    home = next(tmp_path.glob("2026/*"))
    names = [path.name for path in series.parts(home, "local")]
    assert names[:2] == ["local.jsonl", "local+2.jsonl"]
    assert all(path.stat().st_size <= 6_000 for path in home.glob("*.jsonl"))
    assert [one.ts for one in history.load(tmp_path)] == sorted(one.ts for one in history.load(tmp_path))
    assert len(history.load(tmp_path)) == 12
    assert found(tmp_path, result(1.0, "a_call")) == pytest.approx([111.0])
    assert series.parts(home, "loc") == []


def test_a_resumed_run_replaces_what_was_stored_of_it_when_it_was_interrupted(tmp_path: Path) -> None:
    half = result(100.0, "a_call")
    half.interrupted = True
    whole = result(100.0, "a_call", "b")
    for one in (half, whole, whole):
        history.append(
            tmp_path, [one], seed=1, budget="quick", declared={}, moment=MOMENT, run_id="20260301-120000-abcd"
        )
    (path,) = tmp_path.glob("2026/*/local.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["interrupted"] for line in lines] == [True, False], "and the third is the second again"
    (stored,) = history.load(tmp_path)
    assert len(stored.column.entries) == 2
    assert not stored.column.interrupted
    assert history.load_run(tmp_path, "20260301") == [stored]


def test_one_guest_that_cannot_be_stored_costs_the_others_nothing(tmp_path: Path) -> None:
    liar = result(100.0, "a_call")
    liar.guest, liar.seconds = "liar", float("nan")
    with pytest.raises(InfrastructureError, match="liar: its results cannot be stored"):
        history.append(tmp_path, [liar, result(100.0, "a_call")], seed=1, budget="quick", declared={})
    assert [one.column.guest for one in history.load(tmp_path)] == ["local"]
