"""Which compiler is chosen, and the error where none fits: compilers here are scripts that only print answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.kernels import build, command, recipe, toolchain, tools
from ferrule.kernels.build import Plan
from ferrule.kernels.toolchain import Toolchain

STARRY = recipe.read("starry")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No compiler but those that a test makes."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(toolchain, "_SYSTEM", tmp_path / "none")
    (tmp_path / "bin").mkdir()
    toolchain.found.cache_clear()
    yield
    toolchain.found.cache_clear()


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def compiler(root: Path, version: str, *, target: bool = False, source: bool = False) -> Path:
    """A toolchain's folder with a rustc that only prints its version and paths."""
    libraries = root / "lib" / "rustlib" / STARRY.target / "lib"
    for name in ("core", "alloc") if target else ():
        libraries.mkdir(parents=True, exist_ok=True)
        (libraries / f"lib{name}-0.rlib").touch()
    if source:
        core = root / "lib" / "rustlib" / "src" / "rust" / "library" / "core" / "Cargo.toml"
        core.parent.mkdir(parents=True)
        core.touch()
    program(root / "bin" / "cargo", "exit 1")
    return program(
        root / "bin" / "rustc",
        f'case "$*" in -vV) echo "rustc {version}"; echo "host: x86_64-unknown-linux-gnu";; *sysroot) echo {root};;'
        f" *) echo {libraries};; esac",
    )


def rustup(folder: Path, *toolchains: Path) -> None:
    lines = "; ".join(f"echo {path.name}" for path in toolchains)
    places = " ".join(f"{path.name}) echo {path}/bin/rustc;;" for path in toolchains)
    program(folder / "bin" / "rustup", f'case "$1" in toolchain) {lines};; *) case "$4" in {places} esac;; esac')


def test_a_nightly_with_the_target_goes_before_one_with_source_only(tmp_path: Path) -> None:
    compiler(tmp_path / "source", "1.96.0 (a 2026-05-25)", source=True)
    compiler(tmp_path / "nightly", "1.100.0-nightly (b 2026-09-04)", target=True)
    rustup(tmp_path, tmp_path / "source", tmp_path / "nightly")
    chosen = toolchain.choose(STARRY)
    assert chosen is not None
    assert (chosen.sysroot, chosen.has_target, chosen.nightly) == (tmp_path / "nightly", True, True)
    assert STARRY.edits(chosen.number) == STARRY.sets[1]


def test_the_distributions_with_its_sources_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler(tmp_path / "usr", "1.96.0 (a 2026-05-25)", source=True)
    monkeypatch.setattr(toolchain, "_SYSTEM", tmp_path / "usr" / "bin")
    chosen = toolchain.choose(STARRY)
    assert chosen is not None
    assert chosen.has_source
    assert not chosen.has_target
    assert STARRY.edits(chosen.number) == STARRY.sets[0]


