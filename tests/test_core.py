"""guest/core through its binding: counter, histogram, CRC; and that it stands on its own on every architecture."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import sysconfig
import time
import zlib
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from ferrule import core, paths, samples
from ferrule.core import _build
from ferrule.errors import ToolMissing, UsageError
from ferrule.toolchain import ARCHES, Compiler, host_compiler, target_compiler
from hypothesis import given
from hypothesis import strategies as st

CORE = paths.root() / "guest" / "core"
WARNINGS = ("-std=c11", "-ffreestanding", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fno-stack-protector")
HAS_PYTHON_H = (Path(sysconfig.get_paths()["include"]) / "Python.h").is_file()
TICKS = st.one_of(st.integers(0, 300), st.integers(0, 48).flatmap(lambda bits: st.integers(0, 2**bits)))


# --- the counter


@pytest.fixture(scope="module")
def timing() -> core.Timing:
    return core.characterise(50_000_000)


def test_this_machine_has_a_sound_counter(timing: core.Timing) -> None:
    assert timing.verdict == "ok"
    assert 1_000_000 < timing.hz < 10**10
    assert timing.hz_error_ppb < 1_000_000
    assert len(timing.pair) == 64
    assert timing.cost == timing.pair.min()
    assert timing.cost_median == int(np.median(timing.pair))
    assert timing.resolution > 0
    assert timing.cost_ns == pytest.approx(timing.cost / timing.hz * 1e9)


def test_the_rate_agrees_with_python_clocks(timing: core.Timing) -> None:
    """Against time.monotonic_ns, which NTP may slew by up to 500 ppm, over an interval of its own."""
    first = core.mark(time.monotonic_ns)
    time.sleep(0.05)
    second = core.mark(time.monotonic_ns)
    rate = (second.tick - first.tick) / (second.ns - first.ns) * 1e9
    assert rate == pytest.approx(timing.hz, rel=1e-3)


def test_marks_advance_and_are_narrow(timing: core.Timing) -> None:
    marks = [core.mark() for _ in range(50)]
    assert all(a.tick < b.tick and a.ns < b.ns for a, b in pairwise(marks))
    assert min(mark.width for mark in marks) < timing.hz / 100_000  # 10 us


def test_each_clock_of_the_host_is_the_one_it_says() -> None:
    """Python's time.monotonic_ns is CLOCK_MONOTONIC."""
    before = time.monotonic_ns()
    found = core.mark(core.HostClock.MONOTONIC)
    assert before <= found.ns <= time.monotonic_ns()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    assert before <= core.mark(core.HostClock.RAW).ns <= time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


def altered(change: Callable[[int, int], int]) -> Callable[[], int]:
    """A clock that reads as `change` makes of the true nanoseconds since it was made and of how often it was read."""
    start, reads = time.monotonic_ns(), count()
    return lambda: change(time.monotonic_ns() - start, next(reads))


