"""The floor: booted under icount; its counts are compared with its disassembly, its image with the loader's rules."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from ferrule import guests, paths
from ferrule.errors import ToolMissing, UsageError
from ferrule.guests.floor import FloorGuest, classify
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Payload, build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.payload.registry import workloads
from ferrule.records.stream import Decoder, Record

from tests.support.executions import read_all, undamaged
from tests.support.places import WORKLOADS

EXTRA = [WORKLOADS / "floor", WORKLOADS / "faults" / "crash.c"]
MEASURED = ("null_call", "pipe_latency", "ipc_round_trip", "ipi_wakeup", "timer_wakeup", "page_fault", "process_create")


def built(extra: bool = False) -> Payload:
    try:
        return build_payload("floor", "x86_64", extra_workloads=EXTRA if extra else (), strict=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def guest(**options: object) -> FloorGuest:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    made = guests.create("floor", GuestOptions(**{"accel": "icount", **options}))  # type: ignore[arg-type]
    assert isinstance(made, FloorGuest)
    return made


def image(payload: Payload, plan: Plan) -> bytes:
    return patch_plan(payload.image, plan.render())


def runs(*names: str, n: int = 0) -> tuple[PlannedRun, ...]:
    return tuple(PlannedRun(RunKey(name), n) for name in names)


def test_every_workload_is_right_in_every_process() -> None:
    names = [*workloads(), "corners"]
    plan = Plan(run="t", processes=2, verify_only=True, pin=True, cpus=(0,), runs=runs(*names))
    with guest().execute(image(built(extra=True), plan), 2, 0) as execution:
        found = undamaged(read_all(execution))
        assert execution.ending().detail == "exit status 0", execution.console()
        assert execution.ending().clean
    for process in (0, 1):
        mine = [record for record in found if record.process == process]
        asked = {record.fields["i"]: record.fields["workload"] for record in mine if record.kind == "begin"}
        ends = {asked[record.fields["i"]]: record.fields for record in mine if record.kind == "end"}
        assert sorted(ends) == sorted(names)
        refused = {name: end.get("operation") for name, end in ends.items() if end["status"] != "ok"}
        assert refused["open_close"] == "os_open"
        assert operations_of_the_port().isdisjoint(refused.values()), ends


def operations_of_the_port() -> set[str]:
    """The operations that the floor's port has; workloads of other OSes need more."""
    headers = [paths.guest() / "os" / name for name in ("floor/port.h", "one_cpu.h")]
    return {name for path in headers for name in re.findall(r"\b(os_\w+)\(", path.read_text())}


def test_two_icount_boots_give_the_same_records_and_null_call_is_its_instructions() -> None:
    payload = built()
    plan = Plan(
        run="t", batches=3, warm=1, pin=True, cpus=(0,), runs=(*runs(*MEASURED, n=64), *runs("null_call", n=128))
    )
    made = guest()
    with made.execute(image(payload, plan), 1, 0) as first, made.execute(image(payload, plan), 1, 1) as second:
        streams = [read_all(execution) for execution in (first, second)]
        assert first.ending().clean, first.console()
        assert first.console() == second.console()
    assert streams[0] == streams[1]
    found = undamaged(streams[0])
    assert [record.fields["status"] for record in found if record.kind == "end"] == ["ok"] * (len(plan.runs) + 3)
    hello = next(record for record in found if record.kind == "hello")
    assert hello.fields["build"] == payload.build_id
    assert 0 < int(hello.fields["kernel"]) < int(hello.fields["at"])
    ticks = {
        int(record.fields["i"]): {int(tick) for tick in record.fields["t"].split(",")}
        for record in found
        if record.kind == "batch" and record.fields["warm"] == "0"
    }
    (short,), (long,) = ticks[0], ticks[len(MEASURED)]  # every batch took the same
    assert long - short == 64 * turn_of_null_call(payload)


def turn_of_null_call(payload: Payload) -> int:
    """Instructions of one iteration of null_call's loop, counted in the disassembly on both sides of the call."""
    if shutil.which("objdump") is None:
        pytest.skip("objdump is not here: apt-get install binutils")
    symbols = ELFFile(io.BytesIO(payload.image)).get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    file, where = "", {}
    for symbol in symbols.iter_symbols():
        file = symbol.name if symbol["st_info"]["type"] == "STT_FILE" else file
        local = symbol["st_info"]["bind"] == "STB_LOCAL"
        where[(file if local else "", symbol.name)] = symbol["st_value"]
    loop = listing(payload, where["null_call.c", "workload_loop"])
    kernel = listing(payload, where["", "call_entry"])
    call = next(at for at, (_, name, _) in enumerate(loop) if name == "syscall")
    back = next(at for at, (_, name, _) in enumerate(loop) if at > call and name == "jne")
    top = next(at for at, (address, _, _) in enumerate(loop) if address == int(loop[back][2].split()[0], 16))
    assert top < call
    at = path = 0
    while not kernel[at][1].startswith("sysret"):
        address = kernel[at][2].split()[0] if kernel[at][1] in ("je", "jz") else ""  # %eax is 0: the branch is taken
        at = next(i for i, line in enumerate(kernel) if line[0] == int(address, 16)) if address else at + 1
        path += 1
    return (back - top + 1) + (path + 1)


