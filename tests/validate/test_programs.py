"""Other benchmarks' programs: their output is read, endless programs are stopped, builds are found."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError, UsageError
from ferrule.validate import programs

from tests.support.patience import eventually


@pytest.mark.parametrize(
    ("tool", "output", "ns"),
    [
        ("perf", "     Total time: 0.094 [sec]\n\n       1.885260 usecs/op\n         530430 ops/sec\n", 1885.26),
        ("libMicro", "getpid         1   1      0.08946           32        0    20000 \n", 89.46),
        ("UnixBench", "COUNT|2000000|1|lps\nCOUNT|2000001|1|lps\n", 500.0),
        ("rt-tests", "Each sender will pass 1000 messages of 100 bytes\nTime: 0.058\n", 58e6),
    ],
)
def test_each_tool_s_number_is_read(tool: str, output: str, ns: float) -> None:
    one = programs.TOOLS[tool]
    number = programs.read(output, one.reads)
    assert (number * one.ns if one.ns > 0 else -one.ns / number) == pytest.approx(ns)


@pytest.mark.parametrize("output", ["", "usecs/op", "0.000000 usecs/op", "x usecs/op"])
def test_other_output_is_no_number(output: str) -> None:
    with pytest.raises(InfrastructureError, match="no number"):
        programs.read(output, programs.TOOLS["perf"].reads)


def test_the_last_of_will_it_scale_s_seconds_counts() -> None:
    output = "testcase:getppid\nwarmup\nmin:7 max:7 total:7\nmin:9 max:9 total:9\n"
    assert programs.read_windows(output) == 9.0
    for idle in ("testcase:getppid\nwarmup\n", "min:0 max:0 total:0\n"):
        with pytest.raises(InfrastructureError, match="no operation"):
            programs.read_windows(idle)


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_an_endless_program_is_stopped_with_its_children(tmp_path: Path) -> None:
    script = f'sleep 600 & echo $! > "{tmp_path}/child"; while :; do echo "min:1 max:1 total:5"; sleep 0.05; done'
    endless = program(tmp_path / "endless", script)
    cpu = min(os.sched_getaffinity(0))
    assert programs.read_windows(programs.windows([str(endless)], cpu, dict(os.environ), 2)) == 5.0
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/stat")
    assert eventually(lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] in "ZX")
    with pytest.raises(InfrastructureError, match="ended early"):
        programs.windows([str(program(tmp_path / "short", "echo nothing"))], cpu, dict(os.environ), 1)


def test_a_failing_program_gives_one_line_of_error(tmp_path: Path) -> None:
    cpu, here = min(os.sched_getaffinity(0)), dict(os.environ)
    failing = program(tmp_path / "failing", "echo broken >&2; exit 3")
    with pytest.raises(InfrastructureError, match=r"exit status 3: broken$"):
        programs.run([str(failing)], cpu, here)
    with pytest.raises(InfrastructureError, match="exit status"):
        programs.run([str(tmp_path / "none")], cpu, here)


def test_builds_are_found_by_their_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not {"will-it-scale", "libMicro", "UnixBench"} & set(programs.find(tmp_path))
    for name in ("a/getppid1_processes", "b/bin-x86_64/getpid", "c/UnixBench/pgms/context1"):
        program(tmp_path / name, "")
    found = programs.find(tmp_path)
    assert found["will-it-scale"] == tmp_path / "a"
    assert found["libMicro"] == tmp_path / "b/bin-x86_64"
    assert found["UnixBench"] == tmp_path / "c/UnixBench/pgms"
    monkeypatch.setenv(programs.ENVIRONMENT, str(tmp_path))
    assert programs.folder_of(None) == tmp_path
    monkeypatch.setenv(programs.ENVIRONMENT, str(tmp_path / "none"))
    with pytest.raises(UsageError, match=r"\$FERRULE_PEERS .*: no such folder"):
        programs.folder_of(None)
    with pytest.raises(UsageError, match=r"^--peers "):
        programs.folder_of(tmp_path / "none")
