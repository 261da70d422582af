"""The kernel calls of an operation, read from the sources of workloads and ports."""

from __future__ import annotations

from pathlib import Path

import pytest
from ferrule.payload.registry import workloads
from ferrule.payload.sequences import UNKNOWN, UNSEEN, Step, answers, calls


def of(name: str, port: str) -> tuple[list[str | None], list[str | None]]:
    found = calls(workloads()[name].path)
    return [step.kernels[port] for step in found.timed], [step.kernels[port] for step in found.others]


@pytest.mark.parametrize(
    ("workload", "port", "timed", "others"),
    [
        ("null_call", "linux", ["getppid"], []),
        ("null_call", "redox", [UNKNOWN], []),
        ("null_call", "hermit", ["sys_getpid"], []),
        ("null_call_wrapped", "aero", ["getppid"], []),  # within a function of the workload's
        ("invalid_call", "linux", [UNKNOWN], []),
        ("invalid_call", "floor", [UNKNOWN], []),
        ("clock_read", "linux", ["clock_gettime in the vDSO, clock_gettime"], []),
        ("clock_read", "floor", ["no call"], []),
        ("open_close", "aero", ["open", "close"], []),
        ("open_close", "floor", [None, "close"], []),
        ("file_read", "redox", ["read2"], []),
        ("file_read", "hermit", ["sys_lseek, sys_read"], []),
        ("pipe_latency", "linux", ["write", "read"], ["read", "write"]),  # all of it by a header's macro
        ("pipe_bandwidth", "redox", ["write", "read"], ["read", "write"]),  # the loop is a header's
        ("context_switch", "aero", ["write", "read"], ["read", "write"]),  # in functions of a header's
        ("futex_pingpong", "hermit", ["sys_futex_wake", "sys_futex_wait"], ["sys_futex_wait", "sys_futex_wake"]),
        ("scheme_call", "redox", ["call"], ["write, read", "write, close"]),  # calls before its loop are not listed
        ("map_unmap", "redox", ["fmap", "funmap"], []),
        ("page_fault", "linux", [], []),
    ],
)
def test_the_calls_of_an_operation(workload: str, port: str, timed: list[str | None], others: list[str | None]) -> None:
    assert of(workload, port) == (timed, others)


def test_calls_through_a_table_of_functions_are_marked_as_unseen() -> None:
    started = answers()["redox"]["os_thread_start"]
    assert UNSEEN in started.split(", ")
    assert "write" in started


def test_every_workload_but_those_without_a_kernel_asks_for_something() -> None:
    silent = {name for name, one in workloads().items() if not calls(one.path).timed}
    memory = {name for name, one in workloads().items() if one.family in ("control", "memory")}
    assert silent <= memory
    assert "page_fault" in silent


def test_each_call_of_a_sequence_is_listed_once_in_the_order_of_the_text(tmp_path: Path) -> None:
    source = tmp_path / "own.c"
    source.write_text(
        "static void member(void *argument) {\n    os_pipe(0);\n"
        "    while (os_read(0, 0, 1) > 0)\n        os_yield();\n}\n"
        "static void twice(void) {\n    os_read(0, 0, 1);\n}\n"
        "static inline void op(struct run *run) {\n    os_write(0, 0, 1);\n    twice();\n    os_write(0, 0, 1);\n}\n"
    )
    found = calls(source)
    assert [step.name for step in found.timed] == ["os_write", "os_read"]
    assert [step.name for step in found.others] == ["os_read", "os_yield"]
    assert found.timed[0] == Step("os_write", found.timed[0].kernels)
    assert found.timed[0].kernels["linux"] == "write"
