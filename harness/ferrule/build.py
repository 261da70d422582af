"""The payload and the Linux guest's init, compiled (same sources and compiler, same bytes), and the plan patch."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import NoteSection

from ferrule import archive, paths
from ferrule import port as ports
from ferrule.errors import InfrastructureError, UsageError
from ferrule.guests.base import Guest, Linked
from ferrule.plan import CAPACITY
from ferrule.port import Port
from ferrule.registry import workload_files
from ferrule.toolchain import ARCHES, Compiler, target_compiler

PLAN_SECTION: Final = ".plan"
EXTRA: Final = "more/"  # where extra workloads stand in the build tree: sorted, and so linked, behind our own
PLAN_MAGIC: Final = b"ferrule-plan-unpatched"  # guest/core/plan.h

# What shapes the machine code; told in the hello record. No unwind tables, stack protector or PIE: there is no libc to
# serve them, and nothing of them may stand in a measured loop. Aliasing: run->word is viewed as the workload's struct.
_CODE: Final = (
    *("-std=c11", "-O2", "-ffreestanding", "-fno-strict-aliasing", "-fno-pie"),
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables"),
)
_CODE_OF_KIND: Final = {
    "gcc": ("-fno-tree-loop-distribute-patterns",),  # or memcpy's own loop becomes a call of memcpy
    "clang": (),
    "zig": ("-fno-sanitize=all",),  # on by default there
}
_CODE_OF_ARCH: Final = {"x86_64": ("-fcf-protection=none",), "aarch64": ("-mno-outline-atomics",), "riscv64": ()}
# zig's linker collects garbage unless told not to, and takes the workloads for it: nothing names them.
_LINK: Final = (
    *("-g0", "-static", "-nostdlib", "-no-pie"),
    *("-Wl,--build-id=sha1", "-Wl,-z,noexecstack", "-Wl,--no-gc-sections"),
)
# Instead of -no-pie, where a port's image is moved at load: with relocations in the form that every loader knows, which
# some distributions' linkers pack. zig has its own words for the first and never does the second.
_LINK_MOVED: Final = {
    "gcc": ("-static-pie", "-Wl,-z,nopack-relative-relocs"),
    "clang": ("-static-pie",),
    "zig": ("-pie", "-Wl,--no-dynamic-linker"),
}
_PART: Final = ("-g0", "-static", "-nostdlib", "-no-pie", "-r")  # linked, but not yet placed
_STRICT: Final = ("-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True)
class Payload:
    """A finished program for one OS and architecture."""

    path: Path  # in the cache
    image: bytes  # the ELF file, plan not patched
    build_id: str  # hex, as the linker wrote it
    compiler: str
    flags: str
    arch: str
    os: str


def build_for(guest: Guest, extra_workloads: Sequence[Path] = ()) -> Payload:
    """The payload of a guest, linked against its kernel where that is a library.

    Raises: as build_payload().
    """
    library = guest.library if isinstance(guest, Linked) else None
    return build_payload(guest.os, guest.arch, extra_workloads=extra_workloads, library=library)


def build_payload(
    os: str,
    arch: str,
    *,
    compiler: Compiler | None = None,
    extra_workloads: Sequence[Path] = (),
    library: Path | None = None,
    strict: bool = False,
) -> Payload:
    """Compile the payload, or take it from the cache when nothing it is made of has changed.

    Args:
        os: a folder of guest/os/.
        arch: x86_64, aarch64 or riscv64.
        compiler: instead of the one toolchain.py finds.
        extra_workloads: workload files, or folders of them, besides the checkout's own.
        library: the user's archive, for a port that is linked against one.
        strict: warnings are errors.

    Raises:
        UsageError: no such port or architecture, an extra path that does not exist, or a library that is missing, not
            wanted, or none.
        ToolMissing: no compiler for it.
        BuildFailed: it does not compile.
        InfrastructureError: the cache cannot be written.
    """
    guest = paths.root() / "guest"
    port = ports.read(os)
    if port.arches and arch in ARCHES and arch not in port.arches:
        raise UsageError(f"os {os}: is written for {', '.join(port.arches)}, not for {arch}")
    linked = _library(os, port, library)
    main = [guest / "payload.c", *guest.glob("payload/*.c"), *guest.glob("core/*.c")]
    own = workload_files()
    sources = _in_tree([*main, *port.sources, *own]) | _extra_in_tree(workload_files(extra_workloads)[len(own) :])
    return _Recipe("payload", os, arch, compiler or target_compiler(arch), sources, strict, port, linked).make()


def build_init(arch: str, *, compiler: Compiler | None = None, strict: bool = False) -> Payload:
    """Compile the first process of the Linux guest: guest/os/linux/init.c with the port and the core.

    Raises: as build_payload().
    """
    guest = paths.root() / "guest"
    sources = _in_tree([*guest.glob("os/linux/*.c"), *guest.glob("core/*.c")])
    port = ports.read("linux")
    return _Recipe("init", "linux", arch, compiler or target_compiler(arch), sources, strict, port).make()


def patch_plan(payload: bytes, text: str | bytes) -> bytes:
    """The payload with its plan written into the `.plan` section, so that the guest's OS has to hand over nothing.

    Raises:
        UsageError: the plan is too long for the section, or holds what is not printable ASCII.
        InfrastructureError: this is no payload: no ELF file, no such section, or one that is patched already.
    """
    plan = text.encode() if isinstance(text, str) else text
    if re.fullmatch(rb"[\n -~]*", plan) is None:
        raise UsageError("plan: holds bytes other than printable ASCII and newlines")
    if len(plan) >= CAPACITY:
        raise UsageError(f"plan: {len(plan)} bytes, the payload holds {CAPACITY - 1}: ask for fewer runs")
    try:
        section = ELFFile(io.BytesIO(payload)).get_section_by_name(PLAN_SECTION)
    except (ELFError, UnicodeDecodeError) as error:
        raise InfrastructureError(f"payload: not an ELF file: {error}") from None
    if section is None or section["sh_size"] != CAPACITY:
        raise InfrastructureError(f"payload: it has no {PLAN_SECTION} section of {CAPACITY} bytes to write the plan to")
    start = section["sh_offset"]
    if payload[start : start + CAPACITY] != PLAN_MAGIC.ljust(CAPACITY, b"\0"):
        raise InfrastructureError(f"payload: its {PLAN_SECTION} section is cut or patched already; patch a fresh copy")
    return payload[:start] + plan.ljust(CAPACITY, b"\0") + payload[start + CAPACITY :]


@dataclass(frozen=True)
class _Library:
    """The user's archive, and what is to be known of it."""

    path: Path
    sha256: str
    defines: tuple[str, ...]  # preprocessor names: the optional functions that it has


