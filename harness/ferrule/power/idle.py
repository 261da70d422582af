"""Counts of an idle guest: idle seconds, wake-ups, sleepers, and idle seconds after work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ferrule.anatomy.measure import measure, together
from ferrule.anatomy.profile import Profile
from ferrule.campaign.progress import Progress
from ferrule.errors import FerruleError, InfrastructureError
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.power import host
from ferrule.power.refusal import NotMeasurable

SECOND: Final = 1000  # ms of a window
RATES: Final = (1, 10, 100)  # wake-ups a second of one sleeper
COUNTS, SPREADS = (1, 8, 64), (1, 10, 50)  # sleepers; ms over which their deadlines are spread
PERIOD, WINDOW = 100, 200  # ms: of each sleeper, and of the measured window
TRIPS: Final = ("pipe_latency", "ipc_round_trip", "semaphore_pingpong")  # what an idle second is compared with
_BATCHES: Final = 3


@dataclass(frozen=True)
class Boot:
    """One boot: an idle second, and what the host saw of ten others."""

    idle: Profile
    host: host.Seen | NotMeasurable

    @property
    def instructions(self) -> float:
        """Instructions of the second, interrupts included."""
        return total(self.idle)

    @property
    def wakeups(self) -> float:
        """Wake-ups of the second: its halts."""
        return self.idle.everything.get("halt", 0.0)


@dataclass(frozen=True)
class Measured:
    """One guest."""

    guest: str
    boots: Sequence[Boot]
    rates: Mapping[int, Profile]  # a second, by wake-ups a second
    sleepers: Mapping[tuple[int, int], Profile]  # WINDOW ms, by their number and the spread of their deadlines
    quiet: Profile | None  # WINDOW ms without sleepers
    families: Mapping[str, Profile | NotMeasurable]  # a second after the workloads of a family
    trip: Profile | None  # a round trip between two ends

    @property
    def idle(self) -> Profile:
        """The first boot's second."""
        return self.boots[0].idle


def total(profile: Profile) -> float:
    """Instructions of an operation, interrupts included."""
    return profile.value + profile.interrupted


def seconds(ms: int = SECOND, **params: int) -> RunKey:
    """The run that sleeps for `ms` milliseconds."""
    return RunKey("idle", tuple({"ms": ms, **params}.items()))


def deadlines(count: int) -> int:
    """The number of deadlines of `count` sleepers in a window."""
    return count * WINDOW // PERIOD


@dataclass(frozen=True)
class Wanted:
    """What is to be measured."""

    boots: int = 1
    sleepers: bool = False
    families: bool = False
    host: bool = True
    patience: float | None = None


def of_guest(name: str, options: GuestOptions, wanted: Wanted, progress: Progress) -> Measured:
    """Count all that is wanted of a guest.

    Raises:
        FerruleError: the guest is not available, or its idle second has no profile.
    """
    rates = {rate: seconds(sleepers=1, period=SECOND // rate) for rate in RATES}
    grid = {
        (count, spread): seconds(WINDOW, sleepers=count, period=PERIOD, spread=spread)
        for count in COUNTS
        for spread in (SPREADS if count > 1 else SPREADS[:1])
    }
    quiet = seconds(WINDOW)
    asked = [seconds(), *rates.values(), *((quiet, *grid.values()) if wanted.sleepers else ())]
    counted = _count(name, options, asked, wanted, progress)
    boots = [counted[str(seconds())]]
    boots += [_count(name, options, [seconds()], wanted, progress)[str(seconds())] for _ in range(wanted.boots - 1)]
    return Measured(
        name,
        [Boot(one, _seen(name, options, wanted, progress)) for one in boots],
        {rate: counted[str(key)] for rate, key in rates.items() if str(key) in counted},
        {at: counted[str(key)] for at, key in grid.items() if str(key) in counted},
        counted.get(str(quiet)),
        _after_families(name, options, wanted, progress) if wanted.families else {},
        _trip(name, options, progress, wanted.patience),
    )


def _seen(name: str, options: GuestOptions, wanted: Wanted, progress: Progress) -> host.Seen | NotMeasurable:
    return host.look(name, options, seconds(), progress) if wanted.host else NotMeasurable("not asked for")


def _count(
    name: str, options: GuestOptions, keys: Sequence[RunKey], wanted: Wanted, progress: Progress
) -> dict[str, Profile]:
    """Profiles of one boot by run.

    Raises:
        InfrastructureError: the first run has no profile.
    """
    progress.note(f"{name}: {len(keys)} idle runs")
    found = together(name, options, keys, progress, batches=_BATCHES, patience=wanted.patience, size=1)
    for key, why in found.missing.items():
        progress.note(f"{name}: {key}: {why}")
    profiles = {profile.workload: profile for profile in found.profiles}
    if str(keys[0]) not in profiles:
        raise InfrastructureError(f"{name}: {keys[0]}: {found.missing.get(str(keys[0]), 'not measured')}")
    return profiles


def _after_families(
    name: str, options: GuestOptions, wanted: Wanted, progress: Progress
) -> dict[str, Profile | NotMeasurable]:
    """For each family, an idle second of a boot after all workloads of the family."""
    found: dict[str, Profile | NotMeasurable] = {}
    rows = [row for row in workloads().values() if not (row.hidden or row.control)]
    for family in sorted({row.family for row in rows} - {"power"}):
        progress.note(f"{name}: an idle second after {family}")
        before = [RunKey(row.name) for row in rows if row.family == family]
        try:
            one = together(
                name, options, [seconds()], progress,
                batches=_BATCHES, patience=wanted.patience, size=1, before=before,
            )  # fmt: skip
            found[family] = one.profiles[0] if one.profiles else NotMeasurable("; ".join(one.missing.values()))
        except FerruleError as error:
            found[family] = NotMeasurable(str(error))
        if isinstance(why := found[family], NotMeasurable):
            progress.note(f"{name}: after {family}: {why}")
    return found


def _trip(name: str, options: GuestOptions, progress: Progress, patience: float | None) -> Profile | None:
    """A round trip by the first of TRIPS that the guest supports."""
    for workload in TRIPS:
        try:
            found = measure(name, options, [RunKey(workload)], progress, batches=_BATCHES, patience=patience)
        except FerruleError as error:
            progress.note(str(error))
            continue
        if found.profiles:
            return found.profiles[0]
    return None
