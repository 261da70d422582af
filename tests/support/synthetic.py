"""Made-up samples for the tests of statistics and reports: the samples of a payload with known costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ferrule.payload.key import Params, RunKey
from ferrule.records.samples import Conditions, GuestResult, Histogram, Meaning, RunResult
from ferrule.validate import synthetic

process = synthetic.process


def conditions(guest: str = "local", **changes: Any) -> Conditions:
    made = Conditions(
        guest=guest,
        os="linux",
        arch="x86_64",
        kernel="6.1.0",
        accel="metal",
        unit="ns",
        counter="tsc",
        cpu_model="Example CPU",
        cpus=(0, 1),
        compiler="gcc 12",
        flags="-O2",
        payload="0123456789abcdef",
        facts={"host.governor": "performance"},
    )
    return replace(made, **changes)


def run(
    workload: str,
    costs: Sequence[float],
    meaning: Meaning,
    *,
    params: Params = (),
    place: str = "same_core",
    boots: int = 1,
    each: bool = False,
    core_ghz: float | None = None,
) -> RunResult:
    """One process for each cost, with 15 batches of that cost; processes are assigned to boots in turn."""
    histogram = Histogram(4000, 90, 9000, {90: 3990, 200: 10}) if each else None
    processes = [
        process([cost] * 15, boot=i % boots, number=i, ends=meaning.ends, histogram=histogram, core_ghz=core_ghz)
        for i, cost in enumerate(costs)
    ]
    for samples in processes if place == "cross_core" else ():
        samples.cpus[:, 1] = 1
    key = RunKey(workload, params, place)
    return RunResult(key, "ok", meaning=meaning, place=place, params=params, processes=processes)


def guest(runs: Sequence[RunResult], name: str = "local", **changes: Any) -> GuestResult:
    return GuestResult(name, conditions(name, **changes), {one.key: one for one in runs}, boots=1)


CALL = Meaning("call")
TRIP = Meaning("round_trip", bytes=2, switches=2, ends=2)


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


def results() -> list[GuestResult]:
    """Two guests with a run of every kind of outcome, one of them counting instructions."""
    spread = [1.0, 1.001, 1.002, 1.003, 1.004, 1.005, 1.006]

    def costs(ns: float) -> list[float]:
        return [ns * one for one in spread]

    local = guest(
        [
            run("null_call", costs(101.4), CALL, each=True, core_ghz=3.0),
            run("process_create", costs(161_000.0), CALL),
            run("context_switch", costs(1400.0), Meaning("one_way", 1, 1, 2), params=(("procs", 2), ("size", 0))),
            run("pipe_latency", costs(2800.0), TRIP, core_ghz=3.0),
            run("pipe_latency", costs(80_000.0), TRIP, place="cross_core"),
            run("pipe_bandwidth", costs(16_384.0), Meaning("one_way", 65536, 0, 2), params=(("size", 65536),)),
            run("page_fault", [500.0, 501.0, 502.0], CALL),
            run("empty_loop", [0.0] * 7, Meaning("iteration")),
        ]
    )
    counted = guest(
        [
            run("null_call", [154.5] * 7, CALL),
            run("page_fault", [500.5] * 6 + [501.0], CALL),
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
