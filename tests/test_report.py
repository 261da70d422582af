"""Reports: golden tables, digits, the history's round trips and its behaviour when the disk or a writer fails."""

from __future__ import annotations

import gzip
import json
import resource
import signal
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferrule.errors import InfrastructureError, UsageError
from ferrule.report import history, journal, tables, units
from ferrule.report.codec import Malformed, decode, encode
from ferrule.report.columns import columns
from ferrule.report.comparison import compare_runs
from ferrule.report.extra_info import extra_info
from ferrule.report.layout import letters
from ferrule.report.markdown import escape
from ferrule.report.publish import publish
from ferrule.samples import (
    ClockCheck,
    Conditions,
    GuestResult,
    Histogram,
    Meaning,
    ProcessSamples,
    Reference,
    RunKey,
    RunResult,
)
from ferrule.stats.flags import Flag
from ferrule.stats.summary import Summary, summarise
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import synthetic as make

CALL = Meaning("call")
TRIP = Meaning("round_trip", bytes=2, switches=2, ends=2)
MOMENT = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    family: str
    control: bool = False


DECLARED = {
    "null_call": Row("syscall"),
    "process_create": Row("sched"),
    "context_switch": Row("sched"),
    "pipe_latency": Row("ipc"),
    "pipe_bandwidth": Row("ipc"),
    "page_fault": Row("memory"),
    "scheme_call": Row("native_ipc"),
    "empty_loop": Row("control", control=True),
}


@pytest.fixture
def results() -> list[GuestResult]:
    spread = [1.0, 1.001, 1.002, 1.003, 1.004, 1.005, 1.006]

    def costs(ns: float) -> list[float]:
        return [ns * one for one in spread]

    local = make.guest(
        [
            make.run("null_call", costs(101.4), CALL, each=True),
            make.run("process_create", costs(161_000.0), CALL),
            make.run("context_switch", costs(1400.0), Meaning("one_way", 1, 1, 2), params=(("procs", 2), ("size", 0))),
            make.run("pipe_latency", costs(2800.0), TRIP),
            make.run("pipe_latency", costs(80_000.0), TRIP, place="cross_core"),
            make.run("pipe_bandwidth", costs(16_384.0), Meaning("one_way", 65536, 0, 2), params=(("size", 65536),)),
            make.run("page_fault", [500.0, 501.0, 502.0], CALL),
            make.run("empty_loop", [0.0] * 7, Meaning("iteration")),
        ]
    )
    counted = make.guest(
        [
            make.run("null_call", [154.5] * 7, CALL),
            make.run("page_fault", [500.5] * 6 + [501.0], CALL),
            RunResult(RunKey("process_create"), "unsupported", "os_process_start: errno 38"),
            RunResult(RunKey("pipe_latency"), "crashed", "linux: kernel panic (Oops:) during pipe_latency"),
            RunResult(RunKey("scheme_call"), "missing", "the guest did not report it"),
        ],
        "linux",
        accel="icount",
        unit="instructions",
        cpus=(),
    )
    counted.errors.append("linux: kernel panic (Oops:) during pipe_latency\n    | tail")
    return [local, counted]


def test_tables_say_everything(results: list[GuestResult]) -> None:
    golden = Path(__file__).parent / "golden" / "tables.txt"
    assert tables.render(results, budget="quick", seed=5, declared=DECLARED) + "\n" == golden.read_text()


def test_no_number_stands_without_its_interval(results: list[GuestResult]) -> None:
    text = tables.render(results, budget="quick", seed=5, declared=DECLARED)
    lines = [line for line in text.splitlines() if line.startswith("page_fault")]
    assert "501.0 ns (" in lines[0]
    assert "no interval: 3 of at least 6 replicates" in text


def test_emulated_time_is_called_functional_only() -> None:
    emulated = make.guest([make.run("null_call", [900.0] * 7, CALL)], "linux", accel="tcg")
    text = tables.render([emulated], budget="quick", seed=5, declared=DECLARED)
    assert "linux (tcg: functional only)" in text
    assert "emulated time is not time" in text


