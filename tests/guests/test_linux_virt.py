"""Linux on the virt boards: refused options, the machines, and boots of Debian's kernels where QEMU and apt are."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from ferrule import guests
from ferrule.errors import FerruleError, ToolMissing, UsageError
from ferrule.images import kernels, rawimage
from ferrule.machine import qemu
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_for, build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT
from ferrule.records.stream import Decoder, Record

from tests.support.patience import PATIENCE

ARCHES = ("aarch64", "riscv64")
IMAGES = {arch: bytes(56) + magic + bytes(64) for arch, magic in rawimage.MAGIC.items()}
LINUX_WORKS = 19
each = pytest.mark.parametrize("arch", ARCHES)


@pytest.fixture
def image(arch: str, tmp_path: Path) -> Path:
    """A file with the header of an Image; skips the test where QEMU for its architecture is missing."""
    if shutil.which(f"qemu-system-{arch}") is None:
        pytest.skip(f"qemu-system-{arch} is not here")
    path = tmp_path / "Image"
    path.write_bytes(IMAGES[arch])
    return path


@each
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"smp": 2}, "--smp 2: the linux_{arch} guest has one CPU"),
        ({"accel": "kvm"}, "--accel kvm: the linux_{arch} guest is emulated"),
        ({"transport": "9p"}, "--transport 9p: the linux_{arch} guest knows serial and console"),
        ({"memory": 64}, "--memory 64: the linux_{arch} guest needs 96 MiB"),
        ({"sha256": "0" * 64}, "its SHA-256 is [0-9a-f]{64}, not 0000"),
    ],
)
def test_what_it_cannot_be_given_is_refused(image: Path, arch: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("{arch}", arch)):
        guests.create(f"linux_{arch}", GuestOptions(**{"accel": "icount", "linux_kernel": image, **more}))


# What makes counts exact: a counter that ticks with each instruction, and no random numbers of the host.
EXACT = {
    "aarch64": ("-M virt,dtb-randomness=off", "cntfrq=1000000000", "random.trust_cpu=off"),
    "riscv64": ("-M virt ", "-seed 1", "random.trust_cpu=off initcall_blacklist=pmu_sbi_devinit"),
}


@each
def test_its_machine_is_no_pc_and_has_nothing_random(image: Path, arch: str) -> None:
    made = guests.create(f"linux_{arch}", GuestOptions(accel="icount", linux_kernel=image, linux_append="quiet=2"))
    command = made.describe()["qemu.command"]
    for part in EXACT[arch]:
        assert part in command
    assert "isa-debug-exit" not in command
    assert command.endswith(" quiet=2")


@each
def test_a_kernel_of_another_machine_is_named(tmp_path: Path, arch: str) -> None:
    image, name = tmp_path / "Image", rawimage.KERNELS_NAME[arch]
    image.write_bytes(IMAGES[arch])
    with pytest.raises(UsageError, match=f"is a raw {name} Image; use --guest linux_{arch}"):
        kernels.choose(GuestOptions(linux_kernel=image))
    for other in set(ARCHES) - {arch}:
        with pytest.raises(UsageError, match=f"is one for {arch}; use --guest linux_{arch}"):
            rawimage.choose(other, GuestOptions(linux_kernel=image))
    image.write_bytes(b"MZ" + bytes(100))
    with pytest.raises(UsageError, match=rf"must be a raw {name} Image \(.*\): not one"):
        rawimage.choose(arch, GuestOptions(linux_kernel=image))


@each
def test_what_is_missing_is_reported_before_a_run(arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"linux_{arch}"
    assert name not in guests.embedded(), "it is measured only when it is named"
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (guests.unavailable(name) or "").startswith(f"qemu-system-{arch} is not on PATH; install it: apt-get ")
    kernel = rawimage.KERNELS_NAME[arch]
    assert f"name a raw {kernel} Image by --linux-kernel FILE" in (rawimage.unavailable(arch, GuestOptions()) or "")
    assert rawimage.unavailable(arch, GuestOptions(linux_kernel=tmp_path / "Image")) is None


def test_without_apt_an_image_of_ones_own_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ToolMissing,
        match=r"^no kernel for riscv64: .* --linux-kernel FILE; it must be a raw riscv Image$",
    ):
        rawimage.choose("riscv64", GuestOptions())


def test_riscvs_payload_reads_cycles_where_the_guest_says_so() -> None:
    try:
        plain, counted = (build_payload("linux", "riscv64", counter=name) for name in (None, "CYCLES"))
    except FerruleError as error:
        pytest.skip(str(error))
    assert (b"rdtime" in plain.image, b"rdcycle" in plain.image) == (True, False)
    assert (b"rdtime" in counted.image, b"rdcycle" in counted.image) == (False, True)
    assert counted.flags == f"{plain.flags} -DFERRULE_COUNTER_CYCLES"


def test_a_pc_has_its_debug_port() -> None:
    assert "isa-debug-exit,iobase=0xf4,iosize=4" in qemu.arguments(qemu.Machine("qemu", "icount", None))


def records(arch: str, plan: Plan) -> list[Record]:
    """All records of a boot under icount."""
    try:
        made = guests.create(f"linux_{arch}", GuestOptions(accel="icount"))
        image = build_for(made).image
    except FerruleError as error:
        pytest.skip(str(error))
    found: list[Record] = []
    decoder, ends = Decoder(), time.monotonic() + PATIENCE
    with made.execute(patch_plan(image, plan.render()), plan.processes, 0) as execution:
        while chunk := execution.read(max(0.0, ends - time.monotonic())):
            found += [event for event in decoder.feed(chunk) if isinstance(event, Record)]
        assert execution.ending().clean, execution.console()[-2000:]
    return found


@each
def test_every_workload_of_linux_works_or_is_refused(arch: str) -> None:
    rows = [row for row in workloads().values() if not row.hidden]
    plan = Plan(verify_only=True, pin=True, cpus=(0,), runs=tuple(PlannedRun(RunKey(row.name)) for row in rows))
    ended = {one.fields["i"]: one.fields["status"] for one in records(arch, plan) if one.kind == "end"}
    status = {row.name: ended[str(place)] for place, row in enumerate(rows)}
    assert set(status.values()) <= {"ok", *WITHOUT}, status
    assert sum(status[row.name] == "ok" for row in rows if not row.control) >= LINUX_WORKS


@each
def test_calls_cost_the_same_in_every_boot(arch: str) -> None:
    runs = tuple(PlannedRun(RunKey(name), n=100) for name in ("null_call", "clock_read"))
    plan = Plan(batches=5, warm=1, pin=True, cpus=(0,), runs=runs)
    least = []
    for _ in range(2):
        batches = [one.fields for one in records(arch, plan) if one.kind == "batch" and one.fields["warm"] == "0"]
        ticks = [(one["i"], int(t)) for one in batches for t in one["t"].split(",")]
        least.append({place: min(t for here, t in ticks if here == place) for place, _ in ticks})
    assert least[0] == least[1], "the least of all batches has no timer interrupt in it"
    assert set(least[0]) >= {"0", "1"}