SECOND_CLOCKS = {  # verdict, window in the clock's own ns, the clock
    "stuck": ("stuck", 30_000_000, lambda ns, reads: 1000),
    "stuck after a while": ("stuck", 30_000_000, lambda ns, reads: ns if reads < 60 else 10**15),
    "backwards": ("backwards", 30_000_000, lambda ns, reads: 10**12 - ns),
    "jumps back": ("backwards", 30_000_000, lambda ns, reads: ns + 10**15 * (reads < 60)),
    "far too slow": ("stuck", 1_000_000, lambda ns, reads: ns // 1_000_000),
    "faster and faster": ("unsteady", 30_000_000, lambda ns, reads: ns + ns * ns // 10**9),
    "counter looks coarse": ("coarse", 300_000_000_000, lambda ns, reads: ns * 10_000),
    "good": ("ok", 30_000_000, lambda ns, reads: ns),
    "good, from an odd origin": ("ok", 30_000_000, lambda ns, reads: ns + 2**63),
}


@pytest.mark.parametrize(("verdict", "window", "change"), SECOND_CLOCKS.values(), ids=SECOND_CLOCKS)
def test_a_bad_second_clock_is_found_out(verdict: str, window: int, change: Callable[[int, int], int]) -> None:
    started = time.monotonic()
    found = core.characterise(window, altered(change))
    assert found.verdict == verdict
    assert time.monotonic() - started < 20  # every wait is bounded
    if verdict in ("stuck", "backwards"):
        assert found.hz == 0


def test_a_clock_with_ten_millisecond_steps_is_marked_at_its_edges(timing: core.Timing) -> None:
    found = core.characterise(40_000_000, altered(lambda ns, reads: ns // 10_000_000 * 10_000_000))
    assert found.second_resolution == 10_000_000
    assert found.verdict == "ok"
    # A busy machine interrupts readings: the rate is then less certain, and says so.
    assert found.hz == pytest.approx(timing.hz, rel=1e-3 + found.hz_error_ppb / 1e9)
    assert found.hz_error_ppb < 200_000_000


@given(st.integers(1, 2**40), st.integers(0, 2**50), st.integers(1, 2**50), st.integers(0, 2**40))
def test_the_next_batch(n: int, ticks: int, floor: int, limit: int) -> None:
    following = core.next_batch(n, ticks, floor, limit)
    if limit and n >= limit:
        assert following == limit
    elif ticks >= floor:
        assert following == n
    else:
        assert n < following
        assert following == limit or following.bit_count() == 1
        assert following <= max(128 * n, 2 * math.ceil(n * floor / max(ticks, 1)))
    assert not limit or following <= limit


@given(st.integers(1, 10_000), st.integers(1, 10**9), st.integers(1, 10**7))
def test_calibration_comes_to_an_end(cost: int, floor: int, limit: int) -> None:
    n, turns = 1, 0
    while (following := core.next_batch(n, n * cost, floor, limit)) != n:
        n, turns = following, turns + 1
        assert turns < 40
    assert n * cost >= floor or n == limit


@given(st.integers(1, 10**10), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**10))
def test_the_batch_floor(hz: int, resolution: int, cost: int, target: int) -> None:
    known = core.Timing("tsc", hz, 0, resolution, 1, np.zeros(64, np.int64), cost, cost, "ok")
    assert core.batch_floor(known, target) == max(1, 1000 * resolution, 200 * cost, target * hz // 10**9)


# --- the histogram


def test_buckets_adjoin_and_cover_everything() -> None:
    low, high = core.bucket_bounds(range(core.BUCKETS))
    assert low[0] == 0
    assert high[-1] == 2**48 - 1
    assert (low[1:] == high[:-1] + 1).all()


@given(TICKS.filter(lambda ticks: 1 <= ticks < 2**48))
def test_a_bucket_stands_for_its_members_within_one_percent(ticks: int) -> None:
    bucket = core.bucket_of(ticks)
    (low,), (high,) = core.bucket_bounds([bucket])
    (middle,) = core.bucket_middles([bucket])
    assert low <= ticks <= high
    assert abs(int(middle) - ticks) <= ticks / 100


@given(st.lists(TICKS, min_size=1, max_size=300), st.integers(0, 1_000_000))
def test_quantiles_against_numpy(ticks: list[int], q_ppm: int) -> None:
    histogram = core.Histogram()
    histogram.add(np.array(ticks, dtype=np.int64))
    rank = max(1, -(-q_ppm * len(ticks) // 1_000_000))
    exact = int(np.sort(ticks)[rank - 1])
    assert abs(histogram.quantile(q_ppm / 1e6) - exact) <= exact / 100
    assert (histogram.count, histogram.min, histogram.max) == (len(ticks), min(ticks), max(ticks))
    assert histogram.quantile(0) == min(ticks)
    assert histogram.quantile(1) == max(ticks)
    assert histogram.at_rank(rank) == histogram.quantile(q_ppm / 1e6)
    bins = np.bincount([core.bucket_of(value) for value in ticks], minlength=core.BUCKETS)
    assert (histogram.counts == bins).all()


@given(st.lists(st.lists(TICKS, max_size=50), max_size=5))
def test_merging_is_counting_together(parts: list[list[int]]) -> None:
    merged, together = core.Histogram(), core.Histogram()
    for part in parts:
        one = core.Histogram()
        one.add(np.array(part, dtype=np.uint64))
        merged.merge(one)
        together.add(np.array(part, dtype=np.uint64))
    assert merged.to_samples() == together.to_samples()


@given(st.lists(TICKS, max_size=100))
def test_the_sparse_form_holds_everything(ticks: list[int]) -> None:
    histogram = core.Histogram()
    histogram.add(np.array(ticks, dtype=np.int64))
    again = core.Histogram.of(histogram.to_samples())
    assert again.to_samples() == histogram.to_samples()
    assert [again.quantile(q / 20) for q in range(21)] == [histogram.quantile(q / 20) for q in range(21)]


def test_values_beyond_the_range_are_clamped_and_counted() -> None:
    histogram = core.Histogram()
    histogram.add(np.array([5, 2**48, 2**64 - 1], dtype=np.uint64))
    assert (histogram.clamped, histogram.max) == (2, 2**64 - 1)
    assert histogram.buckets() == {5: 1, core.BUCKETS - 1: 2}


def test_full_buckets_stay_full() -> None:
    one = core.Histogram.from_buckets({7: 2**32 - 1})
    one.merge(core.Histogram.from_buckets({7: 5}))
    assert one.buckets() == {7: 2**32 - 1}
    assert one.count == 2**32 + 4
    assert one.quantile(0.5) == 7


@pytest.mark.parametrize(
    "bad",
    [
        samples.Histogram(1, 0, 0, {core.BUCKETS: 1}),
        samples.Histogram(1, 0, 0, {-1: 1}),
        samples.Histogram(2**32, 0, 0, {0: 2**32}),
        samples.Histogram(-1, 0, 0, {0: -1}),
        samples.Histogram(3, 0, 0, {0: 2}),
    ],
)
def test_impossible_histograms_are_refused(bad: samples.Histogram) -> None:
    with pytest.raises(ValueError, match="histogram"):
        core.Histogram.of(bad)


def test_there_is_no_rank_beyond_the_count() -> None:
    histogram = core.Histogram.from_buckets({7: 2, 9: 1})
    assert [histogram.at_rank(rank) for rank in (1, 2, 3)] == [7, 7, 9]
    for rank in (0, 4):
        with pytest.raises(ValueError, match=r"not within 1\.\.3"):
            histogram.at_rank(rank)


def test_negative_ticks_are_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        core.Histogram().add([3, -1])


@given(st.binary(max_size=300))
def test_the_crc_is_that_of_zlib(data: bytes) -> None:
    assert core.crc32(data) == zlib.crc32(data)


# --- the binding

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
    said = [json.loads(child.communicate(timeout=120)[0]) for child in started]
    assert [child.returncode for child in started] == [0, 0, 0]
    assert [mode for mode, _ in said] == ["api", "abi", "abi"]
    assert said[0][1] == said[1][1] == said[2][1]
    assert len(list((tmp_path / "core").iterdir())) == 2  # nothing but the two finished files is left


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


# --- on its own, without libc


def compiler_for(arch: str) -> Compiler:
    try:
        return target_compiler(arch)
    except ToolMissing as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("arch", ARCHES)
def test_it_links_without_any_library(arch: str, tmp_path: Path) -> None:
    """Warning-free, and nothing undefined: no libc, and no libgcc (128-bit division, bit counting)."""
    compiler, whole = compiler_for(arch), tmp_path / "core.o"
    sources = [CORE / source for source in _build.SOURCES]
    compiler.run([*WARNINGS, "-O2", "-nostdlib", "-r", "-o", whole, *sources], f"core for {arch}")
    with whole.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        missing = [symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name]
    assert not missing


@pytest.mark.parametrize("optimise", ["-O1", "-O2", "-O3", "-Os"])
@pytest.mark.parametrize("arch", ARCHES)
def test_memory_functions_do_not_call_themselves(arch: str, optimise: str, tmp_path: Path) -> None:
    """A compiler that recognises the loop in memcpy as a memcpy makes it call itself for ever."""
    compiler, listing = compiler_for(arch), tmp_path / "text.s"
    compiler.run([*WARNINGS, optimise, "-S", "-o", listing, CORE / "text.c"], f"text.c for {arch}")
    function, calls = "", []
    for line in listing.read_text().splitlines():
        words = line.split()
        if line and line[0].isalpha() and line.split()[0].endswith(":"):
            function = words[0].rstrip(":")
        elif len(words) > 1 and words[0] in ("call", "jmp", "tail", "bl", "b", "j") and words[1][0].isalpha():
            calls.append((function, words[1].split("@")[0]))
    assert not [call for call in calls if call[1] in (call[0], "strlen")]
    assert not [call for call in calls if call[0] in ("memcpy", "memset", "memcmp")]


@pytest.fixture(scope="module")
def freestanding(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """text.c as a guest gets it, in a library of its own: (ffi, lib)."""
    library = tmp_path_factory.mktemp("text") / "text.so"
    flags = [*WARNINGS, "-O2", "-fPIC", "-shared", "-nostdlib", "-Wl,-Bsymbolic"]
    host_compiler().run([*flags, "-o", library, CORE / "text.c"], "text.c")
    ffi = cffi.FFI()
    ffi.cdef("""
        void *memcpy(void *, const void *, size_t); void *memmove(void *, const void *, size_t);
        void *memset(void *, int, size_t); int memcmp(const void *, const void *, size_t);
        size_t text_u64(char *, uint64_t); int text_to_i64(const char *, size_t, int64_t *);
        int text_copy(char *, size_t, const char *); int text_starts(const char *, const char *);
    """)
    return ffi, ffi.dlopen(str(library))


@given(st.binary(max_size=200), st.integers(0, 15), st.integers(0, 15))
def test_memory_moves(freestanding: tuple[Any, Any], data: bytes, here: int, there: int) -> None:
    ffi, lib = freestanding
    memory = bytearray(os.urandom(512))
    memory[here : here + len(data)] = data
    expected, space, far = bytearray(memory), ffi.from_buffer(memory), 256 + there
    expected[far : far + len(data)] = data
    assert lib.memcpy(space + far, space + here, len(data)) == space + far
    assert memory == expected
    expected[there : there + len(data)] = data
    assert lib.memmove(space + there, space + here, len(data)) == space + there  # overlaps either way
    assert memory == expected


@given(st.integers(0, 15), st.integers(0, 100), st.integers(0, 255))
def test_memory_is_set(freestanding: tuple[Any, Any], start: int, length: int, byte: int) -> None:
    ffi, lib = freestanding
    memory = bytearray(os.urandom(128))
    expected, space = bytearray(memory), ffi.from_buffer(memory)
    expected[start : start + length] = bytes([byte]) * length
    assert lib.memset(space + start, byte, length) == space + start
    assert memory == expected


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_memory_compares(freestanding: tuple[Any, Any], start: bytes, one: bytes, other: bytes) -> None:
    ffi, lib = freestanding
    size = len(start) + min(len(one), len(other))
    a, b = (start + one)[:size], (start + other)[:size]
    assert np.sign(lib.memcmp(ffi.from_buffer(a), ffi.from_buffer(b), size)) == (a > b) - (a < b)


@given(st.integers(0, 2**64 - 1), st.integers(-(2**64), 2**64).map(str) | st.text("-0123456789x", max_size=22))
def test_numbers_as_text(freestanding: tuple[Any, Any], number: int, text: str) -> None:
    ffi, lib = freestanding
    digits = ffi.new("char[20]")
    assert ffi.buffer(digits, lib.text_u64(digits, number))[:] == str(number).encode()
    value = ffi.new("int64_t *")
    valid = text.lstrip("-").isdigit() and text.count("-") <= 1 and -(2**63) <= int(text) < 2**63
    assert bool(lib.text_to_i64(text.encode(), len(text), value)) == valid
    assert not valid or value[0] == int(text)


@given(st.text("ab", max_size=12), st.integers(1, 12), st.text("ab", max_size=4))
def test_short_texts(freestanding: tuple[Any, Any], text: str, size: int, prefix: str) -> None:
    ffi, lib = freestanding
    into = ffi.new("char[16]", b"x" * 16)
    assert bool(lib.text_copy(into, size, text.encode())) == (len(text) < size)
    assert ffi.string(into) == text[: size - 1].encode()
    assert ffi.buffer(into)[size:] == b"x" * (16 - size)
    assert bool(lib.text_starts(text.encode(), prefix.encode())) == text.startswith(prefix)
