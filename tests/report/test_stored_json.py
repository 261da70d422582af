"""The file of --json, read back: the same summaries as the history's, from one real run."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.report import history, stored_json

from tests.test_plugin import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


def test_both_stored_forms_of_a_run_are_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workloads = "null_call,pipe_bandwidth[size=4096],scheme_call"
    run(f"--workload={workloads}", "--place=same_core", "--json=run.json", cwd=tmp_path)
    (file,) = tmp_path.glob("results/*/*/local.jsonl")
    (stored,) = history.read_last(file)
    (column,) = stored_json.read(tmp_path / "run.json")
    assert column.conditions == stored.column.conditions
    kept = {entry.key: entry for entry in stored.column.entries if not entry.control}
    assert {entry.key for entry in column.entries} >= kept.keys()
    for entry in column.entries:
        if (other := kept.get(entry.key)) is None:
            continue
        assert (entry.status, entry.reason, entry.family) == (other.status, other.reason, other.family)
        one, two = entry.summary, other.summary
        assert (one is None) == (two is None)
        if one is None or two is None:
            continue
        assert one.per_process == pytest.approx(two.per_process)  # by way of seconds
        same = ("interval", "meaning", "params", "place", "boots", "flags", "tails", "throughput", "cycles")
        for name in same:
            assert getattr(one, name) == getattr(two, name), name
    assert main(["compare", str(tmp_path / "run.json"), "last", f"--results={tmp_path}/results", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["guests"]["local"]
    assert {"null_call", "pipe_bandwidth[size=4096]"} <= rows.keys()
    assert all(row["ratio"]["ratio"] == pytest.approx(1.0) for row in rows.values())