def test_a_guest_that_never_spoke_and_a_verified_run() -> None:
    verified = RunResult(RunKey("null_call"), "ok", meaning=CALL, processes=[make.process([])])
    silent = GuestResult("linux", None, {RunKey("null_call"): RunResult(RunKey("null_call"), "missing", "no boot")})
    text = tables.render([make.guest([verified]), silent], budget="verify only", seed=1, declared=DECLARED)
    assert "verified  missing (a)" in text
    assert "(a) no boot" in text
    assert "linux: never spoke" in text


# --- digits


@given(st.floats(1e-3, 1e10), st.floats(1e-6, 0.5))
def test_digits_end_where_the_interval_begins_to_scatter(estimate: float, half: float) -> None:
    low, high = estimate * (1 - half), estimate * (1 + half)
    places = units.decimals(estimate, low, high)
    step = 10.0**-places
    width = high - low
    assert step <= max(1.0, width / 10 * 1.0001, estimate * 1e-5 * 1.0001)
    assert places == 0 or step >= min(width / 100, estimate * 1e-6)


@given(st.floats(-1e12, 1e12), st.integers(0, 6))
def test_numbers_read_back(value: float, places: int) -> None:
    text = units.number(value, places)
    assert isclose(float(text), value, abs_tol=0.5001 * 10.0**-places)
    assert not (text.startswith("-") and float(text) == 0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (units.time(101.7, 101.4, 102.0), "101.70 ns [101.40, 102.00]"),
        (units.time(2808.4, 2800.0, 2816.8), "2.808 us [2.800, 2.817]"),
        (units.time(0.0, -0.004, 0.004), "0.0000 ns [-0.0040, 0.0040]"),
        (units.time(1.5e9, None, None), "1.500 s"),
        (units.rate(4e9, 3.9e9, 4.1e9), "4000 MB/s [3900, 4100]"),
        (units.count(309.0, 309.0, 309.0), "309 instr [309, 309]"),
        (units.count(10573.35, 10573.0, 10580.0), "10573.35 instr [10573.00, 10580.00]"),
        (units.rough(4_860_000.0), "4.9 ms"),
        (units.rough(0.0), "0 ns"),
    ],
)
def test_numbers_as_people_read_them(text: str, expected: str) -> None:
    assert text == expected


def test_marks_count_like_columns() -> None:
    assert [letters(i) for i in (0, 25, 26, 27, 701, 702)] == ["a", "z", "aa", "ab", "zz", "aaa"]
    assert len({letters(i) for i in range(2000)}) == 2000


# --- codec

ints = st.integers(-(2**62), 2**62)
reals = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(ints, max_size=9), st.lists(st.tuples(st.integers(-1, 99), st.integers(-1, 99)), max_size=9), reals)
def test_samples_survive_storage(ticks: list[int], cpus: list[tuple[int, int]], ratio: float) -> None:
    made = ProcessSamples(
        boot=1,
        process=2,
        position=3,
        n=4,
        ticks=np.asarray(ticks, dtype=np.int64),
        warm_ticks=np.asarray([], dtype=np.int64),
        cpus=np.asarray(cpus, dtype=np.int32).reshape(-1, 2),
        clock=ClockCheck(2e9, 5, "ok", None, ratio),
        reference=Reference(np.asarray([1], dtype=np.int64), ((10, np.asarray(ticks, dtype=np.int64)),)),
        histogram=Histogram(3, 1, 2, {7: 3}),
    )
    back = decode(ProcessSamples, json.loads(json.dumps(encode(made))))
    assert encode(back) == encode(made)
    assert back.cpus.shape == made.cpus.shape
    assert back.ticks.dtype == np.int64
    assert back.clock == made.clock


def test_summaries_survive_storage(results: list[GuestResult]) -> None:
    for column in columns(results, DECLARED):
        for entry in column.entries:
            if entry.summary is not None:
                assert decode(Summary, json.loads(json.dumps(encode(entry.summary)))) == entry.summary


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"workload": 5}, ".workload: int where str belongs"),
        ({"params": [["a"]]}, ".params[0]: 1 values where 2 belong"),
        ({"surprise": 1}, "unknown key surprise"),
        ({"place": None}, ".place: NoneType where str belongs"),
    ],
)
def test_malformed_values_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(RunKey, encode(RunKey("x")) | change)
    assert said in str(caught.value)


