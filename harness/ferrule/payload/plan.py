"""The plan: the runs of a payload, as the text that guest/core/plan.c reads (grammar: guest/core/plan.h)."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from typing import Final

from ferrule.errors import UsageError
from ferrule.payload.key import RunKey

CAPACITY: Final = 16384  # PLAN_CAPACITY
RUNS: Final = 320  # PLAN_RUNS
PARAMS: Final = 6  # PLAN_PARAMS
CPUS: Final = 8  # PLAN_CPUS
MORE: Final = 1000  # PLAN_MORE
SPIN: Final = 1 << 24  # PLAN_SPIN
PLACES: Final = ("same_core", "cross_core", "free")  # enum plan_place
NONCE: Final = 8  # characters: 2.8e12 of them
RESERVED: Final = ("place", "n", "more", "spin")  # no parameter may have these names

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_TOKEN = re.compile(r"[0-9a-z]{1,16}")
_SMALL = ("boot", "process", "processes", "batches", "warm", "each")  # below 2^32
_FEW = "control_batches"
_LARGE = ("seed", "target_ns", "limit_ns")  # below 2^64
_INTEGER = re.compile(r"-?[0-9]+")


@dataclass(frozen=True)
class PlannedRun:
    """One run: its key, and the batch size when it is frozen (0: the payload calibrates it).

    `more` and `spin` inject a slowdown of known size, to test whether it is detected: with `more` a batch runs
    round(n (1 + more / 1000)) operations and reports n; with `spin` it runs so many dependent multiplications before
    its operations.
    """

    key: RunKey
    n: int = 0
    more: int = 0  # per mille
    spin: int = 0  # multiplications a batch, those of the pace loop


@dataclass(frozen=True)
class Plan:
    """Settings and runs, with the defaults of plan_default(). Times in nanoseconds."""

    run: str = "0"  # token of the record stream
    seed: int = 0
    boot: int = 0
    process: int = 0
    processes: int = 1  # how many the guest starts
    batches: int = 30  # measured ones a run
    control_batches: int = 0  # measured batches of a control; 0: as many as `batches`
    warm: int = 3  # warm-up batches before the measured ones
    each: int = 0  # operations timed one by one
    target_ns: int = 100_000  # wanted length of a batch
    limit_ns: int = 2_000_000_000  # a run stops taking batches after this long
    verify_only: bool = False
    pin: bool = False
    apart: bool = False  # each run in a copy of the process, where the OS makes such copies
    cpus: tuple[int, ...] = ()
    runs: tuple[PlannedRun, ...] = ()

    def render(self) -> bytes:
        """The plan text, ASCII, without padding.

        Raises:
            UsageError: a name, number or count that the payload would refuse, or a text that does not fit CAPACITY.
        """
        _check(_TOKEN.fullmatch(self.run), f"plan: run={self.run!r} is not 1 to 16 of 0-9a-z")
        _check(len(self.runs) <= RUNS, f"plan: {len(self.runs)} runs, at most {RUNS} fit: select fewer workloads")
        _check(len(self.cpus) <= CPUS, f"plan: {len(self.cpus)} cpus, at most {CPUS} fit")
        few = f"plan: {_FEW}={self.control_batches} is over batches={self.batches}"
        _check(self.control_batches <= self.batches, few)
        for limit, names in ((32, (*_SMALL, _FEW)), (64, _LARGE)):
            for name in names:
                _check(
                    0 <= getattr(self, name) < 1 << limit, f"plan: {name}={getattr(self, name)} is not 0..2^{limit}-1"
                )
        for cpu in self.cpus:
            _check(0 <= cpu < 1 << 32, f"plan: cpu {cpu} is not 0..2^32-1")
        lines = [f"run={self.run}", *(f"{name}={getattr(self, name)}" for name in _SMALL + _LARGE)]
        lines.append(f"verify={'only' if self.verify_only else 'first'}")
        lines.append(f"pin={int(self.pin)}")
        lines += ["apart=1"] if self.apart else []  # older payloads do not know it: build.Payload.makes_copies
        lines += [f"{_FEW}={self.control_batches}"] if self.control_batches else []  # the same
        lines.append(f"cpus={','.join(map(str, self.cpus))}")
        lines += [_render_run(run) for run in self.runs]
        text = "".join(f"{line}\n" for line in lines).encode("ascii")
        # One byte is kept for the NUL that ends the text in the payload's section.
        _check(len(text) < CAPACITY, f"plan: {len(text)} bytes, at most {CAPACITY - 1} fit: select fewer workloads")
        return text

    def order(self) -> list[int]:
        """The order in which this plan's process takes the runs."""
        return order(self.seed, self.boot, self.process, len(self.runs))


