"""The payload's own plan parser, on this host: the harness's parser is tested against it."""

from __future__ import annotations

from typing import Any

from ferrule.core._native import native
from ferrule.errors import UsageError
from ferrule.payload.key import RunKey
from ferrule.payload.plan import PLACES, Plan, PlannedRun


def parse_plan(text: bytes) -> Plan:
    """plan_parse() over plan_default().

    Raises:
        UsageError: names the line and what is wrong with it.
    """
    ffi, lib = native()
    plan: Any = ffi.new("struct plan *")
    why: Any = ffi.new("const char **")
    lib.plan_default(plan)
    line = lib.plan_parse(plan, ffi.from_buffer(text), len(text), why)
    if line:
        raise UsageError(f"plan: line {line}: {ffi.string(why[0]).decode()}")
    return Plan(
        run=ffi.string(plan.run).decode(),
        **{
            name: int(getattr(plan, name))
            for name in ("seed", "boot", "process", "processes", "batches", "control_batches")
        },
        **{name: int(getattr(plan, name)) for name in ("warm", "each", "target_ns", "limit_ns")},
        verify_only=plan.verify == lib.VERIFY_ONLY,
        pin=bool(plan.pin),
        apart=bool(plan.apart),
        cpus=tuple(int(plan.cpu[i]) for i in range(plan.cpus)),
        runs=tuple(_run(ffi, plan.run_list[i]) for i in range(plan.runs)),
    )


def plan_order(seed: int, boot: int, process: int, count: int) -> list[int]:
    """The order in which a process takes its `count` runs, as the payload draws it."""
    ffi, lib = native()
    order: Any = ffi.new("uint32_t[]", count)
    lib.plan_order(seed, boot, process, count, order)
    return [int(index) for index in order]


def _run(ffi: Any, run: Any) -> PlannedRun:
    params = tuple((ffi.string(run.param[i].key).decode(), int(run.param[i].value)) for i in range(run.params))
    key = RunKey(ffi.string(run.workload).decode(), params, PLACES[run.place])
    return PlannedRun(key, int(run.batch), int(run.more), int(run.spin))
