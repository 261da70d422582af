"""The loaded binding. The one place where cffi's untyped objects come from; the modules beside it give them types."""

from __future__ import annotations

import functools
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, NamedTuple

import cffi

from ferrule.core._build import MODULE, Mode, build, declarations, mode_here


class Native(NamedTuple):
    """cffi's two objects: `ffi` makes C data, `lib` holds the functions and constants of guest/core."""

    ffi: Any
    lib: Any


def native() -> Native:
    """The binding, built and loaded at its first use. Raises as _build.mode_here() and _build.build() do."""
    return _load(mode_here())


@functools.cache
def _load(mode: Mode) -> Native:
    path = str(build(mode))
    if mode == "abi":
        ffi = cffi.FFI()
        ffi.cdef(declarations())
        return Native(ffi, ffi.dlopen(path))
    loader = ExtensionFileLoader(MODULE, path)
    spec = spec_from_file_location(MODULE, path, loader=loader)
    if spec is None:
        raise ImportError(f"{path}: not a module")
    module = module_from_spec(spec)
    loader.exec_module(module)
    return Native(module.ffi, module.lib)
