"""How many messages a second cost as much energy as idling: counts times published energies, with their ranges.

A wake-up ends a sleep state. A state's target residency is the shortest sleep that saves energy compared with the
state before it (Linux, Documentation/admin-guide/pm/cpuidle.rst). So entering and leaving it costs more than that state
by this time, times the difference of the two states' powers. Nothing here is measured on the machine that runs it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Range:
    """The range of a quantity."""

    low: float
    high: float


@dataclass(frozen=True)
class State:
    """A state of a core: its power, and how long a sleep in it must be to save energy."""

    name: str
    watts: float
    residency: float  # seconds


@dataclass(frozen=True)
class Inputs:
    """The model's inputs; `sources` are printed below every table."""

    running: float  # watts of a core that executes
    hertz: float  # at this clock
    per_cycle: Range  # instructions a cycle, of kernels' code
    states: tuple[State, ...]  # the shallowest first
    sources: tuple[str, ...]

    @property
    def instruction(self) -> Range:
        """Joules of one instruction."""
        return Range(*sorted(self.running / (self.hertz * rate) for rate in (self.per_cycle.low, self.per_cycle.high)))

    def wakeup(self, state: State) -> float:
        """Joules of entering and leaving a state: the sum of the steps from the shallowest state down to it."""
        spent, before = 0.0, self.running
        for one in self.states:
            spent += one.residency * (before - one.watts)
            if one == state:
                return spent
            before = one.watts
        raise ValueError(f"{state.name} is none of these states")

    @property
    def wakeups(self) -> Range:
        """Joules of a wake-up, over all states."""
        found = [self.wakeup(state) for state in self.states]
        return Range(min(found), max(found))


SKYLAKE_SERVER: Final = Inputs(
    running=4.0,
    hertz=2.2e9,
    per_cycle=Range(0.5, 2.0),
    states=(State("C1", 1.44, 2e-6), State("C1E", 0.88, 20e-6), State("C6", 0.1, 600e-6)),
    sources=(
        "power of a core by state, Skylake server at 2.2 GHz: Haj-Yahya et al., AgileWatts, MICRO 2022, table 1"
        " (running 4 W, C1 1.44 W, C1E 0.88 W, C6 0.1 W); not checked against the paper",
        "target residency by state: Linux, drivers/idle/intel_idle.c, skx_cstates (2, 20, 600 us)",
        "instructions a cycle, 0.5 to 2: an assumption",
    ),
)


@dataclass(frozen=True)
class Counts:
    """The counts of a guest."""

    wakeups: float  # of an idle second
    instructions: float  # of an idle second
    trip: float  # instructions of a round trip


@dataclass(frozen=True)
class Energy:
    """Joules, and round trips a second."""

    second: Range  # an idle second's timers, sleep itself left out
    trip: Range  # a round trip, on a core that is awake
    busy: Range  # round trips a second that cost as much as the timers, on a core that is awake
    apart: Range  # likewise, if each of them wakes the core up


def energy(of: Counts, inputs: Inputs = SKYLAKE_SERVER) -> Energy:
    """The energies, with ranges: from all corners of the inputs' ranges, since the model is monotonic in each input."""
    corners = list(_corners(of, inputs))
    return Energy(*(Range(min(row), max(row)) for row in zip(*corners, strict=True)))


def _corners(of: Counts, inputs: Inputs) -> Iterator[tuple[float, float, float, float]]:
    one, wake = inputs.instruction, inputs.wakeups
    for instruction, wakeup in itertools.product((one.low, one.high), (wake.low, wake.high)):
        second = of.wakeups * wakeup + of.instructions * instruction
        trip = of.trip * instruction
        yield second, trip, second / trip, second / (trip + wakeup)
