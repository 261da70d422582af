"""Hermit's payload without Hermit: linked against a stand-in for its library that checks every call, and run here."""

from __future__ import annotations

import io
import platform
import re
import sys
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.segments import NoteSegment
from ferrule import paths
from ferrule.errors import UsageError
from ferrule.payload import archive, registry
from ferrule.payload.build import build_payload

from tests.support.answers import Kernel, faults
from tests.support.hermit import abi, stub
from tests.support.payload_runs import output_of, quick

RELATIVE, ABSOLUTE, GLOBAL_DATA = 8, 1, 6  # x86-64 relocation types that the loader supports
ANSWERS = Kernel(
    without={"os_socket_open": "absent"},  # the stand-in has no network
    refuses={
        "bytes_waiting": "os_bytes_waiting",
        "descriptor_flags": "os_fd_flags",
        "null_device_write": "os_open",
        "zero_read": "os_open",
    },
    wrong=frozenset({"protect"}),  # mapped memory stays writable
)
OWN = {  # workloads that must be ok with the port
    *("null_call", "null_call_wrapped", "clock_read", "yield", "thread_switch", "thread_create", "block_wakeup"),
    *("futex_pingpong", "semaphore_pingpong", "eventfd_pingpong", "map_unmap", "alloc_free", "open_close"),
    *("timer_wakeup", "futex_timeout", "dup_close", "file_position", "file_read", "file_write", "file_status"),
    *("file_create_remove", "directory_list", "poll_ready"),
}
native = pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the stand-in is a program for x86-64 Linux"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hermit")


def test_the_port_declares_what_the_table_says() -> None:
    text = re.sub(r"/\*.*?\*/", "", (paths.guest() / "os/hermit/abi.h").read_text(), flags=re.DOTALL)
    text = text.replace("hermit_thread_id", "int32_t").replace("void *argument", "size_t argument")  # both: one word
    text = text.replace("void (*entry)(void *)", "void *entry")
    declared = re.findall(r"([\w ]+?[ *])(sys_\w+)\(([^;]*)\);", text)
    shapes = {name: (kind(result), *map(kind, arguments_of(arguments))) for result, name, arguments in declared}
    assert shapes == abi.FUNCTIONS


def arguments_of(text: str) -> list[str]:
    return [] if text == "void" else text.split(",")


def kind(text: str) -> str:
    """`const void *from` is a pointer, `size_t length` is size_t, `__attribute__((noreturn)) void ` is nothing."""
    if "*" in text:
        return abi.POINTER
    words = [word for word in text.split() if word != "const"]
    return next(word for word in words if word == abi.NOTHING or word.endswith("_t"))


def test_the_stand_in_offers_the_table_and_no_more(folder: Path) -> None:
    calls = {name for name in archive.symbols(stub.library(folder)) if name.startswith("sys_")}
    assert calls == set(abi.FUNCTIONS)
    less = {name for name in archive.symbols(stub.library(folder, "WITHOUT_MMAN")) if name.startswith("sys_")}
    assert less == calls - set(abi.OPTIONAL)


def test_the_image_is_one_that_the_loader_takes(folder: Path) -> None:
    elf = ELFFile(io.BytesIO(stub.payload(folder).image))
    assert (elf["e_type"], elf["e_machine"]) == ("ET_DYN", "EM_X86_64")
    segments = list(elf.iter_segments())
    first = next(segment for segment in segments if segment["p_type"] == "PT_LOAD")
    assert (first["p_vaddr"], first["p_offset"]) == (0, 0)
    assert first["p_filesz"] >= elf["e_phoff"] + elf["e_phnum"] * elf["e_phentsize"]
    notes = next(segment for segment in segments if isinstance(segment, NoteSegment))
    assert [note["n_descdata"] for note in notes.iter_notes() if note["n_name"] == "HERMIT"] == [b"\x04"]
    assert not any(segment["p_type"] == "PT_INTERP" for segment in segments)
    dynamic = next(segment for segment in segments if isinstance(segment, DynamicSegment))
    tags = {tag["d_tag"] for tag in dynamic.iter_tags()}
    assert "DT_RELA" in tags
    assert tags.isdisjoint({"DT_NEEDED", "DT_RELR", "DT_REL"})
    relocations = [section for section in elf.iter_sections() if isinstance(section, RelocationSection)]
    kinds = {entry["r_info_type"] for section in relocations for entry in section.iter_relocations()}
    assert kinds <= {RELATIVE, ABSOLUTE, GLOBAL_DATA}


