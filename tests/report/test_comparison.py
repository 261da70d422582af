"""Two runs side by side: what is compared, in which units, and why the rest is not; and which runs a word means."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ferrule.cli import main
from ferrule.errors import FerruleError, UsageError
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, Meaning, RunResult
from ferrule.report import comparison, history
from ferrule.report.columns import columns
from ferrule.report.comparison import Comparison, Side, as_json, compare_runs, render
from ferrule.report.selected import select

from tests.support import synthetic as make

SPREAD = [1.0 + i / 1000 for i in range(7)]
MOVED = Meaning("one_way", bytes=65536, ends=2)


def call(cost: float, **more: Any) -> RunResult:
    return make.run("null_call", [cost * one for one in SPREAD], make.CALL, **more)


def bandwidth(cost: float) -> RunResult:
    return make.run("pipe_bandwidth", [cost * one for one in SPREAD], MOVED, params=(("size", 65536),))


def missing(workload: str, status: str) -> RunResult:
    return RunResult(RunKey(workload), status, "os_call: errno 38")  # type: ignore[arg-type]


def side(name: str, *results: GuestResult) -> Side:
    return Side(name, columns(results, make.DECLARED))


def compared(base: GuestResult, candidate: GuestResult) -> Comparison:
    return compare_runs(side("then", base), side("now", candidate))


def test_what_an_operation_costs_is_compared_with_an_interval() -> None:
    found = compared(make.guest([call(100)]), make.guest([call(110)]))
    assert re.search(
        r"^null_call +call +100\.\d+ ns .* +110\.\d+ ns .* +1\.1000 \[1\.0964, 1\.1036\] +differs", render(found), re.M
    )
    row = as_json(found)["guests"]["local"]["null_call"]
    assert row["ratio"]["ratio"] == pytest.approx(1.1)
    assert row["ratio"]["differs"] is True
    assert row["base"]["estimate"] == pytest.approx(100.3, rel=1e-3)


def test_ends_that_lay_on_other_cpus_have_no_ratio_and_all_else_has() -> None:
    two = Meaning("round_trip", bytes=2, switches=2, ends=2)
    runs = [make.run("pipe_latency", [3000 * one for one in SPREAD], two, place=p) for p in ("same_core", "cross_core")]
    siblings, cores = (make.guest(runs, facts={"host.placement": text}) for text in ("smt siblings", "cross core"))
    found = compared(siblings, cores)
    assert [row.base.key.place for row in found.guests["local"]] == ["same_core"]
    assert "pipe_latency[cross_core] (its CPUs were placed differently (smt siblings and cross core)" in render(found)
    assert len(compared(make.guest(runs), cores).guests["local"]) == 2, "older runs do not record the placement"


def test_core_cycles_are_compared_where_both_have_them() -> None:
    found = compared(make.guest([call(91, core_ghz=3.3)]), make.guest([call(100, core_ghz=3.003)]))
    assert re.search(r"1\.0989 \[[\d., ]+\] +differs +1\.0000 \[0\.99\d+, 1\.00\d+\]$", render(found), re.M)


def test_units_are_those_of_the_tables_and_one_for_both() -> None:
    text = render(compared(make.guest([bandwidth(40000), call(900)]), make.guest([bandwidth(30000), call(1100)])))
    (moved,) = re.findall(r"^pipe_bandwidth.*$", text, re.M)
    assert moved.count("MB/s") == 2
    assert "0.7500 [" in moved, "what a byte costs, not how many there are"
    (plain,) = re.findall(r"^null_call.*$", text, re.M)
    assert plain.count(" ns ") == 2


def test_exact_counts_are_equal_or_differ_and_are_called_exact() -> None:
    counted = {"accel": "icount", "unit": "instructions"}
    same = render(compared(make.guest([call(100)], **counted), make.guest([call(100)], **counted)))
    assert re.search(r"equal, exact|no difference seen", same)


def test_the_last_line_says_in_how_many_rows_costs_differ() -> None:
    costs = {"null_call": (100, 130), "page_fault": (100, 300), "fork": (100, 50), "yield": (100, 100)}
    then, now = (
        make.guest([make.run(name, [pair[at] + i / 100 for i in range(7)], make.CALL) for name, pair in costs.items()])
        for at in (0, 1)
    )
    last = render(compared(then, now)).splitlines()[-1]
    assert re.fullmatch(
        r"now against then, 4 rows: costs more in 2 \(most: local: page_fault, [23]\.[09].* times\), "
        r"costs less in 1 \(local: fork, 0\.50.* times\), no difference is seen in 1",
        last,
    ), last
    page = comparison.markdown(compare_runs(side("then", then), side("now", now)))
    assert page.splitlines()[-1].startswith("now against then, 4 rows: costs more in 2")


def test_rows_that_one_run_lacks_are_named_and_what_neither_has_is_not() -> None:
    base = make.guest([call(100), bandwidth(1e4), missing("page_fault", "crashed"), missing("scheme_call", "absent")])
    other = [call(100), make.run("page_fault", [5.0] * 7, make.CALL), missing("scheme_call", "absent")]
    text = render(compared(base, make.guest(other)))
    (last,) = [line for line in text.splitlines() if line.startswith("not compared: ")]
    assert text.splitlines()[-1] == "now against then, 1 row: no difference is seen in 1"
    assert "local: pipe_bandwidth[size=65536] (only in then)" in last
    assert "local: page_fault (crashed in then)" in last
    assert "scheme_call" not in text


def test_guests_that_cannot_be_compared_do_not_cost_the_others() -> None:
    base = side("then", make.guest([call(100)]), make.guest([call(50)], "linux"), make.guest([call(7)], "redox"))
    other = side(
        "now", make.guest([call(100)]), make.guest([call(50)], "linux", cpus=()), make.guest([call(9)], "aero")
    )
    found = compare_runs(base, other)
    assert list(found.guests) == ["local"]
    (last,) = [line for line in render(found).splitlines() if line.startswith("not compared: ")]
    for part in ("linux (cpus differs", "redox (only in then)", "aero (only in now)"):
        assert part in last


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [("linux", {}, r"local \(only in then\); linux \(only in now\)"), ("local", {"cpus": ()}, "cpus differs")],
)
def test_nothing_to_compare_is_refused_with_the_reason(name: str, more: dict[str, Any], why: str) -> None:
    with pytest.raises(UsageError, match=f"then and now: nothing to compare: .*{why}"):
        compared(make.guest([call(100)]), make.guest([call(100)], name, **more))


# --- which runs a word means


def stored(folder: Path, day: int, *results: GuestResult) -> str:
    moment = datetime(2026, 3, day, tzinfo=UTC)
    history.append(folder, results, seed=1, budget="quick", declared=make.DECLARED, moment=moment)
    return history.latest(folder)[-1]


def test_the_last_runs_are_counted_from_the_end(tmp_path: Path) -> None:
    first, second, third = (
        stored(tmp_path, day, make.guest([call(100.0 + day)], name))
        for day, name in ((1, "local"), (2, "local"), (3, "linux"))
    )
    assert [select(word, tmp_path).name for word in ("last", "last~1", "last~2")] == [third, second, first]
    assert [select(word, tmp_path, ["local"]).name for word in ("last", "last~1")] == [second, first]
    assert select(first[:12], tmp_path).name == first
    with pytest.raises(UsageError, match=r"last~2: .* holds 2 runs of local; measure first"):
        select("last~2", tmp_path, ["local"])
    with pytest.raises(UsageError, match=f"--guest local: not in {third}, which holds linux"):
        select(third, tmp_path, ["local"])


def test_a_file_of_the_history_is_its_last_run(tmp_path: Path) -> None:
    for day in (1, 2):
        stored(tmp_path, day, make.guest([call(100.0 * day)]))
    (file,) = tmp_path.glob("*/*/local.jsonl")
    (column,) = select(str(file), tmp_path).columns
    assert column == columns([make.guest([call(200)])], make.DECLARED)[0]


BROKEN = {
    "no.json": b"{",
    "list.json": b"[]",
    "foreign.json": b'{"benchmarks": []}',
    "bare.json": b'{"ferrule": {}, "benchmarks": []}',
    "odd.json": b'{"ferrule": {"runs": {}}, "benchmarks": [7]}',
    "empty.jsonl": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_other_files_are_refused_by_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(BROKEN[name])
    with pytest.raises(FerruleError, match=re.escape(str(file))):
        select(str(file), tmp_path)


def test_the_command_prints_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for day in (1, 2):
        stored(tmp_path, day, make.guest([call(100.0 * day)]), make.guest([call(5.0)], "linux"))
    words = ["compare", "last~1", "last", "--guest=local", f"--results={tmp_path}"]
    assert main(words) == 0
    assert "2.000 [" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)["guests"]) == ["local"]
