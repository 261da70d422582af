"""Implausible values: zero, halved, doubled, from too few processes, or with another meaning."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ferrule.checksum import compact, seal
from ferrule.payload.key import RunKey
from ferrule.records.samples import Meaning
from ferrule.report import history, plausible
from ferrule.report.columns import Column, columns
from ferrule.stats.flags import Flag
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.test_plugin import run

CALL = Meaning("call")
KEY = RunKey("null_call")


def column(ns: float, meaning: Meaning = CALL, workload: str = "null_call", **conditions: Any) -> Column:
    (made,) = columns([make.guest([make.run(workload, [ns] * 7, meaning)], **conditions)], make.DECLARED)
    return made


def found(now: Column, *earlier: Column, asked: int | None = None) -> str | None:
    return plausible.doubts(now, earlier, asked).get(now.entries[0].key)


@given(st.floats(10.0, 1e6), st.floats(0.05, 20.0))
def test_twice_or_half_under_equal_conditions_is_not_believed(before: float, factor: float) -> None:
    doubt = found(column(before * factor), column(before))
    if 0.51 < factor < 1.96:
        assert doubt is None
    elif factor > 2.05 or factor < 0.49:
        assert doubt is not None
        assert "under equal conditions" in doubt
    differences: list[dict[str, Any]] = [
        {"kernel": "6.2"},
        {"cpu_model": "Other"},
        {"facts": {"host.governor": "powersave"}},
    ]
    for difference in differences:
        assert found(column(before * factor, **difference), column(before)) is None
    same: dict[str, Any] = {
        "facts": {"host.governor": "performance", "host.load": "9 9 9", "load1": "9"},
        "payload": "new",
    }
    assert (found(column(before * factor, **same), column(before)) is None) == (doubt is None)


@given(st.floats(-1e3, 0.0))
def test_no_operation_is_free(ns: float) -> None:
    assert "no operation is free" in str(found(column(ns)))
    assert found(column(ns, workload="empty_loop")) is None
    assert found(column(ns, accel="tcg")) is None


def test_a_count_that_doubled_is_not_believed_either() -> None:
    def counted(ticks: float) -> Column:
        return column(ticks, accel="icount", unit="instructions")

    assert found(counted(300.0), counted(300.0)) is None
    assert "is 2 times the" in str(found(counted(600.0), counted(300.0)))


def test_a_new_parameter_is_no_change_but_another_value_is_one() -> None:
    def measured(ns: float, **params: int) -> Column:
        made = replace(make.run("null_call", [ns] * 7, CALL, params=tuple(params.items())), key=KEY)  # all defaults
        return columns([make.guest([made])], make.DECLARED)[0]

    assert found(measured(100.0, size=1, library=0), measured(100.0, size=1)) is None
    assert found(measured(100.0, library=0), measured(100.0)) is None
    assert "its params was" in str(found(measured(100.0, size=2, library=0), measured(100.0, size=1)))
    assert "under equal conditions" in str(found(measured(300.0, size=1, library=0), measured(100.0, size=1)))


def test_what_changed_its_meaning_or_unit_is_not_the_same_thing() -> None:
    trip = Meaning("round_trip")
    assert str(found(column(100.0, trip), column(100.0))).startswith("its meaning was Meaning(per='call'")
    counted = column(100.0, unit="instructions")
    assert found(counted, column(100.0)) == "its unit was ns and is instructions"
    assert found(column(100.0, accel="kvm"), column(100.0, trip)) is None, "run otherwise, it may be something else"


def test_missing_processes_are_reported() -> None:
    assert found(column(100.0), asked=7) is None
    assert found(column(100.0), asked=21) == "7 of 21 processes gave samples"


def test_a_value_that_was_not_believed_is_no_reference_until_it_is_accepted() -> None:
    good, bad = column(100.0), column(300.0)
    doubted = replace(bad, doubts={str(KEY): "3 times"})
    assert found(bad, good, doubted, doubted) is not None, "it must not become the truth by being repeated"
    assert found(good, good, doubted) is None
    assert found(bad, good, replace(doubted, accepted=True)) is None
    assert found(good, good, replace(doubted, accepted=True)) is not None


def test_what_is_no_single_number_is_not_compared_with_another() -> None:
    made = column(100.0)
    (entry,) = made.entries
    assert entry.summary is not None
    for flag in (Flag.BIMODAL, Flag.UNRELIABLE, Flag.OVERHEAD):
        mixed = replace(made, entries=(replace(entry, summary=replace(entry.summary, flags=(flag,))),))
        assert found(column(300.0), mixed) is None


def test_doubts_survive_storage_and_stand_below_the_table(tmp_path: Path) -> None:
    result = make.guest([make.run("null_call", [300.0] * 7, CALL)])
    result.doubts = {KEY: "3 times"}
    history.append(tmp_path, [result], seed=1, budget="quick", declared=make.DECLARED)
    (stored,) = history.load(tmp_path)
    assert stored.column.doubts == {"null_call": "3 times"}
    assert stored.column.trusted == ()
    assert plausible.lines(stored.column) == [
        "local: null_call: 3 times; this run fails; --accept takes it as it is",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")
def test_an_implausible_value_fails_the_run_until_it_is_accepted(tmp_path: Path) -> None:
    """The stored line is changed so that a call was a round trip."""
    asked = ("--workload=null_call", "--processes=2")
    run(*asked, cwd=tmp_path)
    path = next(tmp_path.glob("results/*/*/local.jsonl"))
    line = json.loads(path.read_text())
    for entry in line["entries"]:
        if entry["key"]["workload"] == "null_call":
            entry["summary"]["meaning"]["per"] = "round_trip"
    path.write_bytes(compact(seal(line)) + b"\n")
    for _ in range(2):
        done = run(*asked, "--json=run.json", cwd=tmp_path, check=3)
        assert "local: null_call: its meaning was Meaning(per='round_trip'" in done.stdout
    data = json.loads((tmp_path / "run.json").read_text())
    assert set(data["ferrule"]["doubts"]["local"]) == {"null_call"}
    assert [entry["group"] for entry in data["benchmarks"]] == ["null_call"], "what was measured is there all the same"
    assert "accepted (--accept)" in run(*asked, "--accept", cwd=tmp_path).stdout
    assert "Implausible" not in run(*asked, cwd=tmp_path).stdout
