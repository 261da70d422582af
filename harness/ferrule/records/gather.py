"""One payload process's records, gathered and checked field by field.

A missing, oversized or invalid field raises `Bad` here; the assembler marks the run as damaged and goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ferrule.core.histogram import BUCKETS
from ferrule.payload.key import SCALE_MOST, Params, RunKey
from ferrule.records import facts
from ferrule.records.crosscheck import CrossCheck
from ferrule.records.fields import Bad, Fields, clean, integer, integers, number, parameters
from ferrule.records.samples import (
    WITHOUT,
    ClockCheck,
    Histogram,
    Meaning,
    Pace,
    ProcessSamples,
    Reference,
    Surroundings,
)

REFERENCES: Final = 4096  # most references of each kind and length; most marks
HOST_SECONDS: Final = 0.5  # a shorter span is not used to check a clock: arrival times jitter by milliseconds
GUEST_NS: Final = 10_000_000
PER: Final = ("call", "round_trip", "one_way", "iteration")
PLACES: Final = ("same_core", "cross_core", "free")


@dataclass
class Asked:
    """The most samples that one run may send by the plan."""

    batches: int
    warm: int
    each: int
    verify_only: bool


@dataclass
class RunRecords:
    """One run between its `begin` and `end`. `bad` is why its samples cannot be used."""

    key: RunKey
    index: int
    position: int = 0
    n: int = 0
    ran: int | None = None
    spin: int | None = None
    meaning: Meaning | None = None
    place: str = "same_core"
    params: Params = ()
    warm: list[int] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)
    cpus: list[tuple[int, ...]] = field(default_factory=list)
    pace: list[int] = field(default_factory=list)
    pace_n: int = 0
    buckets: dict[int, int] = field(default_factory=dict)
    histogram: Histogram | None = None
    status: str = ""
    reason: str = ""
    voluntary: int | None = None
    involuntary: int | None = None
    bad: str | None = None

    def ready(self, fields: Fields) -> None:
        """The run is set up, verified and calibrated: take the meaning of one operation."""
        per, place = fields.get("per", ""), fields.get("place", "")
        if per not in PER or place not in PLACES:
            raise Bad(f"per={clean(per)!r} place={clean(place)!r}")
        ends = integer(fields, "ends", 1, 3, default=1)
        self.n = integer(fields, "n", 1, 1 << 48)
        self.ran = integer(fields, "ran", 1, 1 << 49) if "ran" in fields else None
        moved, switches, asked = (integer(fields, key, default=0) for key in ("bytes", "switches", "asked"))
        team, waits = integer(fields, "team", 0, SCALE_MOST + 1, default=0), integer(fields, "waits", 0, 2, default=0)
        self.meaning = Meaning(per, moved, switches, ends, asked, team, waits == 1)
        self.place, self.params = place, parameters(fields)

    def batch(self, fields: Fields, asked: Asked) -> None:
        """Take samples. A batch of no ticks is impossible: the region includes the counter's own cost."""
        if self.meaning is None:
            raise Bad("samples before it was ready")
        ticks = integers(fields, "t", 1)
        warm = integer(fields, "warm", 0, 2) == 1
        into = self.warm if warm else self.ticks
        due = len(self.warm) + len(self.ticks)
        if integer(fields, "b") != due:
            raise Bad(f"batch {clean(fields['b'])} where batch {due} is due")
        into += ticks
        if len(self.ticks) > asked.batches or len(self.warm) > asked.warm:
            raise Bad("more batches than asked for")
        if not warm:
            ends = ("cpu", "cpu2")[: self.meaning.ends]
            self.cpus += [tuple(integer(fields, key, -1, 1 << 31, default=-1) for key in ends)] * len(ticks)

    def take_pace(self, fields: Fields, asked: Asked) -> None:
        """Take the pace loop's ticks. A run has one loop length: ticks of different lengths are not comparable."""
        n, ticks = integer(fields, "n", 1, 1 << 32), integers(fields, "t", 1)
        if integer(fields, "b") != len(self.pace):
            raise Bad(f"pace {clean(fields['b'])} where pace {len(self.pace)} is due")
        if self.pace and n != self.pace_n:
            raise Bad(f"n={n} after n={self.pace_n}")
        self.pace_n = n
        self.pace += ticks
        if len(self.pace) > asked.batches + asked.warm + 1:
            raise Bad("more values than batches")

    def hist(self, fields: Fields) -> None:
        """Take histogram buckets of operations timed one by one."""
        for pair in fields.get("b", "").split(","):
            index, _, count = pair.partition(":")
            bucket = number(index, "b", 0, BUCKETS)
            if bucket in self.buckets:
                raise Bad(f"bucket {bucket} came twice")
            self.buckets[bucket] = number(count, "b", 1, 1 << 32)

    def end(self, fields: Fields, asked: Asked) -> None:
        """The run is over: compare the declared counts with the records that arrived."""
        self.status = fields.get("status", "")
        if self.status not in ("ok", *WITHOUT, "wrong", "failed"):
            raise Bad(f"status={clean(self.status)!r}")
        if self.status != "ok":
            self.reason = reason(fields)
            return
        came = len(self.warm) + len(self.ticks)
        declared = integer(fields, "batches", default=0)
        if declared != came:
            raise Bad(f"{came} of {declared} batches arrived")
        if self.pace and len(self.pace) != came + 1:
            raise Bad(f"the pace came {len(self.pace)} times around {came} batches")
        if self.meaning is None:
            raise Bad("it ended before it was ready")
        if not self.ticks and not asked.verify_only:
            raise Bad("no batch was measured")
        self._end_histogram(fields, asked)
        self.voluntary, self.involuntary = (
            integer(fields, key) if key in fields else None for key in ("voluntary", "involuntary")
        )

    def _end_histogram(self, fields: Fields, asked: Asked) -> None:
        declared, came = integer(fields, "hist", default=0), sum(self.buckets.values())
        if declared != came:
            raise Bad(f"{came} of {declared} operations timed one by one arrived")
        if came > asked.each:
            raise Bad("more operations timed one by one than asked for")
        if came:
            low, high = integer(fields, "hist_min"), integer(fields, "hist_max")
            if low > high:
                raise Bad(f"hist_min={low} is above hist_max={high}")
            self.histogram = Histogram(came, low, high, self.buckets)


