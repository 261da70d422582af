"""The Linux guest, really booted: once per transport, twice under icount, and in every way a boot can go wrong."""

from __future__ import annotations

import os
import shutil
import signal
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.errors import InfrastructureError, UsageError
from ferrule.guests.linux import LinuxGuest, classify
from ferrule.images import kernels
from ferrule.images.kernels import Kernel
from ferrule.machine.booted import Booted
from ferrule.machine.guest import Advises, Ending, Execution
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.stream import Decoder, Record
from ferrule.transports.base import Cargo

from tests.support.executions import read_all, undamaged
from tests.support.payload_runs import of_another_os
from tests.support.places import FAULTS

QUIET = "reboot: Power down\n"
FINISHED = "all processes ended with status 0"


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    try:
        return kernels.choose(GuestOptions())
    except InfrastructureError as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every boot's files go here, and must be gone after the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


def guest(**options: object) -> LinuxGuest:
    made = guests.create("linux", GuestOptions(**{"accel": "tcg", "memory": 256, **options}))  # type: ignore[arg-type]
    assert isinstance(made, LinuxGuest)
    return made


def payload(processes: int, *names: str, faults: bool = False, verify_only: bool = True) -> bytes:
    extra = [FAULTS] if faults else []
    known = workloads(extra)
    runs = tuple(PlannedRun(RunKey(name)) for name in names or known)
    plan = Plan(run="t", processes=processes, batches=3, warm=0, verify_only=verify_only, runs=runs)
    return patch_plan(build_payload("linux", "x86_64", extra_workloads=extra).image, plan.render())


def finished(found: list[Record], processes: int) -> None:
    """Check that every run of every process ended with ok, and that init's records are complete."""
    ends = [record for record in found if record.kind == "end"]
    assert len(ends) == processes * len(workloads())
    assert [end.fields for end in ends if end.fields["status"] != "ok" and not of_another_os(end)] == []
    events = [record.fields["event"] for record in found if record.kind == "init"]
    assert events == ["boot", *["start", "exit"] * processes, "halt"]


def pid(execution: Execution) -> int:
    assert isinstance(execution, Booted)
    return execution.pid


def gone(execution: Execution) -> bool:
    return not Path(f"/proc/{pid(execution)}").exists()


def boot_share(found: list[Record]) -> float:
    """Time from the kernel's end of boot to the payload being ready to measure, as a share of the boot."""
    boot = next(int(record.fields["ns"]) for record in found if record.fields.get("event") == "boot")
    mark = next(int(record.fields["ns"]) for record in found if record.kind == "mark")
    return (mark - boot) / boot


@pytest.mark.parametrize("transport", ["serial", "console", "9p"])
def test_every_workload_is_right_in_a_booted_guest(kernel: Kernel, transport: str) -> None:
    made = guest(transport=transport)
    with made.execute(payload(2), 2, 0) as execution:
        found = undamaged(read_all(execution))
        assert execution.ending().clean, execution.console()
        assert execution.ending().detail == "the guest powered off"
    assert gone(execution)
    finished(found, 2)
    facts = made.describe()
    assert facts["kernel.sha256"] == kernel.sha256
    assert facts["qemu.command"].startswith("qemu-system-x86_64 -M q35 -accel tcg")
    assert facts["transport"] == transport
    assert facts == guest(transport=transport).describe(), "conditions stay the same from boot to boot"


def test_two_icount_boots_give_the_same_bytes(kernel: Kernel) -> None:
    """Measured runs included: samples are instruction counts. Both run at once, so that the host is not idle."""
    image = payload(1, "null_call", "pipe_latency", verify_only=False)
    made = guest(accel="icount")
    assert made.cpus == (0,)
    with made.execute(image, 1, 0) as first, made.execute(image, 1, 1) as second:
        streams = [read_all(execution) for execution in (first, second)]
        assert first.ending().clean, first.console()
        assert first.console() == second.console()
    assert streams[0] == streams[1]
    assert any(record.kind == "batch" for record in undamaged(streams[0]))
    assert boot_share(undamaged(streams[0])) < 0.10


def test_guests_that_go_wrong_say_how(kernel: Kernel) -> None:
    """Three boots at once: a kernel panic, a reset, and a payload that crashes in its first process."""
    made = guest(linux_append="ferrule.faults=1", smp=1)
    with ExitStack() as stack:
        boots = {
            name: stack.enter_context(made.execute(payload(2, name, faults=True, verify_only=False), 2, 0))
            for name in ("panic", "reboot", "crash")
        }
        for name, execution in boots.items():
            found = records_of_a_cut_stream(read_all(execution))
            assert [record.fields["workload"] for record in found if record.kind == "begin"][-1] == name
        endings = {name: execution.ending() for name, execution in boots.items()}
        assert not any(ending.clean for ending in endings.values())
        assert endings["panic"].detail.startswith("Kernel panic - not syncing: sysrq triggered crash")
        assert "Kernel panic" in boots["panic"].console()
        assert endings["reboot"].detail == "the guest reset itself"
        assert endings["crash"].detail == "/payload was ended by signal 11"
    assert all(gone(execution) for execution in boots.values())


def records_of_a_cut_stream(data: bytes) -> list[Record]:
    return [event for event in Decoder().feed(data) if isinstance(event, Record)]


