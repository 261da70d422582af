"""`ferrule list`: the table, its JSON, and the page of one workload, read from the real sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.payload.registry import workloads

WORKLOAD = """/* One write and one read
 * of a pipe.
 *
 * Pitfall: none. */
#include "workloads/workload.h"

static inline void op(struct run *run) {
    os_pipe(0); // never os_open
}

WORKLOAD{
    .name = "mine",
    .family = "%s",
    .what = "a pipe is made",
    .per = PER_CALL,
    .ends = 1,
    .params = "size=4",
    LOOPS,
};
"""


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["list", *words]) == 0
    return capsys.readouterr().out


def test_every_workload_is_in_the_table_and_in_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    text, data = listed(capsys), json.loads(listed(capsys, "--json"))
    assert {one["workload"] for one in data} == set(workloads())
    for one in data:
        assert one["workload"] in text
        assert one["what"] in text


def test_all_about_one(capsys: pytest.CaptureFixture[str]) -> None:
    text, data = listed(capsys, "pipe_latency"), json.loads(listed(capsys, "pipe_latency", "--json"))
    assert data["per"] == "round_trip"
    assert data["parameters"] == {"size": 1, "library": 0}
    assert {"os_pipe", "os_read", "os_process_start"} <= set(data["operations"])
    assert data["ports"]["linux"] == []
    assert "os_pipe" in data["ports"]["hermit"]
    assert data["comment"].startswith("Ping-pong between two processes over two pipes")
    for word in ("round trip", "size=1 library=0", "guest/workloads/ipc/pipe_latency.c", "linux has all of them"):
        assert word in text


def test_one_of_the_users_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.c"
    file.write_text(WORKLOAD % tmp_path.name)
    data = json.loads(listed(capsys, "mine", "--extra", str(file), "--json"))
    assert data["operations"] == ["os_pipe"]
    assert data["comment"] == "One write and one read of a pipe.\nPitfall: none."
    assert data["source"] == str(file)
    assert "size=4" in listed(capsys, "mine", f"--extra={file}")


def test_no_such_workload_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "pipe_latenc"]) == 2
    assert capsys.readouterr().err == "ferrule: no workload pipe_latenc; did you mean pipe_latency?\n"
