"""The plugin: its interface versions, refusals, and that it compiles."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from ferrule.anatomy import instrument
from ferrule.anatomy.sites import Sites
from ferrule.errors import InfrastructureError, ToolMissing


@pytest.mark.parametrize(
    ("version", "wanted"),
    [("6.2.0", 1), ("7.2.22 (Debian 1:7.2+dfsg-7)", 1), ("8.2.2", 1), ("9.0.1", 2), ("9.1.0", 3), ("10.2.50", 3)],
)
def test_interface_by_version(version: str, wanted: int) -> None:
    assert instrument.interface(version) == wanted


@pytest.mark.parametrize("version", ["6.0.0", "5.2.0", "unknown"])
def test_a_version_without_what_is_needed_is_refused(version: str) -> None:
    with pytest.raises(InfrastructureError, match=r"use 7\.2 or later"):
        instrument.interface(version)


@pytest.mark.parametrize(
    ("message", "kind", "words"),
    [
        ("qemu-system-x86_64: -plugin: invalid option", ToolMissing, "built without plugins"),
        ("Could not load plugin x: plugin version 1 is less than the minimum supported version 2", InfrastructureError,
         "another plugin interface"),
        ("killed", InfrastructureError, "does not run with the plugin: killed"),
    ],
)  # fmt: skip
def test_refusals_name_the_reason(message: str, kind: type[InfrastructureError], words: str) -> None:
    found = instrument.refusal("9.9", message)
    assert type(found) is kind
    assert words in str(found)


@pytest.mark.parametrize("version", ["7.2.0", "9.0.0", "9.2.0"])
def test_it_compiles_for_every_interface_and_is_kept(
    version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path))
    first = instrument.build(version)
    assert first.read_bytes()[:4] == b"\x7fELF"
    made = first.stat().st_mtime_ns
    assert instrument.build(version) == first
    assert first.stat().st_mtime_ns == made


def test_a_qemu_without_plugins_is_refused_before_anything_is_booted(tmp_path: Path) -> None:
    program = tmp_path / "qemu"
    program.write_text(
        "#!/bin/sh\n"
        'case "$*" in *--version*) echo QEMU emulator version 7.2.0;;\n'
        "*) echo 'qemu: -plugin file=x: invalid option' >&2; exit 1;; esac\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(ToolMissing, match="built without plugins"):
        instrument.ready(str(program))


@pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")
def test_this_qemu_runs_with_it() -> None:
    from ferrule.machine import qemu

    assert instrument.ready(qemu.find()).suffix == ".so"


def test_its_argument_names_every_site_and_doubles_commas() -> None:
    sites = Sites((1, 2), (3,), {"a": 4, "b": 5}, moved=True)
    text = instrument.argument(Path("/p,q/t.so"), sites, ["a", "b"], Path("/o"))
    assert text == "file=/p,,q/t.so,out=/o,open=0x1,open=0x2,close=0x3,loop=0x4,loop=0x5,moved=1"


def test_its_argument_names_the_first_function_with_its_code() -> None:
    """Nothing is instrumented before it is executed: a kernel boots as fast as without the instrument."""
    text = instrument.argument(
        Path("/t.so"), Sites((1,), (3,), {}, moved=False, main=0x9, begins=b"\x41\x57"), [], Path("/o")
    )
    assert text == "file=/t.so,out=/o,main=0x9,bytes=4157,open=0x1,close=0x3"


def test_a_program_that_changed_has_another_mark(tmp_path: Path) -> None:
    program = tmp_path / "qemu"
    program.write_text("one")
    first = instrument._mark(str(program))
    assert instrument._mark(str(program)) == first
    program.write_text("another")
    assert instrument._mark(str(program)) != first
