"""How much one result differs from another, with an interval; refused where conditions or meaning differ.

The ratio's interval is made from the two intervals alone by MOVER (method of variance estimates recovery) on the
logarithms: with point estimates a, b and their limits,

    low  = (b - a) - sqrt((b - b.low)^2 + (a.high - a)^2)
    high = (b - a) + sqrt((b.high - b)^2 + (a - a.low)^2)

(Zou & Donner, Statistics in Medicine 27, 2008, 1693-1702; Donner & Zou 2012 for ratios). It needs no symmetry and
works for any method by which each interval was made. Two results measured one after the other also differ by what the
machine did in between: on unchanged systems such comparisons report a difference 3 to 29 % of the time at a nominal
1 % (docs/numbers.md). This is for orientation; a gate needs paired runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, log

from ferrule.errors import UsageError
from ferrule.records.conditions import processors_differ
from ferrule.records.samples import Conditions
from ferrule.stats.interval import Interval
from ferrule.stats.summary import Summary

# Conditions that must be equal for a ratio. Not among them: the kernel, the OS and the payload's build, the things
# that are compared.
ALWAYS = ("unit", "accel", "arch", "compiler")
# Flags that an OS requires of its programs (guest/os/*/build.toml): the load address, the registers they may use.
DEMANDED = frozenset({"-fPIE", "-fno-pie", "-mgeneral-regs-only"})
ADVICE = {  # by condition, how to remove the difference; none where it is a property of the kernel or the workload
    "accel": "; give both the same --accel",
    "compiler": "; build both payloads with the same one",
    "place": "; pin both, or neither",
    **dict.fromkeys(("cpu_model", "counter", "cpus"), "; measure both on the same processor"),
}
FOR_TIME = ("cpu_model", "counter", "cpus")


@dataclass(frozen=True)
class Ratio:
    """Candidate over base: 1.02 is 2 % more. `low`, `high` are None where a side has no interval: see `method`."""

    ratio: float
    low: float | None
    high: float | None
    method: str

    @property
    def differs(self) -> bool | None:
        """Whether the interval excludes 1; None without an interval."""
        return None if self.low is None or self.high is None else not self.low <= 1.0 <= self.high


def compare(base: Summary, base_conditions: Conditions, candidate: Summary, conditions: Conditions) -> Ratio:
    """The ratio of two results of the same run.

    Raises:
        UsageError: their conditions or meanings differ, or one is emulated time; the message names the difference.
    """
    refuse(base_conditions, conditions)
    if why := unlike(base, candidate):
        where = f"{base.key}: {base_conditions.guest} and {conditions.guest} cannot be compared"
        raise UsageError(f"{where}: {why}")
    return ratio(base.interval, candidate.interval)


def refuse(base: Conditions, candidate: Conditions) -> None:
    """Refuse conditions that allow no ratio.

    Raises:
        UsageError: names the condition, both values, and what to do.
    """
    if why := obstacle(base, candidate):
        raise UsageError(f"{base.guest} and {candidate.guest} cannot be compared: {why}")


def obstacle(base: Conditions, candidate: Conditions) -> str | None:
    """Why results under these conditions have no ratio, and what to do about it; None when they have one."""
    for side in (base, candidate):
        if side.unit == "ns" and not side.is_time:
            return f"{side.guest} ran under {side.accel}, emulated time is not time; use --accel icount"
    if why := _difference(base, candidate, (*ALWAYS, *(FOR_TIME if base.unit == "ns" else ()))):
        return why
    if base.unit == "ns" and (apart := processors_differ(base, candidate)):
        return f"processors of one name differ ({apart}); measure both on the same processor"
    if _flags(base, candidate) != _flags(candidate, base):
        apart_flags = " ".join(sorted({*_flags(base, candidate)} ^ {*_flags(candidate, base)}))
        return f"compiler flags differ ({apart_flags or 'in their order'}); measure both anew with the same Ferrule"
    return None


def _flags(one: Conditions, other: Conditions) -> list[str]:
    """The flags that must be equal. Between two OSes, flags that a kernel or loader requires are part of the OS."""
    return [flag for flag in one.flags.split() if one.os == other.os or flag not in DEMANDED]


def unlike(base: Summary, candidate: Summary) -> str | None:
    """Why these two results have no ratio although their conditions allow one; None when they have one."""
    if base.estimate <= 0 or candidate.estimate <= 0:
        return "a result at or below zero has no ratio"
    return _difference(base, candidate, ("key", "meaning", "place", "params", "unit"))


def _difference(base: object, candidate: object, names: tuple[str, ...]) -> str | None:
    """The first of these attributes that differs, with both values."""
    for name in names:
        one, other = getattr(base, name), getattr(candidate, name)
        if one != other:
            return f"{name} differs ({one} and {other}){ADVICE.get(name, '')}"
    return None


def ratio(base: Interval, candidate: Interval) -> Ratio:
    """The ratio of two positive centres; the caller has checked that they are comparable."""
    centre = log(candidate.estimate / base.estimate)
    if base.low is None or base.high is None or candidate.low is None or candidate.high is None:
        missing = base.method if base.low is None else candidate.method
        return Ratio(exp(centre), None, None, f"no interval: {missing}")
    if base.low <= 0 or candidate.low <= 0:
        return Ratio(exp(centre), None, None, "no interval: one side's reaches zero")
    if base.scope == candidate.scope == "exact":
        return Ratio(exp(centre), candidate.low / base.high, candidate.high / base.low, "ranges of exact counts")
    down = hypot(log(candidate.estimate / candidate.low), log(base.high / base.estimate))
    up = hypot(log(candidate.high / candidate.estimate), log(base.estimate / base.low))
    return Ratio(exp(centre), exp(centre - down), exp(centre + up), "MOVER on logs, runs not paired")
