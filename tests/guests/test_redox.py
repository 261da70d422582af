"""The Redox guest: what it accepts, how its boots end, and real boots where FERRULE_REDOX_KERNEL names a kernel."""

from __future__ import annotations

import io
import os
import shutil
import struct
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from ferrule import guests
from ferrule.campaign.budget import VERIFY
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import progress_on
from ferrule.errors import ToolMissing, UsageError
from ferrule.gate.conditions import known
from ferrule.guests.redox import NEEDS, RedoxGuest, check_kernel, classify
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Payload, build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads

from tests.guests.test_redox_abi import BARE
from tests.support.answers import faults
from tests.support.executions import read_all, undamaged
from tests.support.places import FAULTS

KERNEL = os.environ.get("FERRULE_REDOX_KERNEL")
CRASH = FAULTS / "crash.c"
booting = pytest.mark.skipif(KERNEL is None, reason="FERRULE_REDOX_KERNEL names no kernel to boot")
CLOCKED = ("clock_read", "futex_timeout", "timer_wakeup")
MEASURED = ("null_call", "pipe_latency", "scheme_call", "page_fault", "map_unmap")


def elf(machine: int = 62, entry: int = 0xFFFFFFFF80000010, kind: bytes = b"\x7fELF\x02") -> bytes:
    """The header of an ELF file without content."""
    return kind.ljust(18, b"\0") + struct.pack("<HIQ", machine, 1, entry) + bytes(64)


def built(*extra: Path) -> Payload:
    try:
        return build_payload("redox", "x86_64", extra_workloads=extra, strict=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def guest(kernel: Path, **options: object) -> RedoxGuest:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    asked = {"accel": "icount", "guest_files": {("redox", "kernel"): kernel}, **options}
    made = guests.create("redox", GuestOptions(**asked))  # type: ignore[arg-type]
    assert isinstance(made, RedoxGuest)
    return made


def real(**options: object) -> RedoxGuest:
    assert KERNEL is not None
    return guest(Path(KERNEL), **options)


def test_a_kernel_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "guests.toml").write_text("")
    options = GuestOptions(guests_file=tmp_path / "guests.toml")
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    assert NEEDS[0].upstream in (guests.unavailable("redox", options) or "")
    with pytest.raises(ToolMissing, match=r"redox: needs a Redox kernel .* --guest-file redox\.kernel=FILE"):
        guests.create("redox", options)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not a 64-bit ELF file"),
        (elf(kind=b"\x7fELF\x01"), "not a 64-bit ELF file"),
        (elf(machine=183), r"not for x86_64 \(ELF machine 183\)"),
        (elf(entry=0x401000), "not a Redox kernel: it is entered at 0x401000"),
        (elf() + bytes(33 << 20), "33 MiB; strip it"),
    ],
)
def test_what_is_no_kernel_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "kernel").write_bytes(content)
    with pytest.raises(UsageError, match=what):
        check_kernel(tmp_path / "kernel")


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"memory": 4096}, "--memory 4096: the redox guest takes 64 to 2048 MiB"),
        ({"accel": "icount", "smp": 2}, "--accel icount: .* on one CPU only"),
        ({"cpus": (1, 0)}, "--cpu 1,0: the redox guest pins to CPU 0 only"),
    ],
)
def test_options_it_cannot_honour_are_refused(tmp_path: Path, options: dict[str, object], what: str) -> None:
    (tmp_path / "kernel").write_bytes(elf())
    with pytest.raises(UsageError, match=what):
        guest(tmp_path / "kernel", **options)


def test_the_machine_has_the_kernel_beside_the_payload(tmp_path: Path) -> None:
    (tmp_path / "kernel").write_bytes(elf())
    conditions = guest(tmp_path / "kernel").describe()
    assert conditions["qemu.command"].endswith("-kernel payload -initrd kernel")
    assert str(tmp_path) not in "".join(conditions.values())


def test_builds_of_one_name_share_a_baseline_whatever_their_files_are_called(tmp_path: Path) -> None:
    keys = []
    for name in ("monday", "tuesday"):
        (tmp_path / name).write_bytes(elf() + name.encode())
        keys.append([known(guest(tmp_path / name), built(), build) for build in ("nightly", None)])
    assert keys[0][0] == keys[1][0]
    assert keys[0][1]["kernel.sha256"] != keys[1][1]["kernel.sha256"]


@pytest.mark.parametrize(
    ("status", "console", "clean", "detail"),
    [
        (0x41, "", True, "exit status 0"),
        (0x45, "", False, "exit status 2"),
        (0x9D, "", False, "exception 14 in the payload"),
        (0xC1, "ferrule: no kernel\r\n", False, "its loader refused the kernel: no kernel"),
        (0xC3, "", False, "the kernel's system calls are those from before 2026-01"),
        (0, "", False, "the guest reset itself"),
    ],
)
def test_every_ending_has_its_message(status: int, console: str, clean: bool, detail: str) -> None:
    ending = classify(status, console, "")
    assert (ending.clean, ending.detail) == (clean, detail)


