"""The Hermit guest: its options and files, and how a boot's end is classified; booted where there is a kernel.

The kernel is what `ferrule kernel get hermit` has put into the cache, or FERRULE_HERMIT_KERNEL names a libhermit.a; the
loader is ours, or FERRULE_HERMIT_LOADER names a hermit-loader-x86_64-multiboot.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from ferrule import guests, kernels
from ferrule.errors import ToolMissing, UsageError
from ferrule.guests.hermit import HermitGuest, classify, features
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Linked, build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.samples import WITHOUT
from ferrule.records.stream import Decoder, Record

from tests.support import archives
from tests.support.executions import read_all, undamaged
from tests.support.places import WORKLOADS

TRAP = WORKLOADS / "traps" / "trap.c"
GONE = "Number of interrupts\n[0][Timer]: 17\nexit status 0\n"
MEASURED = ("null_call", "yield", "thread_switch", "block_wakeup", "map_unmap", "thread_create", "timer_wakeup")


def library(folder: Path, *names: str, content: bytes = b"") -> Path:
    path = folder / "libhermit.a"
    path.write_bytes(archives.archive({"kernel.o": content}, {"kernel.o": list(names)}))
    return path


def guest(kernel: Path, loader: Path | None, **options: object) -> HermitGuest:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    files = {("hermit", "kernel"): kernel, **({("hermit", "loader"): loader} if loader else {})}
    made = guests.create("hermit", GuestOptions(**{"accel": "icount", "guest_files": files, **options}))  # type: ignore[arg-type]
    assert isinstance(made, HermitGuest)
    return made


@pytest.fixture
def unbootable(tmp_path: Path) -> tuple[Path, Path]:
    """Dummy files for library and loader: enough for all tests that do not boot."""
    loader = tmp_path / "hermit-loader-x86_64-multiboot"
    loader.write_bytes(b"\x7fELF\x02\x01\x01".ljust(64, b"\0"))
    return library(tmp_path, "sys_read"), loader


def test_features_are_those_that_show(tmp_path: Path) -> None:
    assert features(library(tmp_path, "sys_read")) == ()
    assert features(library(tmp_path, "sys_mmap", "sys_socket")) == ("mman", "net")
    own = b"_RNvNtNtCs1_6hermit4arch15call_with_stack\0boot_application_processors\0"
    assert features(library(tmp_path, "sys_mmap", content=own)) == ("kernel-stack", "mman", "smp")


@pytest.mark.parametrize(
    ("status", "console", "errors", "clean", "detail"),
    [
        (3, GONE, "", True, "exit status 0"),
        (1, GONE.replace("status 0", "status 2"), "", False, "exit status 2"),
        (1, GONE, "", False, "exit status 0"),
        (3, "[LOADER] exit status 0, they say\n", "", False, "the guest shut down without a message"),
        (
            1,
            "[ 0.1][0][ERROR interrupts] Page Fault (#PF)! Frame {\nexit status 3\n",
            "",
            False,
            "status 3: Page Fault",
        ),
        (1, "[0][ERROR] Invalid Opcode (#UD)! Frame {\nexit status 3\n", "", False, "status 3: Invalid Opcode"),
        (0xC1, "ferrule-loader: the module is cut\n", "", False, "the module is cut"),
        (1, "[0][PANIC] panicked at src/mm/mod.rs:1:2:\nno memory\n", "", False, "panicked at src/mm/mod.rs:1:2:"),
        (0, "", "", False, "the guest reset itself"),
        (1, "", "warning\nqemu: could not load kernel\n", False, "QEMU: qemu: could not load kernel"),
    ],
)
def test_endings(status: int, console: str, errors: str, clean: bool, detail: str) -> None:
    ending = classify(status, console, errors)
    assert ending.clean is clean
    assert detail in ending.detail
    assert "\n" not in ending.detail


def test_each_process_is_a_boot_with_one_serial_line(unbootable: tuple[Path, Path]) -> None:
    made = guest(*unbootable)
    machine = made.machine(Path("payload"), 3)
    assert machine.command_line.startswith("-freq 1000 ")
    assert machine.command_line.endswith(" -- process=3")
    assert list(machine.ports) == ["results"]
    assert (machine.kernel, machine.initrd) == (unbootable[1], Path("payload"))
    assert isinstance(made, Linked)
    assert made.library == unbootable[0]


def test_conditions_name_kernel_loader_and_features(unbootable: tuple[Path, Path], tmp_path: Path) -> None:
    facts = guest(*unbootable).describe()
    assert facts["kernel.features"] == "none (seen in the library)"
    assert {len(facts[name]) for name in ("kernel.sha256", "loader.sha256")} == {64}
    assert str(tmp_path) not in " ".join(facts.values())
    file = tmp_path / "guests.toml"
    file.write_text('[guest.hermit]\nfeatures = "mman kernel-stack"\n')
    named = guest(*unbootable, guests_file=file).describe()
    assert named["kernel.features"] == "mman kernel-stack"


def test_what_is_missing_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    empty = tmp_path / "guests.toml"
    empty.touch()
    options = GuestOptions(guests_file=empty)
    words = r"make it: ferrule kernel get hermit; or get it: .*hermit\.kernel=FILE"
    with pytest.raises(ToolMissing, match=words):
        guests.create("hermit", options)
    assert re.search(words, guests.unavailable("hermit", options) or "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"smp": 2}, "one CPU only, not 2"),
        ({"memory": 16}, "needs 64 MiB"),
        ({"cpus": (1,)}, "--cpu 1: the hermit guest pins to CPU 0 only"),
    ],
)
def test_options_that_cannot_be(unbootable: tuple[Path, Path], options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        guest(unbootable[0], unbootable[1], **options)


def test_a_file_that_is_no_library_is_refused(unbootable: tuple[Path, Path]) -> None:
    unbootable[0].write_bytes(b"\x7fELF")
    with pytest.raises(UsageError, match="not an ar archive"):
        guest(*unbootable)


# --- on the user's kernel --------------------------------------------------------------------------------------------


OUT_OF_CACHE = kernels.files("hermit").get("kernel")
HANGS = {OUT_OF_CACHE: ("eventfd_pingpong",)}  # 0.11 loses a wake-up there: docs/upstream-findings.md
WRONG = {"file_position", "protect"}  # file_position in 0.11: docs/upstream-findings.md
LEAST_WORK = 15  # workloads that must be ok, controls included


def booted(**options: object) -> HermitGuest:
    named, loader = (os.environ.get(f"FERRULE_HERMIT_{name}") for name in ("KERNEL", "LOADER"))
    kernel = Path(named) if named else OUT_OF_CACHE
    if kernel is None:
        pytest.skip("no Hermit kernel: ferrule kernel get hermit")
    return guest(kernel, Path(loader) if loader else None, **options)


def image(made: HermitGuest, plan: Plan, *extra: Path) -> bytes:
    payload = build_payload("hermit", "x86_64", library=made.library, extra_workloads=extra, strict=True)
    return patch_plan(payload.image, plan.render())


def runs(*names: str) -> tuple[PlannedRun, ...]:
    return tuple(PlannedRun(RunKey(name)) for name in names)


def test_every_workload_is_right_or_refused_in_every_boot() -> None:
    made = booted(accel="tcg")
    names = [name for name in workloads() if name not in HANGS.get(made.library, ())]
    plan = Plan(run="t", processes=2, verify_only=True, pin=True, cpus=(0,), runs=runs(*names))
    with made.execute(image(made, plan), 2, 0) as execution:
        found = undamaged(read_all(execution))
        assert execution.ending().clean, execution.console()
    ends = [record for record in found if record.kind == "end"]
    assert len(ends) == 2 * len(names)
    by_index = {record.fields["i"]: record.fields["workload"] for record in found if record.kind == "begin"}
    bad = {
        by_index[one.fields["i"]]: one.fields["status"] for one in ends if one.fields["status"] not in ("ok", *WITHOUT)
    }
    assert bad.keys() <= WRONG
    assert set(bad.values()) <= {"wrong"}
    assert sum(record.fields["status"] == "ok" for record in ends) >= 2 * LEAST_WORK


def test_two_icount_boots_give_the_same_bytes() -> None:
    made = booted()
    plan = Plan(run="t", batches=3, warm=1, pin=True, cpus=(0,), runs=runs(*MEASURED))
    patched = image(made, plan)
    with made.execute(patched, 1, 0) as first, made.execute(patched, 1, 1) as second:
        streams = [read_all(execution) for execution in (first, second)]
        assert first.ending().detail == "exit status 0", first.console()
    assert streams[0] == streams[1]
    assert {record.fields["status"] for record in undamaged(streams[0]) if record.kind == "end"} == {"ok"}


def test_a_trap_ends_the_boot_with_the_kernels_message() -> None:
    made = booted()
    patched = image(made, Plan(run="t", processes=2, runs=runs("trap")), TRAP)
    with made.execute(patched, 2, 0) as execution:
        found = [event for event in Decoder().feed(read_all(execution)) if isinstance(event, Record)]
        assert [record.fields["workload"] for record in found if record.kind == "begin"][-1] == "trap"
        assert {record.process for record in found} == {0}
        assert not execution.ending().clean
        assert "Invalid Opcode" in execution.ending().detail


@pytest.mark.parametrize(("cut", "why"), [(300000, "a segment is not in it"), (40, "no position-independent ELF file")])
def test_a_cut_payload_is_refused_by_the_loader(cut: int, why: str) -> None:
    if os.environ.get("FERRULE_HERMIT_LOADER"):
        pytest.skip("FERRULE_HERMIT_LOADER is not ours")
    made = booted()
    patched = image(made, Plan(run="t", runs=runs("null_call")))
    with made.execute(patched[:cut], 1, 0) as execution:
        assert read_all(execution) == b""
        assert not execution.ending().clean
        assert why in execution.ending().detail
