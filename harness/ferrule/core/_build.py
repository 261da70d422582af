"""Building the binding of guest/core: the guest's own C, compiled for this host on first use and kept in the cache."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cffi

from ferrule import files, paths
from ferrule.errors import InfrastructureError, UsageError
from ferrule.payload import toolchain

Mode = Literal["api", "abi"]

MODULE = "_ferrule_core"
SOURCES = ("hist.c", "plan.c", "record.c", "text.c", "timing.c")
HEADERS = ("hist.h", "plan.h", "record.h", "timing.h")  # their marked parts are the binding's declarations
FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared", "-Wall")


def mode_here(asked: str | None = None) -> Mode:
    """How the binding is made: `api` (a compiled module) where Python.h exists, `abi` (a plain library) elsewhere.

    Args:
        asked: `api` or `abi`; None: the value of `FERRULE_CORE`, or when that is unset what fits this machine.

    Raises:
        UsageError: another word was asked for.
    """
    wanted = asked or os.environ.get("FERRULE_CORE") or "auto"
    if wanted == "api":
        return "api"
    if wanted == "abi":
        return "abi"
    if wanted != "auto":
        raise UsageError(f"FERRULE_CORE={wanted}: not one of api, abi, auto")
    return "api" if _has_python_h() else "abi"


@functools.cache
def _has_python_h() -> bool:
    """Cached: called at every use of the binding, and slow."""
    return (_python_include() / "Python.h").is_file()


def declarations() -> str:
    """The binding's C declarations: the text between the markers in the headers, so that both are always the same."""
    return "\n".join(_marked(header) for header in _headers())


def compilers() -> Iterator[toolchain.Compiler]:
    """Compilers that can build for this Python, the best first: its own, as `$CC` may be one for another C library.

    Raises:
        UsageError: `$CC` names something that is no C compiler.
        ToolMissing: there is none at all.
    """
    own = toolchain.python_compiler()
    if own is not None:
        yield own
    yield toolchain.host_compiler()


def build(mode: Mode, compiler: toolchain.Compiler | None = None) -> Path:
    """The library or module, built unless the cache has it. Builders may race: each replaces the file atomically.

    Args:
        mode: module or library.
        compiler: the compiler to use; the first of compilers() when not given.

    Raises:
        ToolMissing: there is no C compiler.
        BuildFailed: it does not compile.
        InfrastructureError: the cache cannot be written.
    """
    compiler = compiler or next(compilers())
    try:
        folder = paths.cache("core")
        finished = folder / f"{MODULE}-{mode}-{_key(compiler, mode)}.so"
        if not files.sound(finished):
            with files.scratch(folder) as scratch:
                files.write_sound(finished, _compile(compiler, mode, scratch).read_bytes(), 0o755)
    except OSError as error:
        raise InfrastructureError(f"timing core: {error.filename}: {error.strerror}; {paths.NAME_ANOTHER}") from None
    return finished


def _compile(compiler: toolchain.Compiler, mode: Mode, scratch: Path) -> Path:
    core, own = paths.guest() / "core", _own()
    units = [core / source for source in SOURCES] + [own / "host.c"]
    folders = [core, own]
    if mode == "api":
        ffi = cffi.FFI()
        ffi.cdef(declarations())
        ffi.set_source(MODULE, "".join(f'#include "{header.name}"\n' for header in _headers()), compiler_verbose=0)
        generated = scratch / f"{MODULE}.c"
        ffi.emit_c_code(str(generated))
        units.append(generated)
        folders.append(_python_include())
    built = scratch / f"{MODULE}.so"
    compiler.run([*FLAGS, *(f"-I{folder}" for folder in folders), "-o", built, *units], "timing core for this host")
    return built


def _key(compiler: toolchain.Compiler, mode: Mode) -> str:
    """A hash of everything that the built file depends on."""
    folders = (paths.guest() / "core", _own())
    texts = [file.read_bytes() for folder in folders for file in sorted(folder.glob("*.[ch]"))]
    texts.append(repr((mode, FLAGS, SOURCES, compiler)).encode())
    texts.append(repr((sys.implementation.cache_tag, platform.machine(), cffi.__version__)).encode())
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def _own() -> Path:
    return Path(__file__).parent


def _headers() -> list[Path]:
    return [paths.guest() / "core" / header for header in HEADERS] + [_own() / "host.h"]


def _marked(header: Path) -> str:
    _, _, rest = header.read_text(encoding="ascii").partition("/* [cffi */\n")
    inside, end, _ = rest.partition("/* cffi] */\n")
    if not end:
        raise InfrastructureError(f"{header}: the lines `/* [cffi */` and `/* cffi] */` are missing")
    return inside


def _python_include() -> Path:
    return Path(sysconfig.get_paths()["include"])
