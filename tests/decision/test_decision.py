"""The decision view over stored runs: which lines are chosen, who leads, what is missing, and the output formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ferrule.cli import main
from ferrule.decision import page, plain, text
from ferrule.decision.chosen import choose
from ferrule.decision.view import Decision, decide
from ferrule.errors import EXIT_OK, EXIT_USAGE, UsageError
from ferrule.payload.key import RunKey
from ferrule.records.samples import RunResult
from ferrule.report import history

from tests.support import synthetic as make
from tests.support.synthetic import CALL, TRIP, Row

COUNTED: dict[str, Any] = {"accel": "icount", "unit": "instructions", "cpus": ()}
DECLARED = make.DECLARED | {"futex_pingpong": Row("ipc"), "open_close": Row("fs")}


def store(folder: Path, name: str, costs: Mapping[str, Any], day: int = 1, **conditions: Any) -> None:
    """A guest's line: a number is a cost, a word is how the run ended."""
    trips = ("pipe_latency", "futex_pingpong")
    runs = [
        make.run(workload, [cost] * 6, TRIP if workload in trips else CALL)
        if isinstance(cost, float | int)
        else RunResult(RunKey(workload), cost, "os_call: errno 38")
        for workload, cost in costs.items()
    ]
    result = make.guest(runs, name, **(COUNTED | {"os": name} | conditions))
    moment = datetime(2026, 3, day, tzinfo=UTC)
    history.append(folder, [result], seed=1, budget="quick", declared=DECLARED, moment=moment)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    store(
        tmp_path, "redox", {"null_call": 200, "pipe_latency": 100, "futex_pingpong": 100, "open_close": "unsupported"}
    )
    store(tmp_path, "linux", {"null_call": 100, "pipe_latency": 300, "futex_pingpong": 300, "open_close": 50})
    store(tmp_path, "aero", {"null_call": 400, "pipe_latency": "hung", "futex_pingpong": 200, "open_close": 100})
    return tmp_path


def view(folder: Path, *kernels: str, weight: str | None = None) -> Decision:
    return decide(choose(folder, kernels), weight)


def test_each_family_has_a_leader_and_the_others_their_distance(stored: Path) -> None:
    found = {one.name: one for one in view(stored, "redox", "linux", "aero").families}
    assert [one.kernel for one in found["ipc"].standings] == ["redox", "aero", "linux"]
    assert [one.cost.ratio for one in found["ipc"].standings] == pytest.approx([1.0, 2.0, 3.0])
    assert [one.rows for one in found["ipc"].standings] == [2, 1, 2]
    assert [one.kernel for one in found["syscall"].standings] == ["linux", "redox", "aero"]
    assert found["fs"].apart == ("redox",)


def test_a_family_that_a_kernel_lacks_weighs_nothing_until_the_reader_says_so(stored: Path) -> None:
    ranking = view(stored, "redox", "linux", "aero").ranking
    assert ranking is not None
    assert dict(ranking.weights) == {"fs": 0.0, "ipc": 1.0, "syscall": 1.0}
    assert ranking.unranked == ()
    ranking = view(stored, "redox", "linux", "aero", weight="fs=1").ranking
    assert ranking is not None
    assert ranking.unranked == (("redox", ("fs",)),)
    assert [one.kernel for one in ranking.standings] == ["linux", "aero"]


def test_a_weight_turns_the_order_where_the_view_says_that_it_does(stored: Path) -> None:
    ranking = view(stored, "redox", "linux").ranking
    assert ranking is not None
    assert [one.kernel for one in ranking.standings] == ["redox", "linux"]
    (bound,) = [one.above for one in ranking.rooms if one.family == "syscall" and one.above]
    assert (bound.first, bound.second) == ("redox", "linux")
    for factor, first in ((0.99, "redox"), (1.01, "linux")):
        moved = view(stored, "redox", "linux", weight=f"syscall={bound.weight * factor}").ranking
        assert moved is not None
        assert moved.standings[0].kernel == first


