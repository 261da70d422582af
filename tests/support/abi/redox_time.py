"""Clock, sleep and futexes of Redox."""

from __future__ import annotations

import struct

from tests.support.abi.machine import Context, Violation, Wait
from tests.support.abi.redox_descriptors import Descriptors
from tests.support.abi.redox_things import Clock, Thing

EAGAIN, ETIMEDOUT = 11, 110
READING = 20_000  # nanoseconds that pass with every reading of the clock


class TimeCalls(Descriptors):
    """Time passes only when the clock is read and when every context waits."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1_000_000_000  # nanoseconds
        self._sleepers: list[int] = []
        self._alarms: list[tuple[int, Thing]] = []  # events to happen
        self._waiting: dict[int, list[list[bool]]] = {}  # by place in the memory object, not by address

    def idle(self) -> bool:
        """Time passes until the first sleep ends or the first alarm is due."""
        self._sleepers = [then for then in self._sleepers if then > self._now]
        waits = [*self._sleepers, *(then for then, _ in self._alarms)]
        if not waits:
            return False
        self._now = max(self._now, min(waits))
        due = [clock for then, clock in self._alarms if then <= self._now]
        self._alarms = [one for one in self._alarms if one[0] > self._now]
        self._happened(lambda thing: any(thing is clock for clock in due))
        return True

    def _set_alarm(self, context: Context, clock: Clock, at: int, size: int) -> None:
        if size != 16:
            raise Violation(f"a time of {size} bytes is written to a clock")
        self._alarms.append((self._time(context, at), clock))

    def _clock_gettime(self, context: Context, clock: int, into: int, *_: int) -> int:
        if clock not in (1, 4):
            raise Violation(f"clock {clock}")
        self._now += READING
        context.space.write(into, struct.pack("<qii", self._now // 10**9, self._now % 10**9, 0))
        return 0

    def _time(self, context: Context, at: int) -> int:
        seconds, nanoseconds = struct.unpack("<qi", context.space.read(at, 12))
        if seconds < 0 or not 0 <= nanoseconds < 10**9:
            raise Violation(f"time of {seconds} s and {nanoseconds} ns")
        return int(seconds * 10**9 + nanoseconds)

    def _nanosleep(self, context: Context, wait: int, *_: int) -> Wait:
        then = self._now + self._time(context, wait)
        self._sleepers.append(then)
        return lambda: 0 if self._now >= then else None

    def _yield(self, context: Context, *_: int) -> Wait:
        return lambda: 0  # at its next turn

    def _word(self, context: Context, at: int) -> int:
        if at % 4:
            raise Violation(f"futex at {at:#x}: not aligned")
        region = next(one for one in context.space.regions if one.address <= at < one.end)
        return id(region.memory) << 32 | at - region.address

    def _futex(self, context: Context, at: int, operation: int, value: int, timeout: int, *_: int) -> int | Wait:
        word = self._word(context, at)
        if operation == 1:
            woken = self._waiting.get(word, [])[:value]
            for one in woken:
                one[0] = True
            self._waiting[word] = self._waiting.get(word, [])[value:]
            return len(woken)
        if operation != 0:
            raise Violation(f"futex operation {operation}")
        if struct.unpack("<I", context.space.read(at, 4))[0] != value & 0xFFFFFFFF:
            return -EAGAIN
        until = self._time(context, timeout) if timeout else None
        flag = [False]
        self._waiting.setdefault(word, []).append(flag)
        if until is not None:
            self._sleepers.append(until)

        def woken_or_late() -> int | None:
            if flag[0]:
                return 0
            if until is None or self._now < until:
                return None
            self._waiting[word] = [one for one in self._waiting[word] if one is not flag]
            return -ETIMEDOUT

        return woken_or_late