def test_a_killed_qemu_is_reported_at_once(kernel: Kernel) -> None:
    with guest().execute(payload(1), 1, 0) as execution:
        with pytest.raises(TimeoutError):
            execution.read(0.5)
        os.kill(pid(execution), signal.SIGKILL)
        assert read_all(execution) == b""
        assert execution.ending() == Ending(False, "QEMU was ended by signal 9 (SIGKILL)", killed=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_qemu_that_is_asked_to_end_was_ended_by_somebody(kernel: Kernel, number: signal.Signals) -> None:
    """It ends with status 0 then, as if the guest had powered off."""
    with guest().execute(payload(1), 1, 0) as execution:
        with pytest.raises(TimeoutError):
            execution.read(1.0)
        os.kill(pid(execution), number)
        assert read_all(execution) == b""
        assert execution.ending().killed


def test_a_kernel_that_is_damaged_ends_in_bounded_time(kernel: Kernel, tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    content = bytearray(kernel.image.read_bytes())
    content[0x4000:] = bytes(len(content) - 0x4000)
    image.write_bytes(content)
    with guest(linux_kernel=image).execute(payload(1), 1, 0) as execution, suppress(TimeoutError):
        assert execution.read(5.0) == b""
        assert not execution.ending().clean
    assert gone(execution)


def test_qemus_own_messages_reach_the_user(kernel: Kernel) -> None:
    made = guest(memory=1 << 40)
    with made.execute(payload(1), 1, 0) as execution:
        assert read_all(execution) == b""
        assert execution.ending().detail.startswith("QEMU: ")
        assert "qemu" in execution.console()


def test_a_missing_kernel_is_a_usage_error() -> None:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    with pytest.raises(UsageError, match=r"--linux-kernel /absent: no such file"):
        guest(linux_kernel=Path("/absent"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accel": "icount", "smp": 2}, "one CPU only"),
        ({"transport": "pigeon"}, "--transport pigeon: the linux guest knows"),
    ],
)
def test_options_that_cannot_be(kernel: Kernel, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        guest(**options)


def test_a_share_without_modules_asks_for_them(kernel: Kernel, tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    image.write_bytes(kernel.image.read_bytes())
    with pytest.raises(UsageError, match="--linux-modules"):
        guest(linux_kernel=image, transport="9p").initrd(Cargo(program="/payload", share="tag"))


@pytest.mark.parametrize(
    ("status", "console", "errors", "clean", "detail"),
    [
        (0, f"ferrule-init: {FINISHED}\n{QUIET}", "", True, "the guest powered off"),
        (0, f"ferrule-init: /payload ended with status 3\n{QUIET}", "", False, "/payload ended with status 3"),
        (0, QUIET, "", False, "the guest powered off too early"),
        (0, f"ferrule-init: {FINISHED}\n", "", False, "the guest reset itself"),
        (0, "[1.0] Kernel panic - not syncing: x\n---[ end", "", False, "Kernel panic - not syncing: x"),
        (33, "", "", False, "the guest wrote 0x10 to the debug port"),
        (33, f"ferrule-init: {FINISHED}\n", "", True, "the guest wrote 0x10 to the debug port"),
        (
            33,
            "ferrule-init: mount /proc: errno 19\r\n",
            "",
            False,
            "mount /proc: errno 19 (the guest wrote 0x10 to the debug port)",
        ),
        (65, f"ferrule-init: {FINISHED}\nUncaught panic:\n\tx\n\tat y\n", "", False, "Uncaught panic: x"),
        (1, "", "warning\nqemu: no memory\n", False, "QEMU: qemu: no memory"),
        (2, "", "", False, "QEMU: exit status 2"),
    ],
)
def test_endings(status: int, console: str, errors: str, clean: bool, detail: str) -> None:
    ending = classify(status, console, errors)
    assert (ending.clean, ending.detail) == (clean, detail)


def test_a_guest_is_called_after_its_kernel(tmp_path: Path) -> None:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    image = tmp_path / "kernel"
    header = struct.pack("<III", 0x1BADB002, 0, -0x1BADB002 & 0xFFFFFFFF)
    image.write_bytes(b"\x7fELF" + bytes(60) + header + bytes(64))
    file = tmp_path / "guests.toml"
    file.write_text('[guest."linux:mine"]\nkernel = "kernel"\nappend = "earlycon"\ntransport = "console"\n')
    options = GuestOptions(accel="icount", guests_file=file)
    made = guests.create("linux:mine", options)
    assert (made.name, made.os) == ("linux:mine", "linux")
    conditions = made.describe()
    assert conditions["kernel.append"] == "earlycon"
    assert conditions["transport"] == "console"
    assert isinstance(made, Advises)
    assert made.when_silent() == ""
    other = guests.create("linux", replace(options, linux_kernel=image))
    assert isinstance(other, Advises)
    assert other.when_silent().endswith("--transport console")
    assert guests.create("linux:other", replace(options, linux_kernel=image)).name == "linux:other"
    for name, words in (
        ("linux:other", "which kernel.*--guest-file linux:other.kernel=FILE"),
        ("linux:A/b", "a name of"),
    ):
        with pytest.raises(UsageError, match=words):
            guests.create(name, options)
    file.write_text('[guest.linux]\nkernel = "kernel"\n')
    with pytest.raises(UsageError, match=r"guest\.linux: is never read"):
        guests.unavailable("linux", options)
