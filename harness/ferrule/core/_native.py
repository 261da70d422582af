"""The loaded binding. Only this module returns cffi's untyped objects; the modules beside it give them types."""

from __future__ import annotations

import functools
import itertools
import os
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

import cffi

from ferrule import paths
from ferrule.core._build import MODULE, Mode, build, compilers, declarations, mode_here
from ferrule.errors import BuildFailed, InfrastructureError


class Native(NamedTuple):
    """cffi's two objects: `ffi` makes C data, `lib` holds the functions and constants of guest/core."""

    ffi: Any
    lib: Any


def native() -> Native:
    """The binding, built and loaded at its first use. Raises as _build.mode_here() and _build.build() do."""
    return _load(mode_here(), bool(os.environ.get("FERRULE_CORE")))


@functools.cache
def _load(mode: Mode, asked: bool) -> Native:
    """The first binding that can be built and loaded; falls back to a plain library when no mode was asked for."""
    modes: tuple[Mode, ...] = (mode,) if asked or mode == "abi" else (mode, "abi")
    refused: list[str] = []
    for way, compiler in itertools.product(modes, compilers()):
        try:
            return _loaded(build(way, compiler), way)
        except BuildFailed as error:
            refused.append(str(error))
        except (ImportError, OSError) as error:  # built for another C library, or the cache is mounted noexec
            refused.append(f"timing core: cannot be loaded: {error}; {paths.NAME_ANOTHER}")
    raise InfrastructureError(refused[0])


def _loaded(path: Path, mode: Mode) -> Native:
    if mode == "abi":
        ffi = cffi.FFI()
        ffi.cdef(declarations())
        return Native(ffi, ffi.dlopen(str(path)))
    loader = ExtensionFileLoader(MODULE, str(path))
    spec = spec_from_file_location(MODULE, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path}: not a module")
    module = module_from_spec(spec)
    loader.exec_module(module)
    return Native(module.ffi, module.lib)
