"""Compiles the payload and the Linux guest's init by their recipes (recipe.py), and patches the plan into them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from elftools.elf.sections import NoteSection

from ferrule import elf, paths
from ferrule.errors import InfrastructureError, UsageError
from ferrule.payload import archive
from ferrule.payload import port as ports
from ferrule.payload.plan import CAPACITY
from ferrule.payload.port import Port
from ferrule.payload.recipe import Library, Recipe, extra_in_tree, in_tree
from ferrule.payload.registry import workload_files
from ferrule.payload.toolchain import ARCHES, Compiler, target_compiler

PLAN_SECTION: Final = ".plan"
PLAN_MAGIC: Final = b"ferrule-plan-unpatched"  # guest/core/plan.h


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

    @property
    def makes_copies(self) -> bool:
        """Whether it knows the plan's `apart`, recognised by its error message; older payloads refuse such a plan."""
        return b"apart is neither 0 nor 1" in self.image


class Target(Protocol):
    """What a payload is built for: the properties of a guest that a compiler needs."""

    os: str  # a folder of guest/os/
    arch: str  # x86_64 | aarch64 | riscv64


@runtime_checkable
class Linked(Protocol):
    """A target whose kernel is a library: the payload is linked against it."""

    library: Path


@runtime_checkable
class Counting(Protocol):
    """A target that may read another counter than its architecture's usual one."""

    counter: str | None  # <name> of FERRULE_COUNTER_<name> in guest/core/counter.h; None: the usual one


def build_for(guest: Target, extra_workloads: Sequence[Path] = ()) -> Payload:
    """The payload of a guest: linked against its kernel where that is a library; reads the guest's counter.

    Raises: as build_payload().
    """
    library = guest.library if isinstance(guest, Linked) else None
    counter = guest.counter if isinstance(guest, Counting) else None
    return build_payload(guest.os, guest.arch, extra_workloads=extra_workloads, library=library, counter=counter)


def build_payload(
    os: str,
    arch: str,
    *,
    compiler: Compiler | None = None,
    extra_workloads: Sequence[Path] = (),
    library: Path | None = None,
    counter: str | None = None,
    strict: bool = False,
) -> Payload:
    """Compile the payload, or take it from the cache when none of its inputs has changed.

    Args:
        os: a folder of guest/os/.
        arch: x86_64, aarch64 or riscv64.
        compiler: instead of the one toolchain.py finds.
        extra_workloads: workload files, or folders of them, besides our own.
        library: the user's archive, for a port that is linked against one.
        counter: instead of the architecture's usual one; see Counting.
        strict: warnings are errors.

    Raises:
        UsageError: no such port or architecture, an extra path that does not exist, or a library that is missing,
            given to a port without one, or no archive.
        ToolMissing: no compiler for it.
        BuildFailed: it does not compile.
        InfrastructureError: the cache cannot be written.
    """
    guest = paths.guest()
    port = ports.read(os)
    if port.arches and arch in ARCHES and arch not in port.arches:
        raise UsageError(f"os {os}: is written for {', '.join(port.arches)}, not for {arch}")
    linked = _library(os, port, library)
    if counter is not None:
        port = replace(port, flags=(*port.flags, f"-DFERRULE_COUNTER_{counter}"))
    main = [*guest.glob("payload/*.c"), *guest.glob("core/*.c")]
    own = workload_files()
    sources = in_tree([*main, *port.sources, *own]) | extra_in_tree(workload_files(extra_workloads)[len(own) :])
    return _made(Recipe("payload", os, arch, compiler or target_compiler(arch), sources, strict, port, linked))


def build_init(arch: str, *, compiler: Compiler | None = None, strict: bool = False) -> Payload:
    """Compile the first process of the Linux guest: guest/os/linux/init.c with the port and the core.

    Raises: as build_payload().
    """
    guest = paths.guest()
    sources = in_tree([*guest.glob("os/linux/*.c"), *guest.glob("core/*.c")])
    port = ports.read("linux")
    return _made(Recipe("init", "linux", arch, compiler or target_compiler(arch), sources, strict, port))


