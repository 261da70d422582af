"""Every workload in each way that it can run here: verified, measured, emulated; and the machine code of the loop."""

from __future__ import annotations

import io
import platform
import re
import shutil
import statistics
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from ferrule import paths
from ferrule.payload import registry

from tests.support.payload_runs import ARCHES, of_another_os, output_of, payload, quick

NAMES = list(registry.workloads())
VARIANTS = [
    *NAMES,
    *("pipe_latency size=4096", "pipe_bandwidth size=1", "pipe_bandwidth size=1048576", "canary nops=1024"),
    *("context_switch procs=3 size=16", "context_switch procs=32", "map_unmap size=1048576 touch=1"),
]


@pytest.mark.parametrize("arch", ARCHES)
def test_each_does_what_its_name_says(arch: str) -> None:
    output = output_of(payload(arch), "verify=only\n" + "".join(f"w {variant}\n" for variant in VARIANTS))
    ends = output.kind("end")
    assert len(ends) == len(VARIANTS)
    for end in ends:
        assert end.fields["status"] == "ok" or of_another_os(end), end
        assert end.fields["batches"] == "0"
    assert not output.kind("batch")


@pytest.mark.parametrize("arch", ARCHES)
def test_each_can_be_measured(arch: str) -> None:
    output = output_of(payload(arch), *quick(NAMES))
    assert output.status == 0
    assert set(output.ends()) == set(NAMES)
    for name, end in output.ends().items():
        if of_another_os(end):
            continue
        assert end.fields["status"] == "ok", end
        assert end.fields["batches"] == "4"
        ticks = [int(tick) for record in output.of(name, "batch") for tick in record.fields["t"].split(",")]
        assert all(tick > 0 for tick in ticks), name
        singly = re.search("LOOPS|STEPS", registry.find(name).path.read_text())
        assert end.fields["hist"] == ("50" if singly else "0"), name


def test_files_are_short() -> None:
    lengths = {row.name: len(row.path.read_text().splitlines()) for row in registry.workloads().values()}
    assert statistics.median(lengths.values()) <= 45, "move code that several workloads share into a header"
    assert max(lengths.values()) <= 120, max(lengths, key=lengths.__getitem__)


def test_no_loop_is_copied() -> None:
    """The first three lines of each loop, from its head on, are in one file only."""
    seen: dict[tuple[str, ...], str] = {}
    for path in sorted((paths.guest() / "workloads").rglob("*.[ch]")):
        code = [line.strip() for line in path.read_text().splitlines() if line.strip()]
        for at, line in enumerate(code):
            if re.match(r"(?:for|while|do)\b", line):
                assert seen.setdefault(tuple(code[at : at + 3]), path.name) == path.name, code[at : at + 3]


def test_a_dropped_in_file_is_a_workload(tmp_path: Path) -> None:
    path = tmp_path / "fresh" / "null_twice.c"
    path.parent.mkdir()
    text = (registry.find("null_call").path).read_text()
    path.write_text(text.replace('"null_call"', '"null_twice"').replace('"syscall"', '"fresh"'))
    assert registry.find("null_twice", [path]).family == "fresh"
    output = output_of(payload(platform.machine(), path), *quick(["null_twice"]))
    assert output.ends()["null_twice"].fields["status"] == "ok"


def test_a_ring_goes_whole_rounds() -> None:
    text = "batches=2\nw context_switch procs=3 n=10\n"
    assert output_of(payload(), text).of("context_switch", "ready")[0].fields["n"] == "12"
    text = "batches=2\ntarget_ns=1\nw context_switch procs=31\n"
    assert int(output_of(payload(), text).of("context_switch", "ready")[0].fields["n"]) % 31 == 0


def per_operation(name: str, params: str, n: int) -> float:
    """Ticks of one operation: the median of nine frozen batches."""
    output = output_of(payload(), f"batches=9\nwarm=1\nw {name} n={n} {params}")
    records = [record for record in output.of(name, "batch") if record.fields["warm"] == "0"]
    return statistics.median(int(tick) / n for record in records for tick in record.fields["t"].split(","))


def test_more_work_takes_longer() -> None:
    assert per_operation("canary", "nops=1024", 1000) > 2 * per_operation("canary", "nops=0", 1000)
    size = 64 * 4096
    assert per_operation("map_unmap", f"size={size} touch=1", 20) > 2 * per_operation("map_unmap", f"size={size}", 20)
    assert per_operation("pipe_bandwidth", "size=65536", 50) > per_operation("pipe_bandwidth", "size=512", 50)


def disassembly(file: str, function: str) -> list[tuple[int, str]]:
    """(address, instruction) of a static function of one source file."""
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("objdump is not installed: apt-get install binutils")
    built = payload("x86_64")
    table = ELFFile(io.BytesIO(built.image)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    symbols = list(table.iter_symbols())
    at = next(i for i, s in enumerate(symbols) if s["st_info"]["type"] == "STT_FILE" and s.name == file)
    symbol = next(s for s in symbols[at + 1 :] if s.name == function)
    start, end = symbol["st_value"], symbol["st_value"] + symbol["st_size"]
    ranged = [f"--start-address={start}", f"--stop-address={end}"]
    text = subprocess.run(
        [objdump, "-d", "--no-show-raw-insn", *ranged, built.path], capture_output=True, text=True, check=True
    ).stdout
    return [(int(address, 16), code.strip()) for address, code in re.findall(r"^\s+([0-9a-f]+):\s+(.*)$", text, re.M)]


def loop_of(code: list[tuple[int, str]]) -> list[str]:
    """The instructions of a function's only loop: from the target of its backward jump to that jump."""
    jumps = [(address, text) for address, text in code if re.match(r"j\w+\s+[0-9a-f]+", text)]
    ((jump, text),) = [(address, text) for address, text in jumps if int(text.split()[1], 16) <= address]
    target = int(text.split()[1], 16)
    return [text for address, text in code if target <= address <= jump]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the objdump at hand reads its own architecture")
def test_the_empty_loop_is_two_instructions() -> None:
    loop = loop_of(disassembly("empty_loop.c", "workload_loop"))
    assert [text.split()[0] for text in loop] in (["sub", "jne"], ["dec", "jne"], ["add", "jne"])


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the objdump at hand reads its own architecture")
def test_the_null_call_is_inlined_into_its_loop() -> None:
    loop = loop_of(disassembly("null_call.c", "workload_loop"))
    assert sum(text.startswith("syscall") for text in loop) == 1
    assert len(loop) <= 5  # the number, the call, and the loop's own two
