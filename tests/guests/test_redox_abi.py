"""The Redox payload without a kernel: each of its calls is checked against the interface, every workload runs."""

from __future__ import annotations

import io

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from ferrule.errors import ToolMissing
from ferrule.payload.build import build_payload, patch_plan
from ferrule.payload.registry import workloads
from ferrule.records.stream import Decoder, Record

unicorn = pytest.importorskip("unicorn", reason="unicorn is not here: pip install unicorn")

from tests.support.abi.machine import Violation  # noqa: E402
from tests.support.abi.redox import RedoxKernel  # noqa: E402
from tests.support.abi.redox_table import TABLES  # noqa: E402
from tests.support.answers import Kernel, faults  # noqa: E402

END_STATUS = 0x20
# Files, sockets, channels, memory objects and processes' numbers are served by daemons: a bare kernel has none.
BARE = Kernel(
    without=dict.fromkeys(
        (
            *("os_open", "os_remove", "os_status_of_path", "os_socket_pair", "os_channel_pair", "os_memory_object"),
            *("os_map_object", "os_parent", "os_directory_make", "os_datagram_pair", "os_seqpacket_pair"),
            *("os_socket_open", "os_process_shell"),
        ),
        "absent",
    )
)
FILES = {"unlinkat", "lseek", "fstat", "read2", "write2"}  # calls on files, which only a userland has
VARIANTS = (
    *(f"scheme_call size={size} space={space}" for size in (0, 8, 4096, 65536) for space in (0, 1)),
    *("pipe_latency size=4096", "context_switch procs=8 size=16", "map_unmap size=1048576 touch=1"),
)


def program(text: str) -> bytes:
    """The kernel's first program: the image as a loader copies it, from payload_load on."""
    try:
        built = build_payload("redox", "x86_64", strict=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))
    elf = ELFFile(io.BytesIO(patch_plan(built.image, text)))
    table = elf.get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    symbols = {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols()}
    start, end = symbols["payload_load"], symbols["payload_load_end"]
    memory = bytearray(end - start)
    for segment in elf.iter_segments("PT_LOAD"):
        at = segment["p_paddr"] - start
        if 0 <= at < len(memory):
            memory[at : at + segment["p_filesz"]] = segment.data()
    return bytes(memory)


def run(text: str, era: str = "2026-07") -> tuple[RedoxKernel, list[Record], int | None]:
    kernel = RedoxKernel(program(text), era)
    code = kernel.run()
    decoder = Decoder()
    events = [*decoder.feed(bytes(kernel.records)), *decoder.close()]
    records = [event for event in events if isinstance(event, Record)]
    assert code != END_STATUS or records == events
    return kernel, records, code


@pytest.fixture(scope="module")
def everything() -> tuple[RedoxKernel, list[Record], int | None]:
    """Every workload, verified in one process."""
    runs = [*workloads(), *VARIANTS]
    return run("run=ab\nprocesses=1\nverify=only\npin=1\ncpus=0\n" + "".join(f"w {one}\n" for one in runs))


def test_every_workload_keeps_to_the_interface(everything: tuple[RedoxKernel, list[Record], int | None]) -> None:
    _, records, code = everything
    assert code == END_STATUS
    begins = {record.fields["i"]: record.fields["workload"] for record in records if record.kind == "begin"}
    ends = [record for record in records if record.kind == "end"]
    assert len(ends) == len(workloads()) + len(VARIANTS)
    variants = {one.split()[0] for one in VARIANTS}
    assert not faults("redox", {begins[end.fields["i"]]: end.fields for end in ends}, BARE)
    assert all(end.fields["status"] == "ok" for end in ends if begins[end.fields["i"]] in variants)


def test_the_table_holds_nothing_that_is_not_used(everything: tuple[RedoxKernel, list[Record], int | None]) -> None:
    assert everything[0].used == {call.name for call in TABLES["2026-07"].values()} - FILES | {"unknown"}


def test_processes_begin_anew(everything: tuple[RedoxKernel, list[Record], int | None]) -> None:
    _, records, code = run("run=ab\nprocesses=3\nverify=only\npin=0\nw null_call\n")
    assert code == END_STATUS
    assert [record.fields["process"] for record in records if record.kind == "hello"] == ["0", "1", "2"]
    assert [record.kind for record in records].count("done") == 3


def test_a_bad_plan_is_the_exit_status() -> None:
    kernel, _, code = run("run=ab\nw no_such_workload\n")
    assert code == END_STATUS + 2
    assert b"no workload is called no_such_workload" in kernel.console


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        (0x2000005C, 0x2000005D, "call 0x2000005d is not in the table"),
        (0x60002, 0x60006, "fmap of descriptor"),  # MAP_FIXED at address 0
        (0x21000384, 0x2000005C, "that were not mapped as one"),  # to unmap instead of to map
    ],
)
def test_what_is_wrong_is_found(right: int, wrong: int, what: str) -> None:
    """The program with one constant changed wherever it occurs."""
    text = "run=ab\nverify=only\nw map_unmap\n"
    good = program(text)
    changed = good.replace(right.to_bytes(4, "little"), wrong.to_bytes(4, "little"))
    assert changed != good
    with pytest.raises(Violation, match=what):
        RedoxKernel(changed).run()