def test_a_compiler_of_no_range_and_one_without_library_are_each_named(tmp_path: Path) -> None:
    compiler(tmp_path / "old", "1.85.0 (a 2025-02-17)", source=True)
    compiler(tmp_path / "bare", "1.96.0 (b 2026-05-25)")
    rustup(tmp_path, tmp_path / "old", tmp_path / "bare")
    assert toolchain.choose(STARRY) is None
    with pytest.raises(ToolMissing) as refused:
        build.plans([STARRY])
    error = str(refused.value)
    assert "rustc 1.85.0 (a 2025-02-17): starry's crates are built with rustc 1.96 to before 1.97, or 1.100 or" in error
    assert "rustc 1.96.0 (b 2026-05-25): has neither the target x86_64-unknown-none nor the library's source" in error


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with apt and nothing that a build needs."""
    monkeypatch.delenv("LIBCLANG_PATH", raising=False)
    monkeypatch.delenv("FERRULE_QEMU", raising=False)
    monkeypatch.setattr(tools, "_LIBCLANG", (str(tmp_path / "lib" / "libclang*.so*"),))
    program(tmp_path / "bin" / "apt-get", "exit 1")


def test_without_any_the_command_fits_the_machine(tmp_path: Path) -> None:
    for name in ("cc", "ld.lld", "qemu-system-x86_64"):
        program(tmp_path / "bin" / name, "exit 0")
    hermit = [recipe.read("hermit")]
    with pytest.raises(ToolMissing, match=r"no Rust compiler here; install it: rustup toolchain install nightly .* MB"):
        build.plans(hermit)
    program(tmp_path / "bin" / "apt-get", "exit 1")
    with pytest.raises(
        ToolMissing, match=r"apt-get install -y .* rustc-web cargo-web rust-web-src \(115 MB .* installed"
    ):
        build.plans(hermit)


def packages(line: str) -> list[str]:
    words = line.split()
    return words[words.index("--no-install-recommends") + 1 :]


@pytest.mark.usefixtures("bare")
def test_all_that_all_kernels_need_is_one_command() -> None:
    """One error names all that is missing: the compiler, tools, what other kernels need, and QEMU."""
    every = {"rustc-web", "cargo-web", "rust-web-src", "lld", "gcc", "libc6-dev", "libclang-dev", "musl-tools"}
    for names in (["hermit", "starry"], ["starry", "hermit"], ["starry"]):
        with pytest.raises(ToolMissing) as refused:
            build.plans([recipe.read(name) for name in names])
        why, _, line = str(refused.value).partition("; install it: ")
        assert sorted(packages(line.partition(" (")[0])) == sorted({*every, "qemu-system-x86"})
        assert why.startswith(f"{','.join(names)}: there is no Rust compiler here; ")
        for what in ("a linker", "libclang", "a C compiler", "x86_64-linux-musl-gcc", "and QEMU, which boots it, not"):
            assert what in why
    page = (Path(__file__).parents[2] / "docs" / "kernels.md").read_text().replace("\\\n", "")
    (shown,) = (line for line in page.splitlines() if line.startswith("apt-get install"))
    assert {*packages(shown)} == {*every, "qemu-system-x86", "python3-venv"}


@pytest.mark.usefixtures("bare")
def test_tools_are_all_named_in_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler(tmp_path / "usr", "1.96.0 (a 2026-05-25)", source=True)
    monkeypatch.setattr(toolchain, "_SYSTEM", tmp_path / "usr" / "bin")
    program(tmp_path / "bin" / "qemu-system-x86_64", "exit 0")
    with pytest.raises(
        ToolMissing,
        match=r"linker.*libclang.*build scripts.*musl-gcc not found.* lld libclang-dev gcc libc6-dev musl-tools$",
    ):
        build.plans([STARRY])
    with pytest.raises(ToolMissing, match=r"linker.* lld gcc libc6-dev$"):
        build.plans([recipe.read("hermit")])


def test_a_build_without_qemu_says_so_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("FERRULE_QEMU", raising=False)
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    compiler(tmp_path / "usr", "1.96.0 (a 2026-05-25)", source=True)
    monkeypatch.setattr(toolchain, "_SYSTEM", tmp_path / "usr" / "bin")
    for name in ("cc", "ld.lld"):
        program(tmp_path / "bin" / name, "exit 0")
    with pytest.raises(InfrastructureError, match="cargo"):  # which only fails here
        command.get(["hermit"], sys.stderr)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("these kernels cannot be booted yet: qemu-system-x86_64 is not on PATH; install it: ")


def test_tools_are_found_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIBCLANG_PATH", raising=False)
    monkeypatch.setattr(tools, "_LIBCLANG", (str(tmp_path / "lib" / "libclang*.so*"),))
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libclang-22.so.1").touch()
    (tmp_path / "lib" / "libclang-cpp.so.22").touch()
    for name in ("cc", "x86_64-linux-musl-gcc"):
        program(tmp_path / "bin" / name, "exit 0")
    linker = program(tmp_path / "lib" / "rustlib" / "host" / "bin" / "rust-lld", 'echo "LLD 22.1"')
    here = Toolchain(Path("rustc"), Path("cargo"), "rustc 1.96.0", tmp_path, "host", False, True)
    assert tools.find(STARRY, here) == tools.Tools(linker, "LLD 22.1", tmp_path / "lib")
    program(tmp_path / "bin" / "x86_64-linux-musl-gcc", "echo gcc 12; echo more")
    with_c = tools.find(STARRY, here)
    assert with_c == tools.Tools(linker, "LLD 22.1", tmp_path / "lib", None, ("gcc 12",))
    one, other = (
        Plan(STARRY, here, found, STARRY.sets[0]) for found in (with_c, replace(with_c, programs=("gcc 13",)))
    )
    assert one.key != other.key, "objects of another C compiler are another kernel"


def test_a_libclang_with_its_own_headers_goes_before_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LIBCLANG_PATH", raising=False)
    folders = [tmp_path / name / "lib" for name in ("x86_64-linux-gnu", "llvm-9", "llvm-14", "llvm-22")]
    monkeypatch.setattr(tools, "_LIBCLANG", tuple(f"{folder}/libclang*.so*" for folder in folders))
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "libclang.so.1").touch()
    assert tools._libclang() == folders[3]
    for folder in folders[1:3]:
        headers = folder / "clang" / "1" / "include"
        headers.mkdir(parents=True)
        (headers / "limits.h").touch()
    assert tools._libclang() == folders[2]
    for name in ("cc", "x86_64-linux-musl-gcc", "ld.lld"):
        program(tmp_path / "bin" / name, "echo a program")
    here = Toolchain(Path("rustc"), Path("cargo"), "rustc 1.96.0", tmp_path, "host", False, True)
    assert tools.find(STARRY, here).headers == folders[2] / "clang" / "1" / "include"


def test_the_hint_is_what_has_to_be_done_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    takes, remedy = command.hint("hermit")
    assert takes.startswith("cannot be built here yet: there is no Rust compiler here")
    assert remedy.startswith("rustup toolchain install nightly")
    assert command.offer(["hermit", "starry", "linux"]) is None
    compiler(tmp_path / "nightly", "1.96.0 (b 2026-05-25)", target=True)
    rustup(tmp_path, tmp_path / "nightly")
    toolchain.found.cache_clear()
    for name in ("cc", "ld.lld"):
        program(tmp_path / "bin" / name, "echo a linker")
    assert command.hint("hermit") == (
        "it can be built here: about 2 min of CPU, 13 MB to download, 350 MB of disk meanwhile",
        "ferrule kernel get hermit",
    )
    offered = command.offer(["hermit", "linux"]) or ""
    assert offered == "ferrule kernel get hermit: would add Hermit 0.11.0 (about 2 min of CPU, 13 MB to download)"
