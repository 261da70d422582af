"""The binding to guest/core: one set of answers in either mode, every function of the headers, and the CRC."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zlib
from pathlib import Path

import cffi
import pytest
from ferrule import core
from ferrule.core import _build, _native
from ferrule.errors import InfrastructureError, UsageError
from ferrule.payload import toolchain
from hypothesis import given
from hypothesis import strategies as st

from tests.support.patience import PATIENCE

HAS_PYTHON_H = (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file()
ANSWERS = """
import json, sys
from ferrule import core
from ferrule.core import _build
h = core.Histogram(); h.add([i * i for i in range(5000)])
lines = core.Encoder("r1", 9).encode("batch", {"x": "a b~", "y": -4, "t": list(range(900, 1300))})
plan = core.parse_plan(b"seed=9\\nw pipe size=64 place=free n=8\\n")
print(json.dumps([_build.mode_here(), [h.count, h.quantile(0.99), h.buckets(), [line.decode() for line in lines],
    repr(plan), core.plan_order(1, 2, 3, 20), core.crc32(b"ferrule"), core.next_batch(8, 100, 5000)]]))
timing = core.characterise(5_000_000)
assert timing.hz > 0 and core.mark().tick > 0
"""


def ask(mode: str, cache: Path) -> subprocess.Popen[bytes]:
    env = {**os.environ, "FERRULE_CORE": mode, "FERRULE_CACHE": str(cache)}
    return subprocess.Popen([sys.executable, "-c", ANSWERS], env=env, stdout=subprocess.PIPE)


@pytest.mark.skipif(not HAS_PYTHON_H, reason="Python.h is not installed: ABI mode only")
def test_both_modes_give_the_same_answers(tmp_path: Path) -> None:
    """And builders that race in an empty cache do not disturb each other."""
    started = [ask(mode, tmp_path) for mode in ("api", "abi", "abi")]
    answers = [json.loads(child.communicate(timeout=PATIENCE)[0]) for child in started]
    assert [child.returncode for child in started] == [0, 0, 0]
    assert [mode for mode, _ in answers] == ["api", "abi", "abi"]
    assert answers[0][1] == answers[1][1] == answers[2][1]
    assert len(list((tmp_path / "core").iterdir())) == 4  # nothing but the two finished files and their sums is left


def test_the_mode_fits_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERRULE_CORE", raising=False)
    assert _build.mode_here() == ("api" if HAS_PYTHON_H else "abi")
    monkeypatch.setenv("FERRULE_CORE", "abi")
    assert _build.mode_here() == "abi"
    assert _build.mode_here("api") == "api"
    monkeypatch.setenv("FERRULE_CORE", "fast")
    with pytest.raises(UsageError, match="FERRULE_CORE=fast"):
        core.crc32(b"")


def test_every_function_of_the_headers_is_bound() -> None:
    ffi = cffi.FFI()
    ffi.cdef(_build.declarations())
    lib = ffi.dlopen(str(_build.build("abi")))
    names = [line.split("(")[0].split()[-1].strip("*") for line in _build.declarations().splitlines() if _is_call(line)]
    assert {"timing_characterise", "hist_quantile", "record_buckets", "plan_order", "host_sink"} <= set(names)
    assert all(callable(getattr(lib, name)) for name in names)


def _is_call(line: str) -> bool:
    return line.endswith(");") and line[0].isalpha() and not line.startswith("typedef")


@given(st.binary(max_size=300))
def test_the_crc_is_that_of_zlib(data: bytes) -> None:
    assert core.crc32(data) == zlib.crc32(data)


SUM = "from ferrule import core; print(core.crc32(b'ferrule'))"


def summed(**environment: str) -> subprocess.CompletedProcess[str]:
    env = {**{key: value for key, value in os.environ.items() if key != "FERRULE_CORE"}, **environment}
    return subprocess.run([sys.executable, "-c", SUM], env=env, capture_output=True, text=True, check=False)


def other_library(folder: Path) -> Path:
    """A compiler like musl-gcc: it works, but its output needs a C library that this Python's loader does not have."""
    (folder / "none.c").write_text("int of_another_library;")
    made = ["cc", "-shared", "-o", str(folder / "libanother.so.1"), str(folder / "none.c")]
    subprocess.run([*made, "-Wl,-soname,libanother.so.1"], check=True)
    script = folder / "another-gcc"
    script.write_text(f'#!/bin/sh\nexec cc "$@" -Wl,--no-as-needed {folder}/libanother.so.1\n')
    script.chmod(0o755)
    return script


@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc on PATH")
def test_a_compiler_for_another_c_library_is_not_needed(tmp_path: Path) -> None:
    done = summed(CC=str(other_library(tmp_path)), FERRULE_CACHE=str(tmp_path / "cache"))
    assert done.stdout == f"{zlib.crc32(b'ferrule')}\n", done.stderr


@pytest.mark.skipif(shutil.which("cc") is None, reason="no cc on PATH")
def test_what_cannot_be_loaded_names_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a cache mounted noexec: here the only compiler's output cannot be loaded by this Python."""
    monkeypatch.setenv("CC", str(other_library(tmp_path)))
    monkeypatch.setenv("FERRULE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(toolchain, "python_compiler", lambda: None)
    _native._load.cache_clear()
    with pytest.raises(InfrastructureError, match=r"^timing core: cannot be loaded: .*; set FERRULE_CACHE to a folder"):
        core.crc32(b"")
    _native._load.cache_clear()