def test_the_newest_lines_that_may_be_compared_speak(stored: Path) -> None:
    store(stored, "redox", {"null_call": 150, "pipe_latency": 90}, day=2)
    store(stored, "linux", {"null_call": 90}, day=3, compiler="gcc 13")
    chosen = choose(stored, ["redox", "linux", "aero"])
    assert [one.ts[:10] for one in chosen.lines] == ["2026-03-02", "2026-03-01", "2026-03-01"]
    store(stored, "floor", {"null_call": 5}, accel="tcg", unit="ns")
    store(stored, "local", {"null_call": 5}, accel="metal", unit="ns")
    chosen = choose(stored, ["floor", "redox", "local", "linux"])
    assert [one.column.guest for one in chosen.lines] == ["redox", "linux"]
    reasons = dict(chosen.without)
    assert "emulated time" in reasons["floor"]
    assert "unit differs" in reasons["local"]
    with pytest.raises(UsageError, match="no two of them were measured under the same conditions"):
        choose(stored, ["local", "linux"])


def test_times_of_two_machines_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    timed: dict[str, Any] = {"accel": "metal", "unit": "ns", "cpus": (0, 1)}
    store(tmp_path, "redox", {"null_call": 150}, **timed)
    monkeypatch.setattr(history, "machine_name", lambda: "another-4cpu")
    store(tmp_path, "linux", {"null_call": 150}, **timed)
    with pytest.raises(UsageError, match="machine differs"):
        choose(tmp_path, ["redox", "linux"])


def test_the_four_answers_stand_apart(stored: Path) -> None:
    answers = {"null_call": 7, "pipe_latency": "wrong", "open_close": "not_ported", "page_fault": "absent"}
    store(stored, "hermit", answers | {"futex_pingpong": "unsupported"})
    (found,) = [one for one in view(stored, "linux", "hermit").gaps if one.kernel == "hermit"]
    assert [(answer, held[0].workload) for answer, held in found.answers] == [
        ("faulty", "pipe_latency"),
        ("unsupported", "futex_pingpong"),
        ("absent", "page_fault"),
        ("not_ported", "open_close"),
    ]
    assert (found.works, found.asked) == (1, 5)


def test_text_fits_a_terminal_and_all_forms_tell_the_same(stored: Path) -> None:
    found = view(stored, "redox", "aero", "linux", weight="syscall=2")
    rendered = text.render(found)
    assert max(map(len, rendered.splitlines())) <= text.WIDTH
    document = plain.as_json(found)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    pages = page.markdown(found)
    for one in document["families"]["ipc"]["standings"][1:]:
        figure = f"{one['cost']['ratio']:.3f} (exact)"
        assert figure in rendered
        assert figure in pages
    assert "redox: pipe_latency" not in rendered, "it is the cheapest there"
    assert "pipe_latency (hung)" in " ".join(rendered.split())
    assert "open_close (ENOSYS 38)" in " ".join(rendered.split())


def test_the_command_tells_kernels_from_runs(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = f"--results={stored}"
    assert main(["compare", "redox", "linux", where, "--json", "--weight=syscall=9"]) == EXIT_OK
    assert json.loads(capsys.readouterr().out)["ranking"]["standings"][0]["kernel"] == "linux"
    run = history.latest(stored)[-1]
    assert main(["compare", run, run, where, "--markdown"]) == EXIT_OK
    assert "| null\\_call" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["redox"], "redox: name another kernel to compare with (aero, linux, redox)"),
        (["redox", "linux", "minix"], "minix: no kernel stored in"),
        (["minix", "plan9", "hurd"], "name two runs, or two or more stored kernels (aero, linux, redox)"),
        (["last", "last", "--weight=ipc=1"], "--weight: applies to kernels only"),
        (["redox", "linux", "--guest=redox"], "--guest: chooses among the guests of two runs"),
        (["redox", "linux", "--weight=fs=1"], "no such family; there are ipc, syscall"),
        (["redox", "linux", "--weight=ipc=0,syscall=0"], "no family has a weight"),
    ],
)
def test_words_that_mean_nothing_are_refused(
    words: list[str], why: str, stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *words, f"--results={stored}"]) == EXIT_USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
