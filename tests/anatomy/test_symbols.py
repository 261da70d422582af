"""Names of functions, and the function and group of an address."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ferrule.anatomy import sources
from ferrule.anatomy.symbols import Group, Symbol, assign, read, readable, short
from ferrule.errors import UsageError
from ferrule.images import kernels
from ferrule.images.kernels import Kernel
from ferrule.machine.options import GuestOptions

SWITCH = "_RNvNtNtCsbOSPMxg8HUy_6kernel7context6switch6switch"
METHOD = "_RNvXs_NtNtCsbOSPMxg8HUy_6kernel6scheme4pipeNtB4_10PipeSchemeNtB6_12KernelScheme5kread"


@pytest.mark.parametrize(
    ("symbol", "whole", "table"),
    [
        (SWITCH, "kernel::context::switch::switch", "context::switch::switch"),
        ("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt", "fmt::Write::write_fmt"),
        ("do_syscall_64", "do_syscall_64", "do_syscall_64"),
        ("_Rubbish", "_Rubbish", "_Rubbish"),
        ("", "", ""),
    ],
)
def test_rust_names_are_demangled(symbol: str, whole: str, table: str) -> None:
    assert readable(symbol) == whole
    assert short(symbol) == table


def test_a_method_of_a_trait_is_its_types() -> None:
    assert readable(METHOD).startswith("<kernel::scheme::pipe::PipeScheme as ")
    assert short(METHOD) == "pipe::PipeScheme::kread"


def test_addresses_find_their_function_or_where_calls_go() -> None:
    symbols = [
        Symbol("first", 0x1000, 0x40),
        Symbol("label", 0x1010, 0),  # inside the first
        Symbol("open", 0x2000, 0),  # up to the next
        Symbol("ours", 0x5000, 0x10, group="payload"),
    ]
    groups: list[Group] = ["kernel", "kernel", "kernel", "kernel", "payload", "kernel"]
    at = np.array([0x1000, 0x1020, 0x1050, 0x2345, 0x5004, 0x9008], dtype=np.uint64)
    found = assign(at, groups, symbols, [0x9000])
    names = [found.names[one] for one in found.of]
    assert names[0] == "first"
    assert names[1] in ("first", "label")
    assert names[3:] == ["open", "ours", "0x9000"]
    assert [found.named[one] for one in found.of][-1] is False


def test_what_is_no_elf_file_is_refused() -> None:
    with pytest.raises(UsageError, match=r"kernel\.bin: not an ELF file"):
        read(b"MZ", "kernel.bin")


def test_a_kernel_without_symbols_is_shown_by_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are optional: the program that extracts them may be killed or time out; the counts are still valid."""
    program = tmp_path / "vmlinux-to-elf"
    program.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    image = tmp_path / "bzImage"
    found = Kernel(image, None, "0" * 64, "bzImage", None, "")
    monkeypatch.setattr(kernels, "choose", lambda options: found)
    known = sources.kernel("linux", GuestOptions())
    assert known.symbols == ()
    assert known.note == "kernel functions are shown as addresses: vmlinux-to-elf: broken"