def build_loader(os: str, arch: str, *, compiler: Compiler | None = None, strict: bool = False) -> Payload:
    """Compile the Multiboot loader that starts images of an OS: guest/boot/<os>/.

    Raises: as build_payload().
    """
    guest = paths.guest()
    folder = guest / "boot" / os
    script = folder / "image.ld"
    # The loader runs before vector registers are set up.
    flags = ("-mno-red-zone", "-mgeneral-regs-only", "-fno-builtin")
    link = (f"-Wl,-T,guest/boot/{os}/image.ld", "-Wl,-z,max-page-size=4096")
    port = Port((), (script,), flags=flags, link=link)
    sources = in_tree([*folder.glob("*.c"), guest / "boot" / "multiboot.S", guest / "core" / "text.c"])
    return _made(Recipe("loader", os, arch, compiler or target_compiler(arch), sources, strict, port))


def patch_plan(payload: bytes, text: str | bytes) -> bytes:
    """The payload with its plan written into the `.plan` section: the guest's OS need not pass any arguments.

    Raises:
        UsageError: the plan is too long for the section, or is not printable ASCII.
        InfrastructureError: this is no payload: no ELF file, no such section, or one that is patched already.
    """
    plan = text.encode() if isinstance(text, str) else text
    if re.fullmatch(rb"[\n -~]*", plan) is None:
        raise UsageError("plan: holds bytes other than printable ASCII and newlines")
    if len(plan) >= CAPACITY:
        raise UsageError(f"plan: {len(plan)} bytes, the payload holds {CAPACITY - 1}: ask for fewer runs")
    try:
        with elf.reading(payload) as file:
            section = file.get_section_by_name(PLAN_SECTION)
    except elf.Broken as error:
        raise InfrastructureError(f"payload: {error}") from None
    if section is None or section["sh_size"] != CAPACITY:
        raise InfrastructureError(f"payload: it has no {PLAN_SECTION} section of {CAPACITY} bytes to write the plan to")
    start = section["sh_offset"]
    if payload[start : start + CAPACITY] != PLAN_MAGIC.ljust(CAPACITY, b"\0"):
        raise InfrastructureError(f"payload: its {PLAN_SECTION} section is cut or patched already; patch a fresh copy")
    return payload[:start] + plan.ljust(CAPACITY, b"\0") + payload[start + CAPACITY :]


def _library(os: str, port: Port, path: Path | None) -> Library | None:
    if port.library is None:
        if path is not None:
            raise UsageError(f"os {os}: {path}: its payload is linked against no library")
        return None
    if path is None:
        raise UsageError(f"os {os}: its payload is linked against a {port.library.name} of yours, and none is named")
    has = archive.symbols(path)
    return Library(
        path.absolute(),
        hashlib.sha256(path.read_bytes()).hexdigest(),
        tuple(f"HAVE_{name.upper()}" for name in port.library.optional if name in has),
    )


def _made(recipe: Recipe) -> Payload:
    path = recipe.make()
    try:
        image = path.read_bytes()
    except OSError as error:
        raise InfrastructureError(f"{path}: cannot be read: {error.strerror}") from None
    flags = " ".join(recipe.code)
    return Payload(path, image, build_id(image), recipe.compiler.version, flags, recipe.arch, recipe.os)


def build_id(image: bytes) -> str:
    """The linker's SHA-1 of a program.

    Raises:
        InfrastructureError: the linker wrote none, or this is no program.
    """
    try:
        with elf.reading(image) as file:
            for section in file.iter_sections():
                for note in section.iter_notes() if isinstance(section, NoteSection) else ():
                    if note["n_type"] == "NT_GNU_BUILD_ID":
                        return str(note["n_desc"])
    except elf.Broken as error:
        raise InfrastructureError(f"payload: {error}") from None
    raise InfrastructureError("payload: the linker wrote no build-id")
