"""pytest-benchmark's features on guests' samples, and its pitfalls: each in its own pytest process, as users run it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ferrule.companion import group_of, pytest_benchmark_scale_unit
from ferrule.records.samples import Meaning
from ferrule.stats.summary import summarise
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.test_plugin import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")

SHORT = ("--workload=null_call", "--processes=2", "--no-history")


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("ferrule: ")]


@pytest.mark.parametrize("storage", ["outside", "inside"])
def test_a_stored_run_of_another_machine_is_reported_and_compared(storage: str, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    store = tmp_path / "store" if storage == "outside" else work / "store"
    run(*SHORT, f"--benchmark-storage={store}", "--benchmark-autosave", cwd=work)
    (saved,) = store.glob("*/0001_*.json")
    data = json.loads(saved.read_text())
    data["machine_info"]["node"] = "elsewhere"
    saved.write_text(json.dumps(data))
    done = run(*SHORT, f"--benchmark-storage={store}", "--benchmark-compare", cwd=work)
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "elsewhere" in done.stderr
    assert "(0001" in done.stdout


def test_a_time_unit_leaves_operations_a_second_alone(tmp_path: Path) -> None:
    done = run(*SHORT, "--benchmark-time-unit=ns", "--benchmark-columns=median,ops", cwd=tmp_path)
    assert "(time in ns)" in done.stdout
    assert "nops/s" not in done.stdout
    assert "OPS (Mops/s)" in done.stdout


@given(st.floats(1e-3, 1e12))
def test_operations_a_second_are_scaled_to_what_their_label_says(ops: float) -> None:
    class Config:
        def getoption(self, name: str, default: object) -> str:
            return "ns"

    config: Any = Config()
    found = pytest_benchmark_scale_unit(config, "operations", [{"ops": ops}], {"ops": ops})
    assert found is not None
    prefix, factor = found
    assert factor == {"": 1.0, "K": 1e-3, "M": 1e-6}[prefix]
    assert pytest_benchmark_scale_unit(config, "seconds", [], {}) is None


REFUSALS = {
    ("--benchmark-compare-fail=mean:1%",): "--benchmark-compare-fail: a threshold on runs taken at different times",
    ("--benchmark-precision=0.02",): "--benchmark-precision: is about loops of pytest-benchmark's own",
    ("--verify-only", "--benchmark-autosave"): "--benchmark-autosave: --verify-only has no numbers to save",
    ("-n2",): "-n: two measurements at once disturb each other",
}


@pytest.mark.parametrize(("flags", "message"), REFUSALS.items(), ids=[" ".join(flags) for flags in REFUSALS])
def test_what_would_mislead_is_refused_before_it_measures(flags: Sequence[str], message: str, tmp_path: Path) -> None:
    done = run("--workload=null_call", *flags, cwd=tmp_path, check=2)
    reported = lines(done.stderr)
    assert reported
    assert all(line.startswith(f"ferrule: {message}") for line in reported)
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "results").exists()


def test_a_verification_leaves_its_verdicts_in_the_json(tmp_path: Path) -> None:
    done = run("--suite=syscall", "--verify-only", "--json=run.json", "--no-history", cwd=tmp_path)
    assert "Traceback" not in done.stdout + done.stderr
    data = json.loads((tmp_path / "run.json").read_text())
    assert data["benchmarks"] == []
    assert data["machine_info"]["machine"]
    found = data["ferrule"]
    assert found["schema"] == 1
    assert found["verdicts"]["local"]["null_call"] == {"verdict": "works", "errno": None, "reason": ""}
    assert found["runs"]["local"]["null_call"] == {"status": "ok", "reason": ""}


WITHOUT = {"scheme_call": ("absent", []), "null_call": ("works", ["--benchmark-disable"])}


@pytest.mark.parametrize("workload", WITHOUT)
def test_a_run_without_numbers_leaves_its_verdicts_too(workload: str, tmp_path: Path) -> None:
    verdict, flags = WITHOUT[workload]
    run(f"--workload={workload}", *flags, "--processes=2", "--no-history", "--json=run.json", cwd=tmp_path)
    data = json.loads((tmp_path / "run.json").read_text())
    assert data["benchmarks"] == []
    assert data["ferrule"]["verdicts"]["local"][workload]["verdict"] == verdict


def test_counts_and_emulated_time_never_stand_beside_time() -> None:
    measured = make.run("null_call", [100.0] * 7, Meaning("call"))
    named = [
        group_of(summarise(measured, made))
        for made in (
            make.conditions(),
            make.conditions(accel="icount", unit="instructions"),
            make.conditions(accel="tcg"),
        )
    ]
    assert named[0] == "null_call"
    assert len(set(named)) == 3
