"""The Aero guest: its options and files, how a boot's end is classified, and real boots where there is a kernel.

FERRULE_AERO_KERNEL names a boot CD of Aero; without it nothing is booted.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from ferrule import guests
from ferrule.errors import ToolMissing, UsageError
from ferrule.guests import aero
from ferrule.images import ext2, gpt
from ferrule.machine.guest import Ages, Fragile
from ferrule.machine.options import AccelChoice, GuestOptions
from ferrule.payload.build import build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.stream import Decoder, Record

from tests.support.kinds import CD

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")
KERNEL = os.environ.get("FERRULE_AERO_KERNEL")
needs_kernel = pytest.mark.skipif(not KERNEL, reason="FERRULE_AERO_KERNEL names no boot CD of Aero")
BOOT_SECONDS = 120.0
BOOTS = 5


def options(kernel: Path, accel: AccelChoice = "tcg", **more: Any) -> GuestOptions:
    return GuestOptions(accel=accel, guest_files={("aero", "kernel"): kernel}, **more)


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    """A dummy CD: enough for all tests that do not boot it."""
    path = tmp_path / "some, aero.iso"
    path.write_bytes(CD)
    return path


@needs_qemu
def test_without_a_kernel_it_says_what_to_write(tmp_path: Path) -> None:
    empty = tmp_path / "guests.toml"
    empty.write_text("")
    with pytest.raises(ToolMissing, match=r"aero.iso.*https://.*guest.aero.kernel = "):
        guests.create("aero", GuestOptions(guests_file=empty))
    assert "boot CD" in str(guests.unavailable("aero", GuestOptions(guests_file=empty)))
    empty.write_text('[guest.aero]\nkernel = "nowhere.iso"\n')
    with pytest.raises(UsageError, match=r"guest.aero.kernel: .*nowhere.iso: no such file"):
        guests.create("aero", GuestOptions(guests_file=empty))


@needs_qemu
@pytest.mark.parametrize(
    ("more", "says"),
    [({"smp": 2}, "--smp 2"), ({"memory": 64}, "--memory 64"), ({"cpus": (1,)}, "--cpu 1")],
)
def test_what_aero_cannot_do_is_refused(iso: Path, more: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        guests.create("aero", options(iso, **more))


@needs_qemu
def test_the_machine_has_what_its_drivers_want_and_its_conditions_no_folder(iso: Path) -> None:
    guest = aero.create("aero", options(iso, "icount"))
    machine = guest.machine(iso, Path("/tmp/x,y/disk"))
    assert "file=/tmp/x,,y/disk,if=none,id=disk,format=raw,cache=unsafe" in machine.devices
    assert str(iso).replace(",", ",,") in machine.devices
    assert machine.kernel is None
    assert machine.smp == 1
    conditions = guest.describe()
    assert str(iso.parent) not in str(conditions)
    assert conditions["kernel.file"] == iso.name
    assert "-vga std" in conditions["qemu.command"]
    assert "nvme" in conditions["qemu.command"]


@needs_qemu
def test_what_may_hang_the_kernel_has_a_boot_of_its_own(iso: Path) -> None:
    guest = aero.create("aero", options(iso))
    assert isinstance(guest, Fragile)
    assert guest.breaks_on(RunKey("pipe_latency"))
    assert not guest.breaks_on(RunKey("pipe_latency", (), "cross_core")), "it is refused before anything can hang"
    assert not guest.breaks_on(RunKey("socket_latency"))
    assert isinstance(guest, Ages)
    assert [guest.ages_on(RunKey(name)) for name in ("thread_create", "null_call")] == [True, False]
    assert set(workloads()) >= aero.FRAGILE


def test_the_disk_holds_the_payload_and_how_often_to_start_it() -> None:
    payload = bytes(range(256)) * 400
    disk = aero.disk(payload, 7)
    files = {aero.INIT: payload, aero.COUNT: b"7", aero.SHARED: bytes(4096), aero.OBJECT: bytes(aero.OBJECT_BYTES)}
    image = ext2.image(files, ["dev", "proc", "tmp"], size=2 * aero.OBJECT_BYTES)
    assert disk == gpt.disk(image)


@pytest.mark.parametrize(
    ("status", "console", "errors", "clean", "detail"),
    [
        (
            0,
            "ferrule-init: process 0 ended with status 0\nferrule-init: end\n",
            "",
            True,
            "process 0 ended with status 0",
        ),
        (
            0,
            "ferrule-init: process 1 ended with status 2\nferrule-init: end\n",
            "",
            False,
            "process 1 ended with status 2",
        ),
        (0, "ferrule-init: process 0 ended with status 0\n", "", False, "the guest reset itself or powered off"),
        (1, "", "warning\nqemu: no such disk\n", False, "QEMU: qemu: no such disk"),
    ],
)
def test_every_ending_has_its_message(status: int, console: str, errors: str, clean: bool, detail: str) -> None:
    ending = aero.classify(status, console, errors)
    assert ending.clean is clean
    assert detail in ending.detail


def boot(accel: AccelChoice, plan: Plan, processes: int) -> tuple[list[Record], bool]:
    """A real boot: its records, and whether it ended with success."""
    guest = guests.create("aero", options(Path(str(KERNEL)), accel))
    decoder, records = Decoder(), []
    image = patch_plan(build_payload("aero", "x86_64", strict=True).image, plan.render())
    with guest.execute(image, processes, 0) as execution:
        deadline = time.monotonic() + BOOT_SECONDS
        while chunk := execution.read(max(0.1, deadline - time.monotonic())):
            records += [event for event in decoder.feed(chunk) if isinstance(event, Record)]
        return records, execution.ending().clean


# guest/os/aero/README.md explains each of them.
KNOWN_WRONG = {"file_create_remove", "file_lock", "futex_timeout", "idle", "page_fault", "protect"}


@needs_kernel
@needs_qemu
def test_booted_it_verifies_what_cannot_hang() -> None:
    names = [row.name for row in workloads().values() if not row.hidden and row.name not in aero.FRAGILE]
    runs = tuple(PlannedRun(RunKey(name)) for name in names)
    records, clean = boot("tcg", Plan(run="boot", verify_only=True, pin=True, cpus=(0,), runs=runs), 2)
    assert clean
    assert [record.process for record in records if record.kind == "done"] == [0, 1]
    names_by_index = {r.fields["i"]: r.fields["workload"] for r in records if r.kind == "begin"}
    wrong = {names_by_index[r.fields["i"]] for r in records if r.kind == "end" and r.fields["status"] == "wrong"}
    failed = [r.fields for r in records if r.kind == "end" and r.fields["status"] == "failed"]
    assert not failed
    assert wrong <= KNOWN_WRONG


@needs_kernel
@needs_qemu
@pytest.mark.parametrize("attempt", range(BOOTS))
def test_booted_again_and_again_it_counts_the_same(attempt: int) -> None:
    plan = Plan(
        run=f"again{attempt}",
        batches=5,
        warm=1,
        limit_ns=100_000_000,
        pin=True,
        cpus=(0,),
        runs=(PlannedRun(RunKey("null_call"), n=1000),),
    )
    records, clean = boot("icount", plan, 1)
    assert clean
    (index,) = {r.fields["i"] for r in records if r.kind == "begin" and r.fields["workload"] == "null_call"}
    ticks = [r.fields["t"] for r in records if r.kind == "batch" and r.fields["i"] == index and r.fields["warm"] == "0"]
    quickest = min(int(tick) for text in ticks for tick in text.split(","))
    assert 200 * 1000 < quickest < 400 * 1000, "285 instructions a call, by the kernel of 2025-04"