def test_missing_keys_wrong_literals_and_members_are_named() -> None:
    whole = encode(make.conditions())
    with pytest.raises(Malformed, match="key os is missing"):
        decode(Conditions, {key: value for key, value in whole.items() if key != "os"})
    with pytest.raises(Malformed, match="'warp' is none of"):
        decode(Conditions, whole | {"accel": "warp"})
    with pytest.raises(Malformed, match="is no Flag"):
        decode(tuple[Flag, ...], ["NICE"])


# --- history


def store(folder: Path, results: list[GuestResult], moment: datetime = MOMENT) -> Path:
    return history.append(folder, results, seed=5, budget="quick", declared=DECLARED, moment=moment)


def test_history_gives_back_what_was_stored(tmp_path: Path, results: list[GuestResult]) -> None:
    home = store(tmp_path, results)
    assert home.parent == tmp_path / "2026"
    stored = history.load(tmp_path)
    assert [one.column for one in stored] == columns([results[1], results[0]], DECLARED)  # in order of names
    line = json.loads((home / "local.jsonl").read_text())
    assert line["null_call"] == pytest.approx(history.eight([101.4 * (1 + i / 1000) for i in range(7)]), rel=1e-3)
    assert (line["seed"], line["budget"], line["ts"]) == (5, "quick", "2026-03-01T12:00:00Z")


def test_every_number_can_be_computed_again(tmp_path: Path, results: list[GuestResult]) -> None:
    home = store(tmp_path, results)
    for one in history.load(tmp_path):
        line = json.loads(one.path.read_text())
        raw = history.load_raw(home / line["raw"])
        again = columns([raw], DECLARED)[0]
        assert again.entries == one.column.entries
        assert again.conditions == one.column.conditions


def test_metrics_explains_every_key(tmp_path: Path, results: list[GuestResult]) -> None:
    explained = (Path(__file__).parents[1] / "results" / "metrics.yml").read_text()
    home = store(tmp_path, results)
    line = json.loads((home / "local.jsonl").read_text())
    runs = {str(decode(RunKey, entry["key"])) for entry in line["entries"]}
    keys = (set(line) - runs) | set(line["conditions"]) | set(line["entries"][0]) | set(line["entries"][0]["summary"])
    assert [key for key in sorted(keys) if f"\n{key}:" not in explained and f"\n  {key}:" not in explained] == []
    for flag in Flag:
        assert f"\n    {flag.name}:" in explained


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path, results: list[GuestResult]) -> None:
    store(tmp_path, results)
    store(tmp_path, results, MOMENT.replace(year=2027))
    assert {one.ts[:4] for one in history.load_run(tmp_path, "2027")} == {"2027"}
    with pytest.raises(UsageError, match="several runs begin so"):
        history.load_run(tmp_path, "20")
    with pytest.raises(UsageError, match="the latest are: 20260301"):
        history.load_run(tmp_path, "1999")


def test_a_torn_line_is_cut_off_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    journal.append_line(path, {"a": 1})
    with path.open("ab") as out:
        out.write(b'{"torn": ' + b"9" * 100_000)
    assert [record for _, record in journal.lines(path)] == [{"a": 1}]
    journal.append_line(path, {"b": 2})
    assert [record for _, record in journal.lines(path)] == [{"a": 1}, {"b": 2}]


