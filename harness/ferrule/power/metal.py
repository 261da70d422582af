"""This machine itself: the energy of an idle second and of a round trip, and its sleep states."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tabulate import tabulate

from ferrule import guests
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.errors import FerruleError
from ferrule.payload.build import build_for
from ferrule.payload.key import RunKey
from ferrule.power import energy
from ferrule.power.energy import Drawn, Residency
from ferrule.power.refusal import NotMeasurable
from ferrule.records.samples import GuestResult

GUEST: Final = "local"
SECONDS: Final = 5.0  # of idling
_TRIP: Final = RunKey("pipe_latency")
_PILOT = Budget(1, 1, 5, 1, 0, 1_000_000, 1_000_000_000, name="pilot")
_LONG = Budget(1, 1, 1000, 0, 0, 3_000_000, 10_000_000_000, name="energy")  # 3 s of round trips


@dataclass(frozen=True)
class Metal:
    """What was measured on this machine."""

    idle: Drawn | NotMeasurable
    trip: float | NotMeasurable  # joules
    states: Sequence[Residency] | NotMeasurable  # while it was idle


def look(progress: Progress, root: Path = energy.ROOT, seconds: float = SECONDS) -> Metal:
    """Idle for some seconds, then do round trips, and read energy and sleep states."""
    progress.note(f"this machine: {seconds:g} idle seconds")
    drawn: list[Drawn | NotMeasurable] = []
    states = energy.residency(lambda: drawn.append(energy.drawn(lambda: time.sleep(seconds), root)), root)
    return Metal(drawn[0], _trip(drawn[0], progress, root), states)


def _trip(idle: Drawn | NotMeasurable, progress: Progress, root: Path) -> float | NotMeasurable:
    if isinstance(idle, NotMeasurable):
        return idle
    progress.note("this machine: round trips")
    try:
        pilot = _run(_PILOT, {})
        size = pilot.runs[_TRIP].processes[0].n
        results: list[GuestResult] = []
        busy = energy.drawn(lambda: results.append(_run(_LONG, {_TRIP: size})), root)
        done = results[0].runs[_TRIP].processes[0]
    except (FerruleError, IndexError) as error:
        return NotMeasurable(f"{_TRIP}: {error}")
    return busy if isinstance(busy, NotMeasurable) else energy.of_operation(busy, idle, done.n * len(done.ticks))


def _run(budget: Budget, sizes: dict[RunKey, int]) -> GuestResult:
    """Run the round trips on this machine; sizes are frozen, so that every operation is in a batch."""
    guest = guests.create(GUEST)
    try:
        made = Campaign([guest], {GUEST: [_TRIP]}, build_for, budget, 1, Progress(), sizes={GUEST: sizes})
        return made.run()[GUEST]
    finally:
        guest.close()


def report(seen: Metal) -> str:
    """A table, with reasons where there are no figures."""
    idle = seen.idle if isinstance(seen.idle, NotMeasurable) else f"{seen.idle.watts:.3g} J"
    trip = seen.trip if isinstance(seen.trip, NotMeasurable) else f"{seen.trip * 1e6:.3g} uJ"
    rows = [("an idle second, RAPL", str(idle)), (f"an operation of {_TRIP}, RAPL", str(trip))]
    if isinstance(seen.states, NotMeasurable):
        rows.append(("sleep states", str(seen.states)))
    else:
        rows += [(f"in {one.state}", f"{one.share:.1%}, {one.entries:.0f} entries a second") for one in seen.states]
    return tabulate(rows, ("this machine", ""), disable_numparse=True)
