"""`ferrule power`: what a kernel does when nobody asks it, counted; beside it what this host saw of an idle guest."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from tabulate import tabulate

from ferrule import files, guests
from ferrule.anatomy import awake, flags
from ferrule.anatomy.formats.tables import figure, functions
from ferrule.anatomy.measure import measure, together
from ferrule.anatomy.profile import Profile
from ferrule.campaign.progress import Progress, progress_on
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, FerruleError, InfrastructureError, ToolMissing
from ferrule.machine.options import GuestOptions
from ferrule.options.machines import guest_options_of, take_guests
from ferrule.options.measurement import guests_of
from ferrule.payload.key import RunKey

WORKLOADS: Final = Path(__file__).with_name("workloads")
SECOND: Final = 1000  # ms of a window: rows are a second's
RATES: Final = (1, 10, 100)  # wake-ups a second of one sleeper
COUNTS, SPREADS = (1, 8, 64), (1, 10, 50)  # sleepers; ms over which their deadlines lie
PERIOD: Final = 100  # ms of each of them
TRIPS: Final = ("pipe_latency", "ipc_round_trip", "semaphore_pingpong")  # what an idle second is held against
ROWS: Final = ("interrupts", "halt", "timer", "device", "port", "wrmsr", "cr3")
_BATCHES: Final = 3


@dataclass(frozen=True)
class Idle:
    """One guest's figures, all of a second."""

    guest: str
    idle: Profile
    rates: Mapping[int, Profile]  # by wake-ups a second
    sleepers: Mapping[tuple[int, int], Profile]  # by their number and the spread of their deadlines
    trip: Profile | None  # a round trip between two ends
    host: awake.Seen | None

    @property
    def instructions(self) -> float:
        """Of a second of doing nothing, interrupts included."""
        return total(self.idle)


def total(profile: Profile) -> float:
    """Instructions of an operation, interrupts included."""
    return profile.value + profile.interrupted


def power(parsed: argparse.Namespace) -> int:
    """Measure and tell.

    Raises:
        UsageError: a flag that cannot mean anything.
        InfrastructureError: a guest cannot be had, or a file cannot be written.
    """
    flags.check_guests(parsed)
    flags.add_missing(parsed)
    take_guests(parsed.extra_guest)
    options = guest_options_of(parsed)
    found: list[Idle] = []
    with progress_on(sys.stderr) as progress:
        for name in guests_of(parsed):
            if (reason := guests.unavailable(name, options)) is not None:
                raise ToolMissing(f"{name}: {reason}")
            found.append(_of_guest(name, options, parsed, progress))
    print(report(found, parsed.top))
    if parsed.out is not None:
        said = [
            {**asdict(one), "sleepers": [[*key, asdict(row)] for key, row in one.sleepers.items()]} for one in found
        ]
        try:
            files.write_whole(parsed.out, (json.dumps(said, indent=1) + "\n").encode())
        except OSError as error:
            raise InfrastructureError(f"--out {parsed.out}: {error.strerror}") from None
    return EXIT_OK if found else EXIT_INFRASTRUCTURE


def _key(**params: int) -> RunKey:
    return RunKey("idle", tuple({"ms": SECOND, **params}.items()))