def parse(text: bytes) -> Plan:
    """Read a plan text, as plan_parse() does; a NUL ends it.

    Raises:
        UsageError: names the line and what is wrong with it.
    """
    settings: dict[str, object] = {}
    runs: list[PlannedRun] = []
    for number, line in enumerate(text.split(b"\0")[0].decode("latin-1").split("\n"), 1):
        words = [word for word in line.rstrip("\r ").split(" ") if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            if words[0] == "w":
                runs.append(_parse_run(words[1:]))
            else:
                _check(len(words) == 1, "more than one setting on a line")
                settings.update([_parse_setting(words[0])])
            _check(len(runs) <= RUNS, f"more than {RUNS} runs")
        except UsageError as error:
            raise UsageError(f"plan: line {number}: {error}") from None
    return Plan(runs=tuple(runs), **settings)  # type: ignore[arg-type]


def nonce() -> str:
    """A random token for one execution, of fixed length: records of an earlier execution on a line have another one."""
    return "".join(secrets.choice(string.digits + string.ascii_lowercase) for _ in range(NONCE))


def order(seed: int, boot: int, process: int, count: int) -> list[int]:
    """The order in which a process takes its `count` runs: plan_order() of guest/core/plan.c, number for number.

    SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), unbiased draws by multiply-shift with rejection (Lemire, ACM TOMACS
    29(1), 2019), Fisher-Yates.
    """
    state = _mix(seed + _GAMMA)
    state = _mix((state ^ boot) + _GAMMA)
    state = _mix((state ^ process) + _GAMMA)
    drawn = list(range(count))
    for bound in range(count, 1, -1):
        while True:
            state += _GAMMA
            product = (_mix(state) >> 32) * bound
            if product & 0xFFFFFFFF >= (1 << 32) % bound:
                break
        other = product >> 32
        drawn[bound - 1], drawn[other] = drawn[other], drawn[bound - 1]
    return drawn


_GAMMA: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1


def _mix(state: int) -> int:
    state &= _MASK
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
    return state ^ state >> 31


def _check(condition: object, message: str) -> None:
    if not condition:
        raise UsageError(message)


def _render_run(run: PlannedRun) -> str:
    key = run.key
    _check(_NAME.fullmatch(key.workload), f"plan: workload name {key.workload!r} is not [a-z][a-z0-9_]*, 1 to 31 long")
    _check(key.place in PLACES, f"plan: {key}: place {key.place!r} is none of {', '.join(PLACES)}")
    _check(len(key.params) <= PARAMS, f"plan: {key}: {len(key.params)} parameters, at most {PARAMS} fit")
    _check(len(dict(key.params)) == len(key.params), f"plan: {key}: a parameter is given twice")
    for name, value in key.params:
        good = _NAME.fullmatch(name) and name not in RESERVED
        _check(good, f"plan: {key}: parameter name {name!r} is not [a-z][a-z0-9_]*, 1 to 31 long, or is reserved")
        _check(-(1 << 63) <= value < 1 << 63, f"plan: {key}: {name}={value} is not a 64-bit number")
    _check(0 <= run.n < 1 << 64, f"plan: {key}: n={run.n} is not 0..2^64-1")
    _check(0 <= run.more <= MORE, f"plan: {key}: more={run.more} is not 0..{MORE} per mille")
    _check(0 <= run.spin <= SPIN, f"plan: {key}: spin={run.spin} is not 0..{SPIN} multiplications")
    words = ["w", key.workload, *(f"{name}={value}" for name, value in key.params)]
    if key.place != "same_core":
        words.append(f"place={key.place}")
    if run.n:
        words.append(f"n={run.n}")
    if run.more:
        words.append(f"more={run.more}")
    if run.spin:
        words.append(f"spin={run.spin}")
    return " ".join(words)


def _number(text: str, low: int, high: int) -> int:
    pattern = _INTEGER if low < 0 else re.compile(r"[0-9]+")
    # The length is checked first, so that int() never sees a huge number of digits.
    value = int(text) if pattern.fullmatch(text) and len(text.lstrip("-0")) <= 20 else high
    _check(low <= value < high, f"{text[:40]!r} is not a number from {low} to {high - 1}")
    return value


def _parse_setting(word: str) -> tuple[str, object]:
    key, equals, value = word.partition("=")
    _check(equals, "neither key=value nor a run (w NAME ...)")
    if key in (*_SMALL, _FEW):
        return key, _number(value, 0, 1 << 32)
    if key in _LARGE:
        return key, _number(value, 0, 1 << 64)
    if key == "run":
        _check(_TOKEN.fullmatch(value), "run is not 1 to 16 of 0-9a-z")
        return key, value
    if key == "verify":
        _check(value in ("first", "only"), "verify is neither first nor only")
        return "verify_only", value == "only"
    if key in ("pin", "apart"):
        _check(value in ("0", "1"), f"{key} is neither 0 nor 1")
        return key, value == "1"
    _check(key == "cpus", f"unknown setting {key[:40]!r}")
    cpus = value.split(",") if value else []
    _check(len(cpus) <= CPUS, f"more than {CPUS} cpus")
    return key, tuple(_number(cpu, 0, 1 << 32) for cpu in cpus)


def _parse_run(words: list[str]) -> PlannedRun:
    name = words[0] if words else ""
    _check(_NAME.fullmatch(name), "a workload's name is not [a-z][a-z0-9_]* of at most 31 characters")
    params: dict[str, int] = {}
    place, n, more, spin = "same_core", 0, 0, 0
    for word in words[1:]:
        key, equals, value = word.partition("=")
        _check(equals, "a parameter is not key=value")
        if key == "place":
            _check(value in PLACES, f"place is none of {', '.join(PLACES)}")
            place = value
        elif key == "n":
            n = _number(value, 0, 1 << 64)
        elif key == "more":
            more = _number(value, 0, MORE + 1)
        elif key == "spin":
            spin = _number(value, 0, SPIN + 1)
        else:
            _check(_NAME.fullmatch(key), "a parameter's name is not [a-z][a-z0-9_]* of at most 31 characters")
            _check(key not in params, "a parameter is given twice")
            params[key] = _number(value, -(1 << 63), 1 << 63)
            _check(len(params) <= PARAMS, f"more than {PARAMS} parameters")
    return PlannedRun(RunKey(name, tuple(params.items()), place), n, more, spin)
