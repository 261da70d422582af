"""This host's cycle counter: its rate, its own cost, and moments that tie it to a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferrule.core._native import native

Clock = Callable[[], int]


class HostClock(Enum):
    """This host's clocks, read by the C code itself. The values are functions of host.h."""

    RAW = "host_clock_raw"  # CLOCK_MONOTONIC_RAW, which NTP does not slew
    MONOTONIC = "host_clock_monotonic"  # CLOCK_MONOTONIC: what a payload on Linux reads


@dataclass(frozen=True)
class Timing:
    """`struct timing` of guest/core/timing.h: the properties of a counter. In ticks unless the name has a unit."""

    counter: str  # tsc, cntvct_el0, rdtime, rdcycle
    hz: int  # ticks a second against the second clock; 0 when unknown
    hz_error_ppb: int  # half-width of the rate's bracket
    resolution: int
    second_resolution: int  # of the second clock, ns
    pair: NDArray[np.int64]  # (64,) empty regions, in the order they were taken
    cost: int  # their minimum
    cost_median: int
    multiplication: int | None  # core cycles of one in the pace loop; None where the result is no whole number
    verdict: str  # ok, backwards, stuck, coarse, unsteady

    @property
    def cost_ns(self) -> float:
        """What one reading pair adds to a measured region, nanoseconds; nan when the rate is unknown."""
        return self.cost * 1e9 / self.hz if self.hz else float("nan")


@dataclass(frozen=True)
class Mark:
    """The counter and a clock at one moment, known to within `width` ticks."""

    tick: int
    ns: int
    width: int


def characterise(window_ns: int = 50_000_000, clock: Clock | HostClock = HostClock.RAW) -> Timing:
    """Characterise the counter of the CPU this runs on, as the payload does in a guest.

    Args:
        window_ns: how long to measure, on the second clock; the call takes about that long, and always returns.
        clock: the second clock, nanoseconds.
    """
    ffi, lib = native()
    result = ffi.new("struct timing *")
    reader, context, _alive = _reader(clock)
    lib.timing_characterise(result, reader, context, window_ns)
    return Timing(
        counter=ffi.string(lib.host_counter_name()).decode(),
        hz=int(result.hz),
        hz_error_ppb=int(result.hz_error_ppb),
        resolution=int(result.resolution),
        second_resolution=int(result.second_resolution),
        pair=np.array(list(result.pair), dtype=np.uint64).astype(np.int64),
        cost=int(result.cost),
        cost_median=int(result.cost_median),
        multiplication=int(result.multiplication) or None,
        verdict=ffi.string(lib.timing_verdict_name(result.verdict)).decode(),
    )


def mark(clock: Clock | HostClock = HostClock.RAW) -> Mark:
    """Read the counter and the second clock at one moment."""
    ffi, lib = native()
    moment = ffi.new("uint64_t[2]")
    reader, context, _alive = _reader(clock)
    width = lib.timing_mark(reader, context, moment, moment + 1)
    return Mark(int(moment[0]), int(moment[1]), int(width))


def batch_floor(timing: Timing, target_ns: int) -> int:
    """timing_batch_floor(): the fewest ticks a batch must last."""
    ffi, lib = native()
    known = {"hz": timing.hz, "resolution": timing.resolution, "cost": timing.cost}
    return int(lib.timing_batch_floor(ffi.new("struct timing *", known), target_ns))


def next_batch(n: int, ticks: int, floor: int, max_batch: int = 0) -> int:
    """timing_next_batch(): the batch size to try after n operations took `ticks`; n when it is large enough."""
    return int(native().lib.timing_next_batch(n, ticks, floor, max_batch))


def pace() -> int:
    """timing_pace(): ticks of a fixed number of core cycles, now."""
    return int(native().lib.timing_pace())


def _reader(clock: Clock | HostClock) -> tuple[Any, Any, Any]:
    """A timing_clock, its context, and an object that must stay alive while it is used."""
    ffi, lib = native()
    if isinstance(clock, HostClock):
        which = ffi.new("int *", getattr(lib, clock.value)())
        return _function(ffi, lib, "host_clock"), which, which
    callback = ffi.callback("uint64_t(void *)", lambda _context: clock())
    return callback, ffi.NULL, callback


def _function(ffi: Any, lib: Any, name: str) -> Any:
    """A C function as a pointer: the compiled module has a wrapper instead, whose address must be taken."""
    return ffi.addressof(lib, name)