def listing(payload: Payload, start: int) -> list[tuple[int, str, str]]:
    """(address, mnemonic, operands) of the instructions in the 64 bytes from an address on."""
    command = ["objdump", "-d", "--no-show-raw-insn", f"--start-address={start}", f"--stop-address={start + 64}"]
    done = subprocess.run([*command, str(payload.path)], capture_output=True, text=True, check=True)
    lines = re.findall(r"^ *([0-9a-f]+):\t(\S+) *(.*)$", done.stdout, re.MULTILINE)
    return [(int(address, 16), name, operands) for address, name, operands in lines]


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("crash", r"exception 14 in the payload: floor: payload process 0: exception 14: cr2=0 .*rip=4\w+ .*r15=.*"),
        ("deadlock", r"every context waits for another"),
    ],
)
def test_a_payload_that_goes_wrong_says_how(name: str, detail: str) -> None:
    plan = Plan(run="t", processes=3, batches=1, warm=0, runs=runs(name, n=1))
    with guest().execute(image(built(extra=True), plan), 3, 0) as execution:
        found = [event for event in Decoder().feed(read_all(execution)) if isinstance(event, Record)]
        ending = execution.ending()
    assert not ending.clean
    assert re.fullmatch(detail, ending.detail), ending.detail
    assert name in [record.fields["workload"] for record in found if record.kind == "begin"]
    assert {record.process for record in found} == {0}


def test_a_bad_plan_ends_the_boot_with_its_status() -> None:
    with guest().execute(patch_plan(built().image, "w no_such_workload\n"), 1, 0) as execution:
        read_all(execution)
        assert execution.ending().detail == "exit status 2"
        assert not execution.ending().clean
        assert "no workload is called no_such_workload" in execution.console()


def test_the_loader_finds_what_it_needs() -> None:
    """Multiboot specification 0.6.96, 3.1: the header; file and memory have the same layout, from one address on."""
    payload = built()
    at = next(i for i in range(0, 8192, 4) if payload.image[i : i + 4] == struct.pack("<I", 0x1BADB002))
    magic, flags, check, header, start, load_end, end, entry = struct.unpack_from("<8I", payload.image, at)
    assert (magic + flags + check) % 2**32 == 0
    assert flags & 1 << 16
    elf = ELFFile(io.BytesIO(payload.image))
    assert entry == elf["e_entry"]
    segments = [one for one in elf.iter_segments("PT_LOAD") if one["p_filesz"]]
    assert {one["p_offset"] - one["p_paddr"] for one in segments} == {at - header}
    assert min(one["p_paddr"] for one in segments) == start
    assert max(one["p_paddr"] + one["p_filesz"] for one in segments) == load_end
    assert max(one["p_paddr"] + one["p_memsz"] for one in segments) == end


@pytest.mark.parametrize("kind", ["cc", "zig"])
def test_every_compiler_builds_it_reproducibly(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "zig":
        if importlib.util.find_spec("ziglang") is None:
            pytest.skip("zig is not installed: pip install ziglang")
        monkeypatch.setenv("CC", f"{sys.executable} -m ziglang cc")
    here = built()
    shutil.copytree(paths.guest(), tmp_path / "else" / "where" / "guest")
    monkeypatch.setenv("FERRULE_ROOT", str(tmp_path / "else" / "where"))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    there = built()
    assert there.path != here.path
    assert there.image == here.image
    plan = Plan(run="t", verify_only=True, runs=runs("pipe_latency", "page_fault"))
    with guest().execute(image(there, plan), 1, 0) as execution:
        found = undamaged(read_all(execution))
        assert execution.ending().clean, execution.console()
    assert {record.fields["status"] for record in found if record.kind == "end"} == {"ok"}


@pytest.mark.parametrize(
    ("status", "console", "errors", "clean", "detail"),
    [
        (0x41, "floor: process 0 ended with status 0\n", "", True, "exit status 0"),
        (0x45, "", "", False, "exit status 2"),
        (0x9D, "", "", False, "exception 14 in the payload"),
        (
            0xDB,
            "x\nfloor: kernel: exception 13: rip=1\n",
            "",
            False,
            "exception 13 in its kernel: floor: kernel: exception 13: rip=1",
        ),
        (0xFF, "", "", False, "every context waits for another"),
        (0, "", "", False, "the guest reset itself"),
        (1, "", "qemu: no memory\n", False, "QEMU: qemu: no memory"),
    ],
)
def test_endings(status: int, console: str, errors: str, clean: bool, detail: str) -> None:
    ending = classify(status, console, errors)
    assert (ending.clean, ending.detail) == (clean, detail)


def test_options_that_cannot_be() -> None:
    assert guest().cpus == (0,)
    assert guest(cpus=()).cpus == ()
    with pytest.raises(UsageError, match="--cpu 1: the floor guest pins to CPU 0 only"):
        guest(cpus=(1,))
    with pytest.raises(UsageError, match="--memory 16: the floor guest"):
        guest(memory=16)
    with pytest.raises(UsageError, match="takes no address"):
        guests.create("floor://somewhere", GuestOptions())
    with pytest.raises(UsageError, match="is written for x86_64"):
        build_payload("floor", "aarch64")