def test_a_full_disk_is_one_clear_error_and_leaves_the_file_whole(tmp_path: Path) -> None:
    """A file-size limit stands for the full disk: the write stops half-way in the same manner."""
    path = tmp_path / "x.jsonl"
    journal.append_line(path, {"a": 1})
    before = path.read_bytes()
    held = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, held[1]))
        with pytest.raises(InfrastructureError, match=r"x\.jsonl: cannot store results: File too large"):
            journal.append_line(path, {"b": "x" * 5000})
        with pytest.raises(InfrastructureError, match=r"page\.md: cannot be written"):
            journal.write_whole(tmp_path / "page.md", b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, held)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"

    def write(name: int) -> None:
        for i in range(20):
            journal.append_line(path, {"name": name, "i": i, "pad": "x" * 5000})

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [(record["name"], record["i"]) for _, record in journal.lines(path)]
    assert sorted(found) == [(name, i) for name in range(4) for i in range(20)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("[1]", "not a JSON object"),
        ("{", "not JSON"),
        ('{"schema": 99}', "schema 99, this Ferrule reads 1"),
        ('{"schema": 1}', "key guest is missing"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "2026" / "machine" / "local.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(f"{line}\n")
    with pytest.raises(InfrastructureError) as caught:
        history.load(tmp_path)
    assert said in str(caught.value)
    assert "local.jsonl:1" in str(caught.value)


def test_damaged_raw_samples_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    for content in (b"", b"no gzip", gzip.compress(b"{}\n"), gzip.compress(b"[")):
        path.write_bytes(content)
        with pytest.raises(InfrastructureError, match="no raw samples can be read"):
            history.load_raw(path)


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_slugs_are_safe_file_names(text: str) -> None:
    found = history.slug(text)
    assert found
    assert set(found) <= set("0123456789abcdefghijklmnopqrstuvwxyz_.-")
    assert found[0] not in ".-"
    assert history.slug("ssh://me@Host:2222") == "ssh_me_host_2222"


# --- publishing, comparing, extra_info


def test_pages_depend_on_nothing_but_the_history(tmp_path: Path, results: list[GuestResult]) -> None:
    folder = tmp_path / "results"
    store(folder, results)
    store(folder, results[:1], MOMENT.replace(day=2))
    first = {path.name: path.read_bytes() for path in publish(folder, tmp_path / "one")}
    second = {path.name: path.read_bytes() for path in publish(folder, tmp_path / "two")}
    assert first == second
    page = next(text.decode() for name, text in first.items() if name != "README.md")
    assert "20260302-120000" in page  # the latest run of local
    assert "20260301-120000" in page  # and of linux
    assert str(tmp_path) not in page
    with pytest.raises(UsageError, match="no stored runs"):
        publish(tmp_path / "empty", tmp_path / "out")


@given(st.text(max_size=40))
def test_markdown_takes_any_text_literally(text: str) -> None:
    found = escape(text)
    assert "\n" not in found
    for at, character in enumerate(found):
        if character == "|":
            assert found[at - 1] == "\\"


def test_two_stored_runs_are_compared(tmp_path: Path) -> None:
    spread = [1.0 + i / 1000 for i in range(7)]
    base = [make.guest([make.run("null_call", [100 * one for one in spread], CALL)])]
    slower = [make.guest([make.run("null_call", [110 * one for one in spread], CALL)])]
    store(tmp_path, base)
    store(tmp_path, slower, MOMENT.replace(year=2027))
    text = compare_runs(history.load_run(tmp_path, "2026"), history.load_run(tmp_path, "2027"))
    assert "1.1000 [1.095" in text
    assert text.rstrip().endswith("differs")
    other = [make.guest([make.run("null_call", [100.0] * 7, CALL)], "linux")]
    store(tmp_path, other, MOMENT.replace(year=2028))
    with pytest.raises(UsageError, match="share no guest"):
        compare_runs(history.load_run(tmp_path, "2026"), history.load_run(tmp_path, "2028"))
    pinned = [make.guest([make.run("null_call", [100.0] * 7, CALL)], cpus=())]
    store(tmp_path, pinned, MOMENT.replace(year=2029))
    with pytest.raises(UsageError, match="cpus differs"):
        compare_runs(history.load_run(tmp_path, "2026"), history.load_run(tmp_path, "2029"))


def test_extra_info_is_plain_json_and_complete() -> None:
    summary = summarise(make.run("null_call", [100.0] * 7, CALL, each=True), make.conditions())
    info = extra_info(replace(summary, flags=(Flag.DRIFT,)), make.conditions(), seed=5, budget="quick")
    assert json.loads(json.dumps(info)) == info
    assert info["conditions"]["facts"] == {"host.governor": "performance"}
    assert (info["low"], info["high"], info["scope"]) == (summary.low, summary.high, "within one boot")
    assert info["operations_per_batch"] == [1000] * 7
    assert set(info["tails"]["quantiles"]) == {"p50", "p99", "p99.9"}
    assert list(info["flags"]) == ["drift"]
    assert (info["seed"], info["budget"]) == (5, "quick")
