"""Rows that no guest can fill, and each guest's answer for them."""

from __future__ import annotations

from ferrule.payload.key import RunKey
from ferrule.records.samples import Status
from ferrule.report import lacking
from ferrule.report.columns import Entry


def entry(key: RunKey, status: Status, reason: str = "") -> Entry:
    return Entry(key, "ipc", False, status, reason, None)


def test_every_guest_answers_for_itself() -> None:
    same, cross = RunKey("eventfd_pingpong"), RunKey("eventfd_pingpong", place="cross_core")
    one_cpu = "cross_core: needs two different CPUs in cpus=A,B"
    rows: list[lacking.Row] = [
        (same, [entry(same, "not_ported", "os_eventfd"), entry(same, "unsupported", "os_eventfd: errno 38")]),
        (cross, [entry(cross, "unsupported", one_cpu), entry(cross, "unsupported", one_cpu)]),
    ]
    assert lacking.lines(rows, ["linux", "redox"]) == (
        "eventfd_pingpong: not ported on linux; unsupported ENOSYS 38 on redox",
    )
    pipe = RunKey("pipe_latency", place="cross_core")
    other: list[lacking.Row] = [
        (RunKey("pipe_latency"), [entry(pipe, "ok")]),
        (pipe, [entry(pipe, "unsupported", one_cpu)]),
    ]
    assert lacking.lines(other, ["linux"]) == ("pipe_latency[cross_core]: needs more CPUs",)


def test_all_workloads_that_need_two_cpus_are_named() -> None:
    one_cpu = "cross_core: needs two different CPUs in cpus=A,B"
    names = [f"x{number}" for number in range(9)]
    keys = [RunKey(name, params, "cross_core") for name in names for params in ((), (("size", 1),))]
    rows: list[lacking.Row] = [(key, [entry(key, "unsupported", one_cpu)]) for key in keys]
    assert lacking.lines(rows, ["local"]) == (f"{', '.join(names)}: needs more CPUs",)


def test_many_rows_with_the_same_answers_share_a_line() -> None:
    keys = [RunKey(f"x{number}") for number in range(9)]
    rows: list[lacking.Row] = [(key, [entry(key, "absent", "os_pipe")]) for key in keys]
    assert lacking.lines(rows, ["floor"]) == ("9 rows (x0 ...): does not exist",)
