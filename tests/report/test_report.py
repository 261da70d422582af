"""Reports: golden tables, digits, and types that survive storage."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ferrule.payload.key import RunKey
from ferrule.records.samples import ClockCheck, Conditions, GuestResult, Histogram, ProcessSamples, Reference, RunResult
from ferrule.report import tables, units
from ferrule.report.codec import Malformed, decode, encode
from ferrule.report.columns import columns
from ferrule.report.extra_info import extra_info
from ferrule.report.footer import conditions_lines
from ferrule.report.layout import letters
from ferrule.stats.flags import Flag
from ferrule.stats.summary import Summary, summarise
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make

CALL = make.CALL
DECLARED = make.DECLARED


@pytest.fixture
def results() -> list[GuestResult]:
    return make.results()


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


def test_what_no_guest_can_do_is_a_line_below_and_no_row() -> None:
    refused = RunResult(RunKey("thread_create"), "unsupported", "os_thread_start: errno 38")
    both = [make.guest([make.run("null_call", [100.0] * 7, CALL), refused], name) for name in ("local", "linux")]
    text = tables.render(both, budget="quick", seed=5, declared=DECLARED)
    (line,) = [line for line in text.splitlines() if "thread_create" in line]
    assert line.strip() == "thread_create: unsupported ENOSYS 38 on local, linux"
    both[0].runs[refused.key] = make.run("thread_create", [5000.0] * 7, CALL)
    (row, *_) = [
        line
        for line in tables.render(both, budget="quick", seed=5, declared=DECLARED).splitlines()
        if "thread_create" in line
    ]
    assert "unsupported (" in row
    assert "5.0" in row


def test_an_emulators_stalls_are_not_a_guests_tail() -> None:
    timed = make.run("null_call", [100.0] * 7, CALL)
    for samples in timed.processes:
        samples.histogram = Histogram(1000, 90, 110, {90: 500, 110: 500})
    real, emulated = make.guest([timed]), make.guest([timed], "linux", accel="tcg")
    text = tables.render([real, emulated], budget="quick", seed=5, declared=DECLARED)
    table = text.partition("Tails of the operations")[2].partition("\n\n")[0].splitlines()
    assert table[1].split() == ["workload", "per", "place", "guest", "p50", "p90", "p99", "p99.9", "largest"]
    assert [line.split()[:3] for line in table[3:]] == [["null_call", "call", "local"]]
    assert " of 7000" in table[3]


def test_the_footer_says_how_well_payload_and_host_agree_on_the_counter() -> None:
    run = make.run("null_call", [100.0] * 7, CALL)
    (column,) = columns([make.guest([run])], make.DECLARED)
    assert "counter tsc, " in conditions_lines(column)[0]
    for samples, ppm in zip(run.processes, (0.2, -3.4, 1.0), strict=False):
        samples.clock = replace(samples.clock, host_ppm=ppm)
    (column,) = columns([make.guest([run])], make.DECLARED)
    assert "counter tsc (its rate within 4 ppm of the host's), " in conditions_lines(column)[0]


def test_a_guest_that_never_spoke_and_a_verified_run() -> None:
    verified = RunResult(RunKey("null_call"), "ok", meaning=CALL, processes=[make.process([])])
    silent = GuestResult("linux", None, {RunKey("null_call"): RunResult(RunKey("null_call"), "missing", "no boot")})
    text = tables.render([make.guest([verified]), silent], budget="verify only", seed=1, declared=DECLARED)
    assert "verified  missing (a)" in text
    assert "(a) no boot" in text
    assert "linux: sent no record" in text


def test_the_footer_names_the_processor_and_what_binds_it() -> None:
    facts = {"host.cpu.family": "6", "host.cpu.stepping": "8", "host.cpu.microcode": "0x2b", "host.cpu.max_mhz": "3800"}
    bound = {"host.quota": "0.5 CPUs (50000 of 100000 us, group /a)", "host.placement": "smt siblings"}
    call = make.run("null_call", [100.0] * 7, CALL)
    guests = [make.guest([call], name, facts=facts | bound) for name in ("local", "b")]
    other = make.guest([call], "c", facts=facts | {"host.cpu.stepping": "4"})
    text = tables.render([*guests, other], budget="full", seed=1, declared=DECLARED)
    assert "Example CPU (family 6, stepping 8, microcode 0x2b, at most 3800 MHz)" in text
    assert "placement smt siblings, quota 0.5 CPUs (50000 of 100000 us, group /a)" in text
    assert "local and c have processors of one name that differ: stepping 8 and stepping 4" in text
    assert "local and b" not in text
    none = make.guest([call], facts={"host.quota": "none"})
    assert "quota" not in tables.render([none], budget="full", seed=1, declared=DECLARED)


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
    ("change", "message"),
    [
        ({"workload": 5}, ".workload: int where str belongs"),
        ({"params": [["a"]]}, ".params[0]: 1 values where 2 belong"),
        ({"surprise": 1}, "unknown key 'surprise'"),
        ({"place": None}, ".place: NoneType where str belongs"),
    ],
)
def test_malformed_values_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(RunKey, encode(RunKey("x")) | change)
    assert message in str(caught.value)


def test_missing_keys_wrong_literals_and_members_are_named() -> None:
    whole = encode(make.conditions())
    with pytest.raises(Malformed, match="key os is missing"):
        decode(Conditions, {key: value for key, value in whole.items() if key != "os"})
    with pytest.raises(Malformed, match="'warp' is none of"):
        decode(Conditions, whole | {"accel": "warp"})
    with pytest.raises(Malformed, match="is no Flag"):
        decode(tuple[Flag, ...], ["NICE"])


def test_extra_info_is_plain_json_and_complete() -> None:
    summary = summarise(make.run("null_call", [100.0] * 7, CALL, each=True), make.conditions())
    info = extra_info(replace(summary, flags=(Flag.DRIFT,)), make.conditions(), seed=5, budget="quick")
    assert json.loads(json.dumps(info)) == info
    assert info["conditions"]["facts"] == {"host.governor": "performance"}
    assert (info["low"], info["high"], info["scope"]) == (summary.low, summary.high, "within one boot")
    assert info["operations_per_batch"] == [1000] * 7
    assert set(info["tails"]["quantiles"]) == {"p50", "p90", "p99", "p99.9"}
    assert list(info["flags"]) == ["drift"]
    assert (info["seed"], info["budget"]) == (5, "quick")
