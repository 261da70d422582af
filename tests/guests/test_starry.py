"""The StarryOS guest: its options and files, its disk, how a boot's end is classified; booted where there is a kernel.

The kernel is the one that `ferrule kernel get starry` has put into the cache, or FERRULE_STARRY_KERNEL names one.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ferrule import guests, kernels
from ferrule.campaign.budget import VERIFY, Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.errors import ToolMissing, UsageError
from ferrule.guests import starry
from ferrule.images import firmware
from ferrule.machine import qemu
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT, GuestResult

from tests.support.kinds import FIRMWARE
from tests.support.patience import PATIENCE

NAMED = os.environ.get("FERRULE_STARRY_KERNEL")
KERNEL = Path(NAMED) if NAMED else kernels.files("starry").get("kernel")
needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")
needs_kernel = pytest.mark.skipif(KERNEL is None, reason="no StarryOS kernel: ferrule kernel get starry")
LINUX_WORKS = 80  # workloads without controls, of those that the Linux port has on one CPU
HANGS = 2  # its TCP sometimes stops on a busy host: docs/upstream-findings.md
COUNTED = ("null_call", "invalid_call", "clock_read")
COUNTING = Budget(boots=2, processes=1, batches=5, warm=1, each=0, target_ns=100_000, limit_ns=2_000_000_000)


def options(tmp_path: Path, **more: Any) -> GuestOptions:
    """Options with a dummy kernel and dummy firmware: enough for all tests that do not boot."""
    files = {("starry", key): tmp_path / f"some, {key}" for key in ("kernel", "firmware")}
    for path in files.values():
        path.write_bytes(b"MZ" if path.name.endswith("kernel") else FIRMWARE)
    return GuestOptions(**{"accel": "icount", "guest_files": files, **more})


@needs_qemu
def test_without_a_kernel_it_names_our_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    empty = tmp_path / "guests.toml"
    empty.write_text("")
    with pytest.raises(
        ToolMissing, match=r"needs StarryOS's .*make it: ferrule kernel get starry; .*guest\.starry\.ker"
    ):
        guests.create("starry", GuestOptions(guests_file=empty))


@needs_qemu
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"memory": 96}, "--memory 96: the starry guest needs 128 MiB"),
        ({"smp": 2}, "--accel icount: QEMU counts instructions on one CPU only, not 2"),
    ],
)
def test_what_it_cannot_be_given_is_refused(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        guests.create("starry", options(tmp_path, **more))


@needs_qemu
def test_conditions_are_the_same_text_wherever_the_files_are(tmp_path: Path) -> None:
    conditions = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made = guests.create("starry", options(tmp_path / name))
        conditions.append(made.describe())
        made.close()
    assert conditions[0] == conditions[1]
    assert "-bios no-tpm-some, firmware" in conditions[0]["qemu.command"]
    assert conditions[0]["kernel.sha256"] == hashlib.sha256(b"MZ").hexdigest()
    assert conditions[0]["firmware.sha256"] == hashlib.sha256(FIRMWARE).hexdigest()


def test_the_disk_has_inits_command_line() -> None:
    image = starry.disk(b"the payload", 7)
    assert b"ferrule.port=/dev/ttyS0 ferrule.processes=7 -- /payload\n" in image
    assert image == starry.disk(b"the payload", 7)


@pytest.mark.parametrize(
    ("status", "console", "errors", "clean", "detail"),
    [
        (0, "ferrule-init: all processes ended with status 0\n", "", True, "the guest powered off"),
        (0, "ferrule-init: /payload ended with status 2\n", "", False, "/payload ended with status 2"),
        (0, "", "", False, "the guest powered off too early"),
        (0, "[3.1] panicked at src/a.rs:1:2:\n", "", False, "panicked at src/a.rs:1:2:"),
        (1, "", "qemu: no such file\n", False, "QEMU: qemu: no such file"),
    ],
)
def test_endings(status: int, console: str, errors: str, clean: bool, detail: str) -> None:
    assert starry.classify(status, console, errors) == guests.Ending(clean, detail)


def measured(budget: Budget, sizes: Mapping[RunKey, int]) -> GuestResult:
    """The result of one campaign: a boot whose disk failed is repeated, and what hangs the kernel costs only itself."""
    made = guests.create("starry", GuestOptions(accel="icount", guest_files={("starry", "kernel"): Path(KERNEL or "")}))
    whole = Campaign(
        [made],
        {made.name: tuple(sizes)},
        lambda guest: build_payload(guest.os, guest.arch),
        budget,
        seed=1,
        progress=PlainProgress(io.StringIO()),
        verify_only=budget is VERIFY,
        sizes={made.name: {key: n for key, n in sizes.items() if n}},
    )
    result = whole.run()[made.name]
    made.close()
    return result


@needs_qemu
@needs_kernel
def test_every_workload_of_linux_works_or_is_refused() -> None:
    result = measured(VERIFY, {RunKey(row.name): 0 for row in workloads().values() if not row.hidden})
    found = {key.workload: run.status for key, run in result.runs.items() if run.status not in ("ok", *WITHOUT)}
    assert set(found.values()) <= {"hung"}, (found, result.errors)
    assert len(found) <= HANGS, (found, result.errors)
    own = [run for key, run in result.runs.items() if not workloads()[key.workload].control]
    assert sum(run.status == "ok" for run in own) >= LINUX_WORKS


@needs_qemu
@needs_kernel
def test_the_least_of_a_call_is_the_same_in_every_boot() -> None:
    """Only the least of all batches: the disk's and the timer's interrupts fall into other batches in each boot."""
    result = measured(COUNTING, dict.fromkeys(map(RunKey, COUNTED), 10))
    for key in map(RunKey, COUNTED):
        processes = result.runs[key].processes
        assert len(processes) == COUNTING.boots, result.errors
        assert len({int(samples.ticks.min()) for samples in processes}) == 1


def test_firmware_is_looked_for_where_distributions_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bios = tmp_path / "OVMF.fd"
    monkeypatch.setattr(firmware, "PLACES", (str(tmp_path / "none"), str(bios)))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissing, match=r"no UEFI firmware: .*install OVMF"):
        firmware.find()
    bios.write_bytes(b"firmware")
    assert firmware.find() == bios
    assert firmware.unavailable() is None


def test_firmware_reads_ones_where_a_tpm_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    bios = tmp_path / "OVMF.fd"
    bios.write_bytes(FIRMWARE)
    made = firmware.without_tpm(bios)
    content = made.read_bytes()
    assert content.endswith(FIRMWARE)
    assert not content.removesuffix(FIRMWARE).strip(b"\xff")
    assert (1 << 32) - len(content) == 0xFED4_0000, "the address of a TPM's first register"
    made.write_bytes(content[:-1])  # as after a write to a full disk
    assert firmware.without_tpm(bios).read_bytes() == content
    bios.write_bytes(FIRMWARE[::-1])
    assert firmware.without_tpm(bios).read_bytes().endswith(FIRMWARE[::-1]), "another firmware of the same name"


@needs_qemu
def test_a_machine_reads_ones_where_a_tpm_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other devices at such addresses are still there, as QEMU's monitor shows before the first instruction."""
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    bios = tmp_path / "OVMF.fd"
    bios.write_bytes(bytes(1 << 21))
    bare, extended = (seen(path) for path in (bios, firmware.without_tpm(bios)))
    assert "0xffffffff" not in bare
    assert "fed40000: 0xffffffff" in extended
    for device in ("ioapic", "hpet", "apic-msi"):
        places = [
            {line.strip() for line in output.splitlines() if line.rstrip().endswith(f": {device}")}
            for output in (bare, extended)
        ]
        assert places[0] == places[1] != set()


def seen(bios: Path) -> str:
    """Output of QEMU's monitor for a machine with a firmware."""
    machine = qemu.Machine(qemu.find(), "tcg", None, devices=("-bios", str(bios), "-S", "-monitor", "stdio"))
    asked = "xp /1xw 0xfed40000\ninfo mtree -f\nquit\n"
    done = subprocess.run(
        qemu.arguments(machine), input=asked, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout
