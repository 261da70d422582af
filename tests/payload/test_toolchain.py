"""Compiler discovery, with the compilers of this machine."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from ferrule.errors import BuildFailed, ToolMissing, UsageError
from ferrule.payload import toolchain

MACHINE = {"x86_64": "x64", "aarch64": "AArch64", "riscv64": "RISC-V"}
HAS_ZIG = importlib.util.find_spec("ziglang") is not None
PROGRAM = "__attribute__((used)) int answer(void) { return 42; }\n"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No $CC, and nothing on PATH."""
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return monkeypatch


def compiles_for(compiler: toolchain.Compiler, arch: str, folder: Path) -> None:
    source, built = folder / "answer.c", folder / "answer.o"
    source.write_text(PROGRAM)
    compiler.run(["-O2", "-ffreestanding", "-c", "-o", built, source], "answer")
    with built.open("rb") as file:
        assert ELFFile(file).get_machine_arch() == MACHINE[arch]


@pytest.mark.parametrize("arch", toolchain.ARCHES)
def test_every_architecture(arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    try:
        compiler = toolchain.target_compiler(arch)
    except ToolMissing as error:
        pytest.skip(str(error))
    compiles_for(compiler, arch, tmp_path)


@pytest.mark.skipif(not HAS_ZIG, reason="the ziglang package is not installed")
@pytest.mark.parametrize("arch", toolchain.ARCHES)
def test_zig_is_the_last_resort(arch: str, tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    compiler = toolchain.target_compiler(arch)
    assert compiler.kind == "zig"
    assert compiler.command[-2:] == ("-target", f"{arch}-freestanding-none")
    compiles_for(compiler, arch, tmp_path)
    assert toolchain.host_compiler().command == (sys.executable, "-P", "-m", "ziglang", "cc")


@pytest.mark.skipif(not HAS_ZIG, reason="the ziglang package is not installed")
def test_zig_as_cc_is_given_the_target(tmp_path: Path, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("CC", f"{sys.executable} -m ziglang cc")
    compiles_for(toolchain.target_compiler("riscv64"), "riscv64", tmp_path)


@pytest.mark.skipif(HAS_ZIG, reason="the ziglang package is installed")
def test_without_any_compiler_the_error_says_what_to_install(bare: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolMissing, match=r"apt-get install .* gcc \("):
        toolchain.host_compiler()
    with pytest.raises(ToolMissing, match=r"apt-get install .* gcc \("):
        toolchain.target_compiler(platform.machine())
    other = "riscv64" if platform.machine() != "riscv64" else "x86_64"
    with pytest.raises(ToolMissing, match=f"apt-get install .* gcc-{other.replace('_', '-')}-linux-gnu .*ziglang"):
        toolchain.target_compiler(other)


def test_cc_comes_first_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    default = toolchain.host_compiler()
    monkeypatch.setenv("CC", f"{default.command[0]} -pipe")
    assert toolchain.host_compiler().command == (default.command[0], "-pipe")


@pytest.mark.parametrize("cc", ["no-such-compiler", "false", "/", " ", "cc 'open quote"])
def test_a_cc_that_is_no_compiler_is_the_users_error(cc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", cc)
    with pytest.raises(UsageError, match=f"CC={cc}"):
        toolchain.host_compiler()


def test_an_unknown_architecture_is_named() -> None:
    with pytest.raises(UsageError, match="m68k"):
        toolchain.target_compiler("m68k")


def test_the_version_is_the_compilers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = toolchain.host_compiler()
    version = subprocess.run([*compiler.command, "--version"], capture_output=True, text=True, check=True).stdout
    assert version.splitlines()[0] in compiler.version
    assert compiler.command[0] in toolchain.describe(compiler)


def test_a_failed_build_carries_the_compilers_output(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int answer(void) { return forty_two; }\n")
    with pytest.raises(BuildFailed, match=r"(?s)answer: .* ended with status 1.*forty_two"):
        toolchain.host_compiler().run(["-c", "-o", tmp_path / "wrong.o", source], "answer")


def test_a_compiler_that_vanished_is_a_failed_build() -> None:
    gone = toolchain.Compiler(("/no/such/cc",), "gcc", "cc 1")
    with pytest.raises(BuildFailed, match="No such file"):
        gone.run([], "answer")
