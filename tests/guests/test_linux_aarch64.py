"""The Linux guest for AArch64: what it refuses, its machine, and boots of Debian's kernel where QEMU and apt are."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from ferrule import guests
from ferrule.errors import FerruleError, UsageError
from ferrule.images import arm64, kernels
from ferrule.machine import qemu
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT
from ferrule.records.stream import Decoder, Record

from tests.support.patience import PATIENCE

IMAGE = bytes(56) + arm64.MAGIC + bytes(64)
LINUX_WORKS = 19
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-aarch64") is None, reason="qemu-system-aarch64 is not here")


@needs_qemu
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"smp": 2}, "--smp 2: the linux_aarch64 guest has one CPU"),
        ({"accel": "kvm"}, "--accel kvm: the linux_aarch64 guest is emulated"),
        ({"transport": "9p"}, "--transport 9p: the linux_aarch64 guest knows serial and console"),
        ({"memory": 64}, "--memory 64: the linux_aarch64 guest needs 96 MiB"),
        ({"sha256": "0" * 64}, "its SHA-256 is [0-9a-f]{64}, not 0000"),
    ],
)
def test_what_it_cannot_be_given_is_refused(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    image = tmp_path / "Image"
    image.write_bytes(IMAGE)
    with pytest.raises(UsageError, match=says):
        guests.create("linux_aarch64", GuestOptions(**{"accel": "icount", "linux_kernel": image, **more}))


@needs_qemu
def test_its_machine_is_no_pc(tmp_path: Path) -> None:
    image = tmp_path / "Image"
    image.write_bytes(IMAGE)
    made = guests.create("linux_aarch64", GuestOptions(accel="icount", linux_kernel=image, linux_append="quiet=2"))
    command = made.describe()["qemu.command"]
    assert "-M virt,dtb-randomness=off" in command
    assert "cntfrq=1000000000" in command
    assert "isa-debug-exit" not in command
    assert command.endswith("random.trust_cpu=off quiet=2")


def test_a_kernel_of_another_machine_is_told(tmp_path: Path) -> None:
    image = tmp_path / "Image"
    image.write_bytes(IMAGE)
    with pytest.raises(UsageError, match="is an arm64 Image; use --guest linux_aarch64"):
        kernels.choose(GuestOptions(linux_kernel=image))
    image.write_bytes(b"MZ" + bytes(100))
    with pytest.raises(UsageError, match="not a raw arm64 Image"):
        arm64.choose(GuestOptions(linux_kernel=image))


def test_a_pc_has_its_debug_port() -> None:
    assert "isa-debug-exit,iobase=0xf4,iosize=4" in qemu.arguments(qemu.Machine("qemu", "icount", None))


def records(plan: Plan) -> list[Record]:
    """All records of a boot under icount."""
    try:
        made = guests.create("linux_aarch64", GuestOptions(accel="icount"))
        image = build_payload(made.os, made.arch).image
    except FerruleError as error:
        pytest.skip(str(error))
    found: list[Record] = []
    decoder, ends = Decoder(), time.monotonic() + PATIENCE
    with made.execute(patch_plan(image, plan.render()), plan.processes, 0) as execution:
        while chunk := execution.read(max(0.0, ends - time.monotonic())):
            found += [event for event in decoder.feed(chunk) if isinstance(event, Record)]
        assert execution.ending().clean, execution.console()[-2000:]
    return found


@needs_qemu
def test_every_workload_of_linux_works_or_is_refused() -> None:
    rows = [row for row in workloads().values() if not row.hidden]
    plan = Plan(verify_only=True, pin=True, cpus=(0,), runs=tuple(PlannedRun(RunKey(row.name)) for row in rows))
    ended = {one.fields["i"]: one.fields["status"] for one in records(plan) if one.kind == "end"}
    status = {row.name: ended[str(place)] for place, row in enumerate(rows)}
    assert set(status.values()) <= {"ok", *WITHOUT}, status
    assert sum(status[row.name] == "ok" for row in rows if not row.control) >= LINUX_WORKS


@needs_qemu
def test_calls_cost_the_same_in_every_boot() -> None:
    runs = tuple(PlannedRun(RunKey(name), n=100) for name in ("null_call", "clock_read"))
    plan = Plan(batches=5, warm=1, pin=True, cpus=(0,), runs=runs)
    least = []
    for _ in range(2):
        batches = [one.fields for one in records(plan) if one.kind == "batch" and one.fields["warm"] == "0"]
        ticks = [(one["i"], int(t)) for one in batches for t in one["t"].split(",")]
        least.append({place: min(t for here, t in ticks if here == place) for place, _ in ticks})
    assert least[0] == least[1], "but where a tick of the kernel's falls"
    assert set(least[0]) >= {"0", "1"}
