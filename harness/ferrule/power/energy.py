"""Energy and sleep states of this machine, if its kernel shows them: RAPL by powercap, residency by cpuidle.

All files are read below a root folder instead of `/`, so that tests can provide them.
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
    """A package's energy counter, which wraps around at its range."""

    name: str
    file: Path
    range_uj: int

    def read(self) -> int:
        """The counter in microjoules.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        return int(self.file.read_text())

    def between(self, before: int, after: int) -> float:
        """Joules from one reading to the next; the counter wraps around at most once."""
        return ((after - before) if after >= before else (after - before + self.range_uj)) / 1e6


@dataclass(frozen=True)
class Drawn:
    """Energy of all packages over a time."""

    joules: float
    seconds: float

    @property
    def watts(self) -> float:
        """Average power."""
        return self.joules / self.seconds


@dataclass(frozen=True)
class Residency:
    """A sleep state over a time, all CPUs together."""

    state: str
    share: float  # of all CPUs' time
    entries: float  # a second


def counters(root: Path = ROOT) -> Sequence[Counter] | NotMeasurable:
    """One for each package. Domains within packages (core, memory) and `psys`, which includes all, are left out."""
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
    """Energy of the packages while `action` runs. It runs in any case."""
    packages = counters(root)
    if isinstance(packages, NotMeasurable):
        action()
        return packages
    before, started = [one.read() for one in packages], time.monotonic()
    action()
    seconds = time.monotonic() - started
    joules = sum(one.between(was, one.read()) for one, was in zip(packages, before, strict=True))
    return Drawn(joules, seconds) if seconds > 0 else NotMeasurable("no time passed")


def of_operation(busy: Drawn, idle: Drawn, operations: int) -> float:
    """Joules of one operation, of `operations` in `busy`: the energy beyond that of being idle for the same time."""
    return (busy.joules - idle.watts * busy.seconds) / operations


def states(root: Path = ROOT) -> Mapping[str, tuple[int, int]] | NotMeasurable:
    """For each sleep state, the microseconds and the entries of all CPUs since boot."""
    found: dict[str, tuple[int, int]] = {}
    for state in sorted((root / _STATES).glob("cpu[0-9]*/cpuidle/state[0-9]*")):
        try:
            name = (state / "name").read_text().strip()
            spent, entries = int((state / "time").read_text()), int((state / "usage").read_text())
        except (OSError, ValueError) as error:
            return NotMeasurable(f"/{state.relative_to(root)}: {error}")
        so_far = found.get(name, (0, 0))
        found[name] = (so_far[0] + spent, so_far[1] + entries)
    return found or NotMeasurable(f"there is no sleep state in /{_STATES}/cpu*/cpuidle")


def residency(action: Callable[[], object], root: Path = ROOT) -> Sequence[Residency] | NotMeasurable:
    """Shares of sleep states while `action` runs. It runs in any case."""
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
