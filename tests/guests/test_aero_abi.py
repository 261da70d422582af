"""Aero's port without Aero: every call of the payload is checked against the table."""

from __future__ import annotations

from functools import cache

import pytest
from elftools.elf.elffile import ELFFile
from ferrule.errors import ToolMissing
from ferrule.guests.aero import COUNT, INIT, OBJECT, OBJECT_BYTES, SHARED, SHARED_BYTES
from ferrule.payload.build import Payload, build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.stream import Damage, Decoder, Record

from tests.support.abi.aero import Aero
from tests.support.abi.aero_files import Answer
from tests.support.abi.aero_table import ANSWERS, TABLE
from tests.support.abi.machine import Context, Violation
from tests.support.answers import faults


@cache
def payload() -> Payload:
    try:
        return build_payload("aero", "x86_64", strict=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def boot(image: bytes, processes: int = 1, kernel: type[Aero] = Aero) -> Aero:
    files = {f"/{INIT}": image, f"/{COUNT}": str(processes).encode()}
    aero = kernel(files | {f"/{SHARED}": bytes(SHARED_BYTES), f"/{OBJECT}": bytes(OBJECT_BYTES)})
    aero.boot()
    return aero


def records(aero: Aero) -> list[Record]:
    decoder = Decoder()
    events = [*decoder.feed(b"".join(line + b"\n" for line in aero.log)), *decoder.close()]
    assert not [event for event in events if isinstance(event, Damage)]
    return [event for event in events if isinstance(event, Record)]


def plan(*names: str, others: tuple[RunKey, ...] = ()) -> bytes:
    runs = tuple(PlannedRun(key) for key in (*map(RunKey, names), *others))
    return Plan(run="abi", verify_only=True, pin=True, cpus=(0,), runs=runs).render()


def test_every_workload_by_the_table() -> None:
    names = [row.name for row in workloads().values() if not row.hidden]
    by_descriptor = RunKey("file_status", (("by", 1),))
    aero = boot(patch_plan(payload().image, plan(*names, others=(by_descriptor,))), processes=2)
    assert aero.log[-1] == b"ferrule-init: end"
    found = records(aero)
    assert [record.kind for record in found].count("done") == 2
    for process in (0, 1):
        mine = [record.fields for record in found if record.process == process]
        asked = {one["i"]: one["workload"] for one in mine if "workload" in one}
        ends = {asked[one["i"]]: one for one in mine if "status" in one}
        assert ends.keys() == set(names)
        assert not faults("aero", ends, ANSWERS)
    # directory_list needs a rewind, which Aero refuses: so the payload reads no directory.
    assert {name for name, _ in TABLE.values()} - aero.used == {"getdents"}


def test_a_bad_plan_ends_the_boot_with_its_status() -> None:
    aero = boot(patch_plan(payload().image, "w no_such_workload\n"), processes=3)
    assert b"ferrule-init: process 0 ended with status 2" in aero.log
    assert not any(line.startswith(b"ferrule-init: process 1") for line in aero.log)
    assert aero.log[-1] == b"ferrule-init: end"


def test_the_kernel_finds_bytes_in_every_segment() -> None:
    """Aero's exec panics at a segment without bytes in the file."""
    with payload().path.open("rb") as file:
        loads = [segment for segment in ELFFile(file).iter_segments() if segment["p_type"] == "PT_LOAD"]
        assert loads
        assert all(segment["p_filesz"] > 0 for segment in loads)
        assert all(segment["p_align"] == 4096 for segment in loads)


class WithoutPipe(Aero):
    """A kernel that lacks a call, as for a wrong call number in the port."""

    def call(self, context: Context) -> Answer:
        if context.number == 33:
            raise Violation("call 33 is not one of Aero's that the payload knows")
        return super().call(context)


def test_a_call_outside_the_table_fails() -> None:
    with pytest.raises(Violation, match="call 33"):
        boot(patch_plan(payload().image, plan("pipe_latency")), kernel=WithoutPipe)
