"""Samples of a guest: checked, per batch, with the conditions they were taken under.

The record stream is assembled into these types; statistics and reports only read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ferrule.payload.key import Params, RunKey

Status = Literal["ok", "unsupported", "not_ported", "absent", "wrong", "failed", "crashed", "hung", "lost", "missing"]
# No result and no fault: the kernel refused, our port has no such call, the OS has no such feature.
WITHOUT: Final[tuple[Status, ...]] = ("unsupported", "not_ported", "absent")
Aim = Literal["time", "cycles"]  # the value whose interval must become narrow
Ended = Literal[
    "", "width", "budget", "subtraction", "no width", "guest"
]  # stats/stopping.py; "": no precision was asked for
Accel = Literal["metal", "kvm", "tcg", "icount", "remote"]
Ticks = NDArray[np.int64]


@dataclass(frozen=True)
class Meaning:
    """What one operation is. Two numbers with different meanings are never compared."""

    per: str  # call | round_trip | one_way | iteration
    bytes: int = 0
    switches: int = 0
    ends: int = 1
    asked: int = 0  # ns of waiting that each operation requests, which are no part of its cost
    team: int = 0  # how many did it at once (threads= or procs=); 0: not run as a team
    waits: bool = field(default=False, compare=False)  # a timer ends it; not compared: older payloads do not report it


@dataclass(frozen=True)
class Conditions:
    """The conditions of a guest's samples. Results under different conditions are never ranked or gated."""

    guest: str  # local, linux, ssh://host ...
    os: str
    arch: str
    kernel: str
    accel: Accel
    unit: Literal["ns", "instructions"]
    counter: str
    cpu_model: str
    cpus: tuple[int, ...]  # as pinned; empty: not pinned
    compiler: str
    flags: str
    payload: str  # build-id
    facts: Mapping[str, str] = field(default_factory=dict)  # everything else reported: governor, mitigations ...

    @property
    def is_time(self) -> bool:
        """Whether ticks are time; under emulation they are instruction counts or have no meaning (functional only)."""
        return self.accel in ("metal", "kvm", "remote")


@dataclass(frozen=True)
class ClockCheck:
    """The guest's counter compared with the guest's OS clock and the host's clock, over one process's whole run."""

    hz: float  # ticks a second, as used for conversion
    hz_error_ppb: int
    verdict: str  # enum timing_verdict as reported by the payload
    drift_ppm: float | None  # guest OS clock relative to its counter, begin to end
    host_ratio: float | None  # seconds of the guest's clock for each second of the host's
    resolution: int = 1  # smallest step of the counter, ticks
    host_ppm: float | None = None  # hz relative to the host's rate of the same counter; None: another one, or unknown
    host_strays: int | None = None  # of its marks, those that are not between the host's marks around it; None as above


@dataclass(frozen=True)
class Reference:
    """Overhead that the host subtracts, measured in the same process: empty regions and empty loops, raw ticks."""

    pair: Ticks  # (k,)
    loop: tuple[tuple[int, Ticks], ...]  # (n, ticks (k,)) for two or more n


@dataclass(frozen=True)
class Pace:
    """How fast the core was around each batch: a loop of fixed core cycles, in ticks (guest/core/timing.h)."""

    n: int  # multiplications, each dependent on the one before
    ticks: Ticks  # (batches + 1,), before each measured batch and after the last
    multiplication: int | None = None  # core cycles of one, as this process found them; None: not determined


@dataclass
class Histogram:
    """Operations timed one by one, as sparse counts of the core's log buckets (guest/core/hist.h), in ticks."""

    count: int
    min: int
    max: int
    buckets: dict[int, int]


@dataclass(frozen=True)
class Surroundings:
    """Other load of the machine while a process ran; None where it is not known."""

    stolen: float | None  # share of all CPUs' time that the hypervisor took
    load: float | None  # runnable tasks a CPU, mean of the last minute: 1 is as many as there are CPUs
    throttled: int | None = None  # periods in which a CPU quota stopped it; None: no quota, or not counted


@dataclass
class ProcessSamples:
    """One workload in one process of one boot."""

    boot: int
    process: int
    position: int  # place in the process's shuffled order
    n: int  # operations a batch
    ticks: Ticks  # (batches,), whole regions: counter cost and loop included, warm-up excluded
    warm_ticks: Ticks  # the batches before them
    cpus: NDArray[np.int32]  # (batches, ends): where each end ran; -1 when the OS does not report it
    clock: ClockCheck
    reference: Reference
    histogram: Histogram | None = None
    voluntary: int | None = None
    involuntary: int | None = None
    surroundings: Surroundings | None = None
    pace: Pace | None = None  # None: its payload does not measure it
    ran: int | None = None  # operations that a batch really ran, where a test injected a slowdown
    spin: int | None = None  # multiplications added to a batch, likewise


@dataclass
class RunResult:
    """All samples of one run key on one guest, or the reason for having none."""

    key: RunKey
    status: Status
    reason: str = ""  # "os_pipe: errno 38", what a verify saw, the guest error's line
    meaning: Meaning | None = None
    place: str = "same_core"  # as measured, which may differ from the key's
    params: Params = ()  # as measured, defaults included
    processes: list[ProcessSamples] = field(default_factory=list)
    ended: Ended = ""  # why its measuring ended, where a precision was asked for


@dataclass(frozen=True)
class Sampling:
    """How a guest was measured until its intervals were narrow enough or the budget was spent."""

    target: float  # wanted half-width of the intervals over their centre (0.01 = 1 %)
    budget: float  # seconds, of the whole campaign
    processes: int  # a boot, after the pilot
    why: str  # how that number was chosen
    aim: Aim = "time"


@dataclass(frozen=True)
class Start:
    """The counter at two points of a boot under icount: virtual nanoseconds, one an instruction, waits included."""

    kernel: int | None  # when the kernel was entered; None: not booted by a loader of ours, which reads it
    payload: int  # at the payload's first instruction


@dataclass
class GuestResult:
    """The result of one guest in one campaign."""

    guest: str
    conditions: Conditions | None  # None: it sent no record
    runs: dict[RunKey, RunResult]
    errors: list[str] = field(default_factory=list)  # one text for each failed boot
    seconds: float = 0.0
    boots: int = 0
    sampling: Sampling | None = None  # where a precision was asked for
    doubts: dict[RunKey, str] = field(default_factory=dict)  # why a run's value is implausible (report/plausible.py)
    accepted: bool = False  # whether the user accepts implausible values
    damage: dict[str, int] = field(default_factory=dict)  # records that did not arrive as sent, by kind: stream.Damage
    starts: list[Start] = field(default_factory=list)  # one a boot
    interrupted: bool = False  # whether the run was interrupted before everything was measured