def reason(fields: Fields) -> str:
    """Why a run has no samples, as the payload reports it: `os_pipe: errno 38`, or what its verify saw."""
    parts = []
    if "operation" in fields:
        parts.append(clean(fields["operation"]))
    if "error" in fields:
        parts.append(f"errno {clean(fields['error']).lstrip('-')}")
    if "seen" in fields:
        parts.append(clean(fields["seen"]))
    return ": ".join(parts) or "the payload gave no reason"


@dataclass
class ProcessRecords:
    """One payload process: its clock, its references, its runs."""

    number: int
    hello: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    clock: dict[str, str] = field(default_factory=dict)
    hz: int = 0
    pair: list[int] = field(default_factory=list)
    loops: dict[int, list[int]] = field(default_factory=dict)
    marks: list[tuple[int, int, float]] = field(default_factory=list)  # counter, OS clock (ns), host's clock (s)
    runs: dict[int, RunRecords] = field(default_factory=dict)  # by index in the plan
    open: RunRecords | None = None
    done: bool = False
    refused: str | None = None  # why its records are ignored: it is not the program that was sent
    hole: str | None = None  # records that did not arrive before its first run; their kind is not known
    spoiled: set[int] = field(default_factory=set)  # indices of runs whose begin did not arrive
    host: CrossCheck = field(default_factory=CrossCheck)
    surroundings: Surroundings | None = None  # as the host saw it

    def take(self, kind: str, fields: Fields, arrival: float) -> bool:
        """Take a record that belongs to no run; returns whether the record is of such a kind."""
        if kind == "fact" and len(self.facts) < facts.COUNT:
            self.facts.update([facts.fact(fields)])
        elif kind == "clock":
            self.take_clock(fields)
        elif kind == "ref":
            self.take_reference(fields)
        elif kind == "mark":
            self.take_mark(fields, arrival)
        else:
            return False
        return True

    def finish(self) -> None:
        """Take its `done` record."""
        self.done = True

    def take_clock(self, fields: Fields) -> None:
        """Take the timing core's characterisation of the counter."""
        self.clock = {key: clean(value) for key, value in fields.items()}
        self.hz = integer(fields, "hz", 0, 10**12)

    def take_reference(self, fields: Fields) -> None:
        """Take empty regions and loops. A pair may take 0 ticks on a coarse counter; none may be negative."""
        n, ticks = integer(fields, "n", 0, 1 << 48), integers(fields, "t")
        into = self.pair if fields.get("what") == "pair" else self.loops.setdefault(n, [])
        if len(into) + len(ticks) > REFERENCES or len(self.loops) > 8:
            raise Bad("more references than any payload sends")
        into += ticks

    def take_mark(self, fields: Fields, arrival: float) -> None:
        """Take counter and OS clock at one moment, and when the record arrived at the host."""
        mark = (integer(fields, "tick", 0, 1 << 64), integer(fields, "ns", 0, 1 << 64), arrival)
        if len(self.marks) >= REFERENCES:
            self.marks.pop()  # only the first and the last are used
        self.marks.append(mark)

    def lacks(self) -> str | None:
        """Why none of this process's runs can be used; None when nothing is missing."""
        if self.refused or self.hole:
            return self.refused or f"before its first run, {self.hole}"
        if not self.hello or not self.clock:
            return "its hello or clock record was lost"
        if not self.pair or len(self.loops) < 2:
            return "its reference records were lost"
        return None

    def check(self) -> ClockCheck:
        """Compare the clocks over all marks so far."""
        drift = ratio = None
        if len(self.marks) > 1:
            (tick0, ns0, host0), (tick1, ns1, host1) = self.marks[0], self.marks[-1]
            if self.hz and ns1 - ns0 >= GUEST_NS:
                drift = ((tick1 - tick0) / self.hz * 1e9 / (ns1 - ns0) - 1.0) * 1e6
            if host1 - host0 >= HOST_SECONDS:
                ratio = (ns1 - ns0) / 1e9 / (host1 - host0)
        return ClockCheck(
            float(self.hz),
            _or_zero(self.clock, "hz_error_ppb"),
            self.clock.get("verdict", "unknown"),
            drift,
            ratio,
            max(1, _or_zero(self.clock, "resolution")),
            self.host.ppm(self.hz),
            self.host.strays(self.number, [(tick, ns) for tick, ns, _ in self.marks]),
        )

    def _reported(self) -> Surroundings | None:
        """The guest's own load when the process began, for a guest whose host Ferrule does not observe."""
        load = facts.load(self.facts)
        return None if load is None else Surroundings(None, load)

    def _pace(self, run: RunRecords) -> Pace | None:
        if not run.pace:
            return None
        ticks = np.asarray(run.pace[len(run.warm) :], dtype=np.int64)
        return Pace(run.pace_n, ticks, _or_zero(self.clock, "multiplication") or None)

    def samples(self, run: RunRecords, boot: int) -> ProcessSamples:
        """A finished run's samples."""
        ends = run.meaning.ends if run.meaning is not None else 1
        loops = tuple((n, np.asarray(ticks, dtype=np.int64)) for n, ticks in sorted(self.loops.items()))
        return ProcessSamples(
            boot=boot,
            process=self.number,
            position=run.position,
            n=run.n,
            ran=run.ran,
            spin=run.spin,
            ticks=np.asarray(run.ticks, dtype=np.int64),
            warm_ticks=np.asarray(run.warm, dtype=np.int64),
            cpus=np.asarray(run.cpus, dtype=np.int32).reshape(-1, ends),
            clock=self.check(),
            reference=Reference(np.asarray(self.pair, dtype=np.int64), loops),
            histogram=run.histogram,
            pace=self._pace(run),
            voluntary=run.voluntary,
            involuntary=run.involuntary,
            surroundings=self.surroundings or self._reported(),
        )


def _or_zero(fields: Fields, key: str) -> int:
    """A field for information only; 0 where it is invalid."""
    try:
        return integer(fields, key)
    except Bad:
        return 0