def _library(os: str, port: Port, path: Path | None) -> _Library | None:
    if port.library is None:
        if path is not None:
            raise UsageError(f"os {os}: {path}: its payload is linked against no library")
        return None
    if path is None:
        raise UsageError(f"os {os}: its payload is linked against a {port.library.name} of yours, and none is named")
    has = archive.symbols(path)
    return _Library(
        path.absolute(),
        hashlib.sha256(path.read_bytes()).hexdigest(),
        tuple(f"HAVE_{name.upper()}" for name in port.library.optional if name in has),
    )


@dataclass(frozen=True)
class _Recipe:
    """All that goes into a program, and nothing else does."""

    kind: str
    os: str
    arch: str
    compiler: Compiler
    sources: Mapping[str, Path]  # path in the build tree -> file
    strict: bool
    port: Port  # what it adds besides sources
    library: _Library | None = None

    def __str__(self) -> str:
        return f"{self.kind} for {self.os} {self.arch}"

    @property
    def code(self) -> tuple[str, ...]:
        fixed = (*_CODE, *_CODE_OF_KIND[self.compiler.kind], *_CODE_OF_ARCH[self.arch], *self.port.flags)
        return tuple("-fPIE" if flag == "-fno-pie" and self.port.pie else flag for flag in fixed)

    @property
    def link(self) -> tuple[str, ...]:
        """Options of the whole program's link, all but the port's own."""
        moved = _LINK_MOVED[self.compiler.kind]
        return (*(flag for flag in _LINK if flag != "-no-pie"), *moved) if self.port.pie else _LINK

    def tree(self) -> dict[str, bytes]:
        """The build tree: all sources and every header they may include, those beside extra workloads too."""
        headers = _in_tree((paths.root() / "guest").rglob("*.h"))
        for name, path in self.sources.items():
            if name.startswith(EXTRA):
                headers |= {f"{Path(name).parent.as_posix()}/{one.name}": one for one in path.parent.glob("*.h")}
        return {
            name: path.read_bytes()
            for name, path in sorted({**headers, **_in_tree(self.port.extras), **self.sources}.items())
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
        with tempfile.TemporaryDirectory(prefix="ferrule-build-") as name:
            folder = Path(name)
            for file, content in tree.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
            includes = ("-Iguest", f"-Iguest/os/{self.os}")
            objects = [f"{part}.o" for part in self.port.objects]
            for result, part in zip(objects, self.port.objects.values(), strict=True):
                alone = (*self.code, *_PART, *(_STRICT if self.strict else ()), *part.flags, *includes)
                self.compiler.run((*alone, *_in_tree(part.sources), "-o", result), str(self), folder)
            library = [self.library.path] if self.library else []
            inputs: tuple[str | Path, ...] = (*sorted(self.sources), *objects, *library, *self.port.link)
            self.compiler.run((*options, *includes, *inputs, "-o", "program"), str(self), folder)
            _publish(folder / "program", into)

    def make(self) -> Payload:
        """From the cache, or compiled into it."""
        try:
            tree = self.tree()
            path = paths.cache("payload") / f"{self.kind}-{self.os}-{self.arch}-{self.key(tree)}.elf"
            if not path.exists():
                self.compile(tree, path)
            image = path.read_bytes()
        except OSError as error:
            raise InfrastructureError(f"{self}: {error.filename or 'cache'}: {error.strerror}") from None
        flags = " ".join(self.code)
        return Payload(path, image, build_id(image), self.compiler.version, flags, self.arch, self.os)


def _in_tree(files: Iterable[Path]) -> dict[str, Path]:
    guest = paths.root() / "guest"
    return {f"guest/{path.relative_to(guest).as_posix()}": path for path in files}


def _extra_in_tree(files: Iterable[Path]) -> dict[str, Path]:
    """Numbered folders: what theirs are called must not show in the program."""
    folders: dict[Path, int] = {}
    return {f"{EXTRA}{folders.setdefault(path.parent, len(folders))}/{path.name}": path for path in files}


def _publish(program: Path, path: Path) -> None:
    """Into the cache under its name at once: another build of the same may be running."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        finished = Path(file.name)
        try:
            file.write(program.read_bytes())
            file.flush()
            shutil.copymode(program, finished)
            finished.replace(path)
        except OSError:
            finished.unlink(missing_ok=True)
            raise


def build_id(image: bytes) -> str:
    """The linker's SHA-1 of a program.

    Raises:
        InfrastructureError: it wrote none.
    """
    for section in ELFFile(io.BytesIO(image)).iter_sections():
        if isinstance(section, NoteSection):
            for note in section.iter_notes():
                if note["n_type"] == "NT_GNU_BUILD_ID":
                    return str(note["n_desc"])
    raise InfrastructureError("payload: the linker wrote no build-id")