@native
def test_every_workload_is_right_or_refused_by_name(folder: Path) -> None:
    names = list(registry.workloads())
    done = output_of(stub.payload(folder), "verify=only\npin=1\ncpus=0\n" + "".join(f"w {name}\n" for name in names))
    assert (done.status, done.stderr) == (0, "")
    ends = done.ends()
    assert ends.keys() == set(names)
    assert not faults("hermit", {name: end.fields for name, end in ends.items()}, ANSWERS)
    assert {ends[name].fields["status"] for name in OWN} == {"ok"}
    facts = {record.fields["name"]: record.fields["value"] for record in done.kind("fact")}
    assert facts["kernel.release"] == "0.13.0"
    assert facts["clock.mhz"] == "1000"


@native
def test_the_loaders_last_argument_is_when_the_kernel_was_entered(folder: Path) -> None:
    """It is not part of the plan; other loaders do not pass it."""
    given = output_of(stub.payload(folder), "verify=only\nw null_call\n", "entered=00000000000000001234")
    assert (given.status, given.kind("hello")[0].fields["kernel"]) == (0, "1234")
    without = output_of(stub.payload(folder), "verify=only\nw null_call\n")
    assert "kernel" not in without.kind("hello")[0].fields


@native
def test_every_workload_can_be_measured(folder: Path) -> None:
    done = output_of(stub.payload(folder), "pin=1\ncpus=0\n", *quick(sorted(OWN)))
    assert (done.status, done.stderr) == (0, "")
    for name in OWN:
        assert done.ends()[name].fields["status"] == "ok", done.ends()[name]
        assert done.ends()[name].fields["batches"] == "4"


@native
def test_a_library_without_mappings_leaves_them_out(folder: Path) -> None:
    done = output_of(stub.payload(folder, "WITHOUT_MMAN"), "verify=only\nw map_unmap\nw alloc_free\n")
    assert done.ends()["map_unmap"].fields["operation"] == "os_map"
    assert done.ends()["alloc_free"].fields["status"] == "ok"


@native
def test_a_call_with_a_wrong_argument_is_caught(folder: Path, tmp_path: Path) -> None:
    """The stand-in's check: a workload that frees memory with another size than it allocated."""
    path = tmp_path / "memory" / "alloc_bad.c"
    path.parent.mkdir()
    text = registry.find("alloc_free").path.read_text().replace('"alloc_free"', '"alloc_bad"')
    path.write_text(text.replace("os_free(second, size,", "os_free(second, size + 1,"))
    bad = build_payload("hermit", "x86_64", library=stub.library(folder), extra_workloads=[path])
    done = output_of(bad, "verify=only\nw alloc_bad\n", allow_cut=True)
    assert done.status == 99
    assert "sys_free: not so: pieces[i].size == size" in done.stderr


def test_another_library_is_another_payload(folder: Path) -> None:
    one, other = stub.payload(folder), stub.payload(folder, "WITHOUT_MMAN")
    assert one.path != other.path
    assert one.build_id != other.build_id
    again = build_payload("hermit", "x86_64", library=stub.library(folder), strict=True)
    assert again.path == one.path


def test_the_library_is_asked_for_where_it_is_wanted_and_nowhere_else(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"os hermit: .* linked against a libhermit\.a of yours, and none is named"):
        build_payload("hermit", "x86_64")
    with pytest.raises(UsageError, match=r"os linux: .* linked against no library"):
        build_payload("linux", "x86_64", library=stub.library(folder))
    (tmp_path / "libhermit.a").write_text("not one")
    with pytest.raises(UsageError, match=r"libhermit\.a: not an ar archive"):
        build_payload("hermit", "x86_64", library=tmp_path / "libhermit.a")