def test_the_file_has_the_layout_of_memory() -> None:
    """Multiboot specification 0.6.96, 3.1: the header; one offset between file and memory for all segments."""
    payload = built()
    at = next(i for i in range(0, 8192, 4) if payload.image[i : i + 4] == struct.pack("<I", 0x1BADB002))
    magic, flags, check, header, start, load_end, end, entry = struct.unpack_from("<8I", payload.image, at)
    assert (magic + flags + check) % 2**32 == 0
    assert flags & 1 << 16
    distance = header - at
    for segment in ELFFile(io.BytesIO(payload.image)).iter_segments("PT_LOAD"):
        if segment["p_filesz"]:
            assert segment["p_paddr"] - segment["p_offset"] == distance
            assert start <= segment["p_paddr"] < segment["p_paddr"] + segment["p_filesz"] <= load_end
        assert segment["p_paddr"] + segment["p_memsz"] <= end
    assert start <= entry < load_end


@booting
@pytest.mark.parametrize(("accel", "smp"), [("icount", 1), ("tcg", 2)])
def test_every_workload_is_right_in_every_process(accel: str, smp: int) -> None:
    made = real(accel=accel, smp=smp)
    names = list(workloads())
    runs = tuple(PlannedRun(RunKey(name)) for name in names)
    plan = Plan(run="t", processes=2, verify_only=True, pin=bool(made.cpus), cpus=made.cpus, runs=runs)
    with made.execute(patch_plan(built().image, plan.render()), 2, 0) as execution:
        found = undamaged(read_all(execution))
        assert execution.ending().detail == "exit status 0", execution.console()
    for process in (0, 1):
        mine = [record for record in found if record.process == process]
        asked = {record.fields["i"]: record.fields["workload"] for record in mine if record.kind == "begin"}
        ends = {asked[record.fields["i"]]: record.fields for record in mine if record.kind == "end"}
        assert sorted(ends) == sorted(names)
        if accel == "tcg":  # the kernel's clock sometimes steps back when its ticks come late
            ends = {name: end for name, end in ends.items() if name not in CLOCKED}
        assert not faults("redox", ends, BARE)


@booting
def test_two_icount_boots_give_the_same_records() -> None:
    runs = tuple(PlannedRun(RunKey(name), 64) for name in MEASURED)
    image = patch_plan(built().image, Plan(run="t", batches=3, warm=1, pin=True, cpus=(0,), runs=runs).render())
    streams = []
    for boot in range(2):
        with real().execute(image, 1, boot) as execution:
            streams.append(read_all(execution))
            assert execution.ending().clean, execution.console()
    assert streams[0] == streams[1]
    assert {record.fields["status"] for record in undamaged(streams[0]) if record.kind == "end"} == {"ok"}


@booting
def test_a_payload_that_crashes_says_how() -> None:
    plan = Plan(run="t", processes=3, batches=1, warm=0, runs=(PlannedRun(RunKey("crash"), 1),))
    with real().execute(patch_plan(built(CRASH).image, plan.render()), 3, 0) as execution:
        found = undamaged(read_all(execution), ended=False)
        ending = execution.ending()
    assert not ending.clean
    assert ending.detail == "exception 14 in the payload"
    assert {record.process for record in found} == {0}


@booting
def test_a_bad_plan_ends_the_boot_with_its_status() -> None:
    with real().execute(patch_plan(built().image, "w no_such_workload\n"), 1, 0) as execution:
        read_all(execution)
        assert execution.ending().detail == "exit status 2"
        assert "no workload is called no_such_workload" in execution.console()


@booting
@pytest.mark.parametrize("keep", [0.05, 0.5])
def test_a_damaged_kernel_is_an_error_in_time(tmp_path: Path, keep: float) -> None:
    content = Path(KERNEL or "").read_bytes()
    size = int(len(content) * keep)
    (tmp_path / "kernel").write_bytes(content[:size] + bytes(len(content) - size))
    made = guest(tmp_path / "kernel", boot_seconds=10.0)
    with progress_on(sys.stderr) as progress:
        campaign = Campaign([made], {"redox": [RunKey("null_call")]}, lambda _: built(), VERIFY, 1, progress)
        result = campaign.run()["redox"]
    assert result.runs[RunKey("null_call")].status == "missing"
    assert "before its first record" in result.errors[0] or "sent nothing within 10 s" in result.errors[0]
