"""The column of multiples of the floor: where it is, its values, and why it is left out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, Meaning, RunResult
from ferrule.report import tables, units
from ferrule.report.columns import columns
from ferrule.report.markdown import markdown
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make

HOP = Meaning("one_way", 8, 1, 2)
COUNTED: dict[str, Any] = {"accel": "icount", "unit": "instructions", "cpus": ()}
SPREAD = [1.0, 1.001, 1.002, 1.003, 1.004, 1.005, 1.006]


def costs(ns: float) -> list[float]:
    return [ns * one for one in SPREAD]


def four_columns() -> list[GuestResult]:
    """Two guests that count instructions as the floor does, the floor, and this host, which gives times."""
    local = make.guest([make.run("null_call", costs(101.4), make.CALL)])
    linux = make.guest(
        [
            make.run("null_call", [154.5] * 7, make.CALL),
            make.run("page_fault", [500.5] * 6 + [501.0], make.CALL),
            make.run("process_create", [90_000.0] * 7, make.CALL),
            make.run("context_switch", [700.0] * 7, HOP, params=(("procs", 2), ("size", 0))),
            make.run("empty_loop", [1.0] * 7, Meaning("iteration")),
        ],
        "linux",
        **COUNTED,
    )
    redox = make.guest(
        [
            make.run("null_call", [309.0] * 7, make.CALL),
            RunResult(RunKey("page_fault"), "unsupported", "os_map: errno 38"),
            make.run("context_switch", [900.0] * 7, HOP, params=(("procs", 2), ("size", 0))),
        ],
        "redox",
        os="redox",
        **COUNTED,
    )
    redox.runs[RunKey("context_switch", (("procs", 2), ("size", 0)))].place = "free"
    floor = make.guest(
        [
            make.run("null_call", [15.0] * 7, make.CALL),
            make.run("page_fault", [100.0] * 7, make.CALL),
            RunResult(RunKey("process_create"), "unsupported", "os_process_start: errno 38"),
            make.run("context_switch", [70.0] * 7, HOP, params=(("procs", 2), ("size", 0))),
            make.run("empty_loop", [1.0] * 7, Meaning("iteration")),
        ],
        "floor",
        os="floor",
        **COUNTED,
    )
    return [local, linux, redox, floor]


def cells(text: str, workload: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if re.match(rf"{workload}\b.*  ", line)]
    return re.split(r" {2,}", line.strip())


def test_the_tables_are_as_they_were_agreed() -> None:
    golden = Path(__file__).parent / "golden" / "over_floor.txt"
    text = tables.render(four_columns(), budget="quick", seed=5, declared=make.DECLARED) + "\n"
    assert text == golden.read_text()


def test_counts_have_exact_ratios_beside_them() -> None:
    text = tables.render(four_columns(), budget="quick", seed=5, declared=make.DECLARED)
    assert cells(text, "null_call")[2:] == [
        "101.70 ns [101.47, 101.94]",
        "309 instr [309, 309]",
        "10.30",
        "618 instr [618, 618]",
        "20.60",
        "30 instr [30, 30]",
    ]
    assert "  local with linux, redox, floor: time and guest instructions\n" in text
    assert "local: no \u00d7 floor" not in text, "reported once"


def test_a_row_under_other_conditions_says_so() -> None:
    text = tables.render(four_columns(), budget="quick", seed=5, declared=make.DECLARED)
    (mark,) = re.findall(r"none \((\w)\)", " ".join(cells(text, "context_switch")))
    assert f"({mark}) no \u00d7 floor: place differs (same_core and free)" in text


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"accel": "kvm"}, "accel differs (metal and kvm)"),
        ({"cpu_model": "Another CPU"}, "cpu_model differs"),
        ({"accel": "tcg"}, "linux ran under tcg, emulated time is not time"),
    ],
)
def test_time_has_a_ratio_only_on_one_machine(changes: dict[str, Any], why: str | None) -> None:
    guest = make.guest([make.run("null_call", costs(300.0), make.CALL)], "linux", **changes)
    floor = make.guest([make.run("null_call", costs(100.0), make.CALL)], "floor", os="floor")
    text = tables.render([guest, floor], budget="quick", seed=5, declared=make.DECLARED)
    if why is not None:
        assert f"linux: no \u00d7 floor: {why}" in text
        assert "\u00d7 floor  " not in text
    else:
        found = re.fullmatch(r"([\d.]+) \[([\d.]+), ([\d.]+)\]", cells(text, "null_call")[3])
        assert found is not None
        ratio, low, high = map(float, found.groups())
        assert ratio == pytest.approx(3.0, rel=1e-3)
        assert low < ratio < high
        assert "\u00d7 floor of linux: cost of an operation divided by the floor's; 95 % intervals by MOVER" in text


def test_time_asleep_is_no_count_of_instructions() -> None:
    waits = Meaning("call", waits=True)
    both = [
        make.guest(
            [make.run("timer_wakeup", [1e9] * 7, waits), make.run("null_call", [9.0] * 7, make.CALL)], name, **COUNTED
        )
        for name in ("linux", "floor")
    ]
    text = tables.render(both, budget="quick", seed=5, declared=make.DECLARED)
    for shown in cells(text, "timer_wakeup")[2:]:
        assert re.fullmatch(r"(\d+) virtual ns \[\1, \1\] waiting \(a\)", shown), shown
    assert "(a) a timer ends it: virtual time" in text
    assert "`ferrule anatomy` counts what it executes" in text


def test_lateness_is_shown_and_is_no_multiple_of_anything() -> None:
    asked = Meaning("call", waits=True, asked=1_000_000)
    both = [
        make.guest(
            [make.run("wakeup_latency", [ns] * 7, asked), make.run("null_call", [9.0] * 7, make.CALL)], name, **COUNTED
        )
        for name, ns in (("linux", 3000.0), ("floor", 500.0))
    ]
    text = tables.render(both, budget="quick", seed=5, declared=make.DECLARED)
    shown = cells(text, "wakeup_latency")[2:]
    for one in shown:
        assert re.fullmatch(r"(\d+) virtual ns \[\1, \1\] late \(a\)", one), one
    assert "(a) virtual time after the moment asked for" in text


def test_tails_of_time_asleep_are_no_count_of_instructions() -> None:
    for asked in (0, 1000):
        slept = make.run("timer_wakeup", [1e9] * 7, Meaning("call", waits=True, asked=asked), each=True)
        text = tables.render([make.guest([slept], "linux", **COUNTED)], budget="quick", seed=5, declared=make.DECLARED)
        assert ("Tails of" in text) is bool(asked)


def test_no_floor_no_column() -> None:
    text = tables.render(four_columns()[:-1], budget="quick", seed=5, declared=make.DECLARED)
    assert "\u00d7" not in text


def test_a_floor_that_never_spoke_is_no_floor() -> None:
    silent = GuestResult("floor", None, {RunKey("null_call"): RunResult(RunKey("null_call"), "missing", "no boot")})
    text = tables.render([*four_columns()[:-1], silent], budget="quick", seed=5, declared=make.DECLARED)
    assert "\u00d7" not in text


def test_the_published_page_has_the_column_too() -> None:
    page = markdown("machine", columns(four_columns(), make.DECLARED))
    (head, *_) = [line for line in page.splitlines() if line.startswith("| workload")]
    assert head.count("\u00d7 floor") == 2


@given(st.floats(1e-3, 1e6), st.floats(0, 0.5))
def test_ratios_read_back(estimate: float, half: float) -> None:
    low, high = estimate * (1 - half), estimate * (1 + half)
    text = units.ratio(estimate, low, high)
    assert ("[" in text) == (low != high)
    assert float(text.split()[0]) == pytest.approx(estimate, rel=max(half, 1e-3), abs=0.5)