def _of_guest(name: str, options: GuestOptions, parsed: argparse.Namespace, progress: Progress) -> Idle:
    idle = _key()
    rates = {rate: _key(sleepers=1, period=SECOND // rate) for rate in RATES}
    grid = {
        (count, spread): _key(sleepers=count, period=PERIOD, spread=spread)
        for count in COUNTS
        for spread in (SPREADS if count > 1 else SPREADS[:1])
    }
    asked = [idle, *rates.values(), *(grid.values() if parsed.sleepers else ())]
    progress.note(f"{name}: {len(asked)} ways of doing nothing, a virtual second each")
    found = together(
        name, options, list(dict.fromkeys(asked)), progress,
        batches=_BATCHES, extra=(WORKLOADS,), patience=parsed.patience, size=1,
    )  # fmt: skip
    held = {profile.workload: profile for profile in found.profiles}
    for key, why in found.missing.items():
        progress.note(f"{name}: {key}: {why}")
    if str(idle) not in held:
        raise InfrastructureError(f"{name}: idle: {found.missing.get(str(idle), 'not measured')}")
    return Idle(
        name,
        held[str(idle)],
        {rate: held[str(key)] for rate, key in rates.items() if str(key) in held},
        {at: held[str(key)] for at, key in grid.items() if str(key) in held and parsed.sleepers},
        _trip(name, options, progress, parsed.patience),
        None if parsed.no_host else awake.look(name, options, idle, (WORKLOADS,), progress),
    )


def _trip(name: str, options: GuestOptions, progress: Progress, patience: float | None) -> Profile | None:
    """A round trip by the first means that the guest has."""
    for workload in TRIPS:
        try:
            found = measure(name, options, [RunKey(workload)], progress, batches=_BATCHES, patience=patience)
        except FerruleError as error:
            progress.note(str(error))
            continue
        if found.profiles:
            return found.profiles[0]
    return None


def report(found: Sequence[Idle], top: int) -> str:
    """Tables: a second of doing nothing, what wake-ups cost, sleepers, and where the idle instructions go."""
    heads = ("a second of doing nothing", *(one.guest for one in found))
    rows: list[tuple[str, ...]] = [("instructions", *(figure(one.instructions) for one in found))]
    titles = {"interrupts": "interrupts", "halt": "halts", "timer": "timer programmings", "device": "device accesses",
              "port": "port accesses", "wrmsr": "MSR writes", "cr3": "address-space switches"}  # fmt: skip
    rows += [(titles[key], *(figure(one.idle.everything.get(key, 0.0)) for one in found)) for key in ROWS]
    rows.append(("round trip, instructions", *(_of_trip(one) for one in found)))
    rows.append(("round trips to an idle second", *(_ratio(one) for one in found)))
    for title, tell in (("host: wake-ups a second", awake.wakeups), ("host: busy", awake.busy)):
        rows.append((title, *(tell(one.host) for one in found)))
    parts = [tabulate(rows, heads, disable_numparse=True), _rates(found)]
    if any(one.sleepers for one in found):
        parts.append(_sleepers(found))
    for one in found:
        parts += [f"{one.guest}: where the instructions of an idle second go", _functions(one, top)]
    return "\n\n".join(parts)


def _of_trip(one: Idle) -> str:
    return f"{figure(one.trip.value)} ({one.trip.workload.partition('[')[0]})" if one.trip else "-"


def _ratio(one: Idle) -> str:
    return figure(one.instructions / one.trip.value) if one.trip and one.trip.value else "-"


def _rates(found: Sequence[Idle]) -> str:
    """What a wake-up costs: the instructions that one sleeper adds to an idle second, by its rate."""
    rows = [
        (f"{rate} Hz", *(figure((total(one.rates[rate]) - one.instructions) / rate) if rate in one.rates else "-"
                         for one in found))
        for rate in RATES
    ]  # fmt: skip
    return tabulate(rows, ("instructions a wake-up", *(one.guest for one in found)), disable_numparse=True)


def _sleepers(found: Sequence[Idle]) -> str:
    """Halts beyond those of an idle second: fewer than deadlines where the kernel coalesces."""
    places = sorted({place for one in found for place in one.sleepers})
    rows = []
    for count, spread in places:
        deadlines = count * SECOND // PERIOD
        cells = [
            f"{figure(more.everything['halt'] - one.idle.everything['halt'])}, {figure(total(more) - one.instructions)}"
            if (more := one.sleepers.get((count, spread)))
            else "-"
            for one in found
        ]
        rows.append((f"{count} within {spread} ms, {deadlines} deadlines", *cells))
    heads = ("more halts and instructions a second", *(one.guest for one in found))
    return tabulate(rows, heads, disable_numparse=True)


def _functions(one: Idle, top: int) -> str:
    """Interrupts are no group of their own here: they are what is looked for."""
    nodes = [replace(node, interrupt=False) for node in one.idle.nodes]
    return functions(replace(one.idle, nodes=nodes, value=one.instructions), top)
