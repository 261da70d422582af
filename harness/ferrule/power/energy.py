"""Energy and sleep states of this machine, where its kernel shows them: RAPL by powercap, residency by cpuidle.

All is read below a folder that stands for `/`, so that what a machine shows can be made by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.power.refusal import NotMeasurable

ROOT: Final = Path("/")
_DOMAINS: Final = "sys/class/powercap"
_STATES: Final = "sys/devices/system/cpu"


@dataclass(frozen=True)
class Counter:
    """A package's energy counter, which starts over behind its range."""

    name: str
    file: Path
    range_uj: int

    def read(self) -> int:
        """Microjoules.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        return int(self.file.read_text())

    def between(self, before: int, after: int) -> float:
        """Joules from one reading to the next; it starts over at most once."""
        return ((after - before) if after >= before else (after - before + self.range_uj)) / 1e6


@dataclass(frozen=True)
class Drawn:
    """Energy of all packages over a while."""

    joules: float
    seconds: float

    @property
    def watts(self) -> float:
        """On average."""
        return self.joules / self.seconds


@dataclass(frozen=True)
class Residency:
    """A sleep state over a while, all CPUs together."""

    state: str
    share: float  # of all CPUs' time
    entries: float  # a second


def counters(root: Path = ROOT) -> Sequence[Counter] | NotMeasurable:
    """One a package. Core and memory domains lie below packages and are not counted twice; `psys` holds them all."""
    found: list[Counter] = []
    for zone in sorted((root / _DOMAINS).glob("intel-rapl:*")):
        if zone.name.count(":") != 1:
            continue
        try:
            name = (zone / "name").read_text().strip()
            if not name.startswith("package"):
                continue
            one = Counter(name, zone / "energy_uj", int((zone / "max_energy_range_uj").read_text()))
            one.read()
        except PermissionError:
            return NotMeasurable(f"/{_DOMAINS}/{zone.name}/energy_uj may only be read by root")
        except (OSError, ValueError) as error:
            return NotMeasurable(f"/{_DOMAINS}/{zone.name}: {error}")
        found.append(one)
    return found or NotMeasurable(f"there is no RAPL package in /{_DOMAINS}; virtual machines are shown none")


def drawn(action: Callable[[], object], root: Path = ROOT) -> Drawn | NotMeasurable:
    """Energy of the packages while something runs. It runs in any case."""
    held = counters(root)
    if isinstance(held, NotMeasurable):
        action()
        return held
    before, started = [one.read() for one in held], time.monotonic()
    action()
    seconds = time.monotonic() - started
    joules = sum(one.between(was, one.read()) for one, was in zip(held, before, strict=True))
    return Drawn(joules, seconds) if seconds > 0 else NotMeasurable("no time passed")


def of_operation(busy: Drawn, idle: Drawn, operations: int) -> float:
    """Joules of one, of a while that held so many: what it took beyond being idle as long."""
    return (busy.joules - idle.watts * busy.seconds) / operations


def states(root: Path = ROOT) -> Mapping[str, tuple[int, int]] | NotMeasurable:
    """Of each sleep state the microseconds and the entries of all CPUs since boot."""
    found: dict[str, tuple[int, int]] = {}
    for state in sorted((root / _STATES).glob("cpu[0-9]*/cpuidle/state[0-9]*")):
        try:
            name = (state / "name").read_text().strip()
            spent, entries = int((state / "time").read_text()), int((state / "usage").read_text())
        except (OSError, ValueError) as error:
            return NotMeasurable(f"/{state.relative_to(root)}: {error}")
        had = found.get(name, (0, 0))
        found[name] = (had[0] + spent, had[1] + entries)
    return found or NotMeasurable(f"there is no sleep state in /{_STATES}/cpu*/cpuidle")


def residency(action: Callable[[], object], root: Path = ROOT) -> Sequence[Residency] | NotMeasurable:
    """Shares of sleep states while something runs. It runs in any case."""
    before, started = states(root), time.monotonic()
    action()
    seconds, after = time.monotonic() - started, states(root)
    if isinstance(before, NotMeasurable):
        return before
    if isinstance(after, NotMeasurable):
        return after
    cpus = len([*(root / _STATES).glob("cpu[0-9]*/cpuidle")])
    return [
        Residency(name, (spent - before[name][0]) / 1e6 / seconds / cpus, (entries - before[name][1]) / seconds)
        for name, (spent, entries) in after.items()
        if name in before
    ]
