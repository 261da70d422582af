"""Builds the stand-in for libhermit.a; a payload that is linked against it is a program for Linux."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from ferrule.errors import ToolMissing
from ferrule.payload.build import Payload, build_payload
from ferrule.payload.toolchain import target_compiler

from tests.support import archives

HERE = Path(__file__).parent
FLAGS = (
    *("-std=c11", "-O2", "-ffreestanding", "-fPIE", "-g0", "-fno-stack-protector", "-fno-asynchronous-unwind-tables"),
    *("-fcf-protection=none", "-Wall", "-Wextra", "-Werror"),
)
FLAGS_OF_KIND = {"gcc": ("-fno-tree-loop-distribute-patterns",), "clang": (), "zig": ("-fno-sanitize=all",)}


@cache
def library(folder: Path, *defines: str) -> Path:
    """The library, compiled into `folder`. Skips where no compiler makes code for x86-64."""
    try:
        compiler = target_compiler("x86_64")
    except ToolMissing as missing:
        pytest.skip(str(missing))
    members = {}
    for source in sorted(HERE.glob("*.c")):
        result = folder / f"{source.stem}.o"
        options = (*FLAGS, *FLAGS_OF_KIND[compiler.kind], *(f"-D{name}" for name in defines))
        compiler.run((*options, "-c", source, "-o", result), f"stub {source.name}", folder)
        members[result.name] = result.read_bytes()
    path = folder / f"libhermit{''.join(defines)}.a"
    path.write_bytes(archives.archive(members, {name: archives.defined(one) for name, one in members.items()}))
    return path


@cache
def payload(folder: Path, *defines: str) -> Payload:
    """The port's payload, linked against the library; warnings are errors."""
    return build_payload("hermit", "x86_64", library=library(folder, *defines), strict=True)
