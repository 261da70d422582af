"""Recipes: the inputs of a guest program and its build. The same sources and compiler give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule import files, paths
from ferrule.errors import InfrastructureError
from ferrule.payload import port as ports
from ferrule.payload.port import Port
from ferrule.payload.toolchain import Compiler

EXTRA: Final = "more/"  # folder of extra workloads in the build tree: sorted, and so linked, after our own

# Options that shape the machine code; sent in the hello record. No unwind tables, stack protector or PIE: there is no
# libc to support them, and their code must not be in a measured loop. Aliasing: run->word is accessed as the workload's
# struct.
_CODE: Final = (
    *("-std=c11", "-O2", "-ffreestanding", "-fno-strict-aliasing", "-fno-pie"),
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables"),
)
_CODE_OF_KIND: Final = {
    "gcc": ("-fno-tree-loop-distribute-patterns",),  # else the loop in memcpy becomes a call of memcpy
    "clang": (),
    "zig": ("-fno-sanitize=all",),  # on by default there
}
_CODE_OF_ARCH: Final = {"x86_64": ("-fcf-protection=none",), "aarch64": ("-mno-outline-atomics",), "riscv64": ()}
# zig's linker removes unreferenced sections by default, and so the workloads: no code names them.
_LINK: Final = (
    *("-g0", "-static", "-nostdlib", "-no-pie"),
    *("-Wl,--build-id=sha1", "-Wl,-z,noexecstack", "-Wl,--no-gc-sections"),
)
# Instead of -no-pie, where a port's image is relocated at load. Some distributions' linkers pack relocations, which not
# every loader reads: gcc needs an option against that. zig has its own option for static PIE, and never packs.
_LINK_MOVED: Final = {
    "gcc": ("-static-pie", "-Wl,-z,nopack-relative-relocs"),
    "clang": ("-static-pie",),
    "zig": ("-pie", "-Wl,--no-dynamic-linker"),
}
_PART: Final = ("-g0", "-static", "-nostdlib", "-no-pie", "-r")  # linked, but still relocatable
_STRICT: Final = ("-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Library:
    """The user's archive and the properties that the build needs."""

    path: Path
    sha256: str
    defines: tuple[str, ...]  # preprocessor names: the optional functions that it has


@dataclass(frozen=True)
class Recipe:
    """All inputs of a program: the program depends on nothing else."""

    kind: str
    os: str
    arch: str
    compiler: Compiler
    sources: Mapping[str, Path]  # path in the build tree -> file
    strict: bool
    port: Port  # its further options and objects
    library: Library | None = None

    def __str__(self) -> str:
        return f"{self.kind} for {self.os} {self.arch}"

    @property
    def code(self) -> tuple[str, ...]:
        """Options that shape the machine code."""
        fixed = (*_CODE, *_CODE_OF_KIND[self.compiler.kind], *_CODE_OF_ARCH[self.arch], *self.port.flags)
        return tuple("-fPIE" if flag == "-fno-pie" and self.port.pie else flag for flag in fixed)

    @property
    def link(self) -> tuple[str, ...]:
        """Options of the whole program's link, without the port's own."""
        moved = _LINK_MOVED[self.compiler.kind]
        return (*(flag for flag in _LINK if flag != "-no-pie"), *moved) if self.port.pie else _LINK

    def tree(self) -> dict[str, bytes]:
        """The build tree: all sources and every header they may include, also those beside extra workloads."""
        headers = in_tree(ports.headers())
        for name, path in self.sources.items():
            if name.startswith(EXTRA):
                headers |= {f"{Path(name).parent.as_posix()}/{one.name}": one for one in path.parent.glob("*.h")}
        return {
            name: path.read_bytes()
            for name, path in sorted({**headers, **in_tree(self.port.extras), **self.sources}.items())
        }

    def key(self, tree: Mapping[str, bytes]) -> str:
        """The name in the cache."""
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in tree.items()}
        made_of = [self.kind, self.os, self.arch, self.compiler.command, self.compiler.version]
        library = () if self.library is None else (self.library.sha256, self.library.defines)
        made_by = [self.code, self.link, _STRICT if self.strict else (), sorted(self.sources), hashes, library]
        return hashlib.sha256(json.dumps([made_of, made_by]).encode()).hexdigest()[:24]

    def compile(self, tree: Mapping[str, bytes], into: Path) -> None:
        """Compile in a private copy of the tree: every path the compiler sees is relative and the same everywhere."""
        quoted = {"COMPILER": self.compiler.version, "FLAGS": " ".join(self.code)}
        defines = [f"-DFERRULE_{name}={json.dumps(value)}" for name, value in quoted.items()]  # as C quotes it, too
        defines += [f"-D{name}" for name in (self.library.defines if self.library else ())]
        options = (*self.code, *self.link, *(_STRICT if self.strict else ()), *defines)
        with files.scratch() as folder:
            for file, content in tree.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
            includes = ("-Iguest", f"-Iguest/os/{self.os}")
            objects = [f"{part}.o" for part in self.port.objects]
            for result, part in zip(objects, self.port.objects.values(), strict=True):
                alone = (*self.code, *_PART, *(_STRICT if self.strict else ()), *part.flags, *includes)
                self.compiler.run((*alone, *in_tree(part.sources), "-o", result), str(self), folder)
            library = [self.library.path] if self.library else []
            inputs: tuple[str | Path, ...] = (*sorted(self.sources), *objects, *library, *self.port.link)
            self.compiler.run((*options, *includes, *inputs, "-o", "program"), str(self), folder)
            files.write_sound(into, (folder / "program").read_bytes(), 0o755)

    def make(self) -> Path:
        """The program in the cache, compiled first when the cache does not have this recipe's.

        Raises:
            BuildFailed: it does not compile.
            InfrastructureError: a source cannot be read or the cache cannot be written.
        """
        try:
            tree = self.tree()
            path = paths.cache("payload") / f"{self.kind}-{self.os}-{self.arch}-{self.key(tree)}.elf"
            if not files.sound(path):
                self.compile(tree, path)
        except OSError as error:
            raise InfrastructureError(f"{self}: {error.filename or 'cache'}: {error.strerror}") from None
        return path


def in_tree(files: Iterable[Path]) -> dict[str, Path]:
    """Files of guest/ and of ports by their path in the build tree."""
    return {ports.place(path): path for path in files}


def extra_in_tree(files: Iterable[Path]) -> dict[str, Path]:
    """Extra workloads by their path in the build tree, in numbered folders: their own names do not affect the build."""
    folders: dict[Path, int] = {}
    return {f"{EXTRA}{folders.setdefault(path.parent, len(folders))}/{path.name}": path for path in files}
