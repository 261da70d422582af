"""Boots with the instrument, each beside the same boot without it: the counts of the two must be equal."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferrule import files, guests
from ferrule.anatomy import dissect, instrument, sources, trace
from ferrule.anatomy.compared import Compared
from ferrule.anatomy.profile import Profile
from ferrule.anatomy.sites import sites
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.errors import FerruleError, InfrastructureError
from ferrule.machine import qemu
from ferrule.machine.guest import Guest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import Linked, build_for
from ferrule.payload.key import RunKey
from ferrule.payload.plan import order
from ferrule.payload.registry import workloads
from ferrule.records.samples import GuestResult, RunResult

SEED: Final = 1
_WARM, _TARGET_NS, _LIMIT_NS = 2, 100_000, 1_000_000_000  # as the gate counts


@dataclass(frozen=True)
class Found:
    """One guest's profiles, and why others are missing."""

    guest: str
    profiles: Sequence[Profile]
    missing: Mapping[str, str]  # by run


def measure(
    name: str,
    options: GuestOptions,
    keys: Sequence[RunKey],
    progress: Progress,
    *,
    batches: int,
    extra: Sequence[Path] = (),
    patience: float | None = None,
) -> Found:
    """Profile these runs on a guest. Those of one workload with other parameters have a boot of their own.

    Raises:
        FerruleError: the guest is not available.
    """
    found = Found(name, (), {})
    left = list(dict.fromkeys(keys))
    while left:  # where batches are calibrated, only the loop identifies the workload of a window
        now = list({key.workload: key for key in reversed(left)}.values())[::-1]
        left = [key for key in left if key not in now]
        more = together(name, options, now, progress, batches=batches, extra=extra, patience=patience)
        found = Found(name, (*found.profiles, *more.profiles), {**found.missing, **more.missing})
    return found


def together(
    name: str,
    options: GuestOptions,
    keys: Sequence[RunKey],
    progress: Progress,
    *,
    batches: int,
    extra: Sequence[Path] = (),
    patience: float | None = None,
    size: int | None = None,
    before: Sequence[RunKey] = (),
) -> Found:
    """The same, all in one boot: for runs whose loops differ, or for batches of one `size`.

    The runs of `before` come first and are not profiled.
    """
    plain = guests.create(name, replace(options, accel="icount", plugin=""))
    if plain.accel != "icount":
        raise InfrastructureError(f"{name}: is not a guest whose instructions QEMU counts")
    payload = build_for(plain, extra)
    rows = workloads(extra)
    watched = sites(payload.image, {key.workload: rows[key.workload] for key in keys})
    plugin = instrument.ready(qemu.find(plain.arch))
    budget = Budget(1, 1, batches, _WARM, 0, _TARGET_NS, _LIMIT_NS, name="anatomy")

    frozen = {} if size is None else dict.fromkeys(keys, size)
    runs = [*before, *keys]

    def boot(guest: Guest, shown: Progress) -> GuestResult:
        campaign = Campaign(
            [guest], {name: runs}, lambda _: payload, budget, SEED, shown, patience=patience, sizes={name: frozen},
            history=_behind(runs, len(before)) if before else None,
        )  # fmt: skip
        return campaign.run()[name]

    with files.scratch() as folder, ThreadPoolExecutor(1) as beside:
        prefix = folder / "boot"
        argument = instrument.argument(plugin, watched, list(watched.loops), prefix)
        watching = guests.create(name, replace(options, accel="icount", plugin=argument))
        without = beside.submit(boot, plain, Progress())
        symbols = beside.submit(sources.kernel, name, options)
        result = boot(watching, progress)
        compared = Compared(name, without.result(), lambda: boot(plain, Progress()))
        missing = {
            str(key): f"{run.status}: {run.reason}".rstrip(": ")
            for key in keys
            if (run := result.runs[key]).status != "ok" or not run.processes
        }
        good = [result.runs[key] for key in keys if str(key) not in missing]
        _last(name, result, before, good)
        if not good:
            return Found(name, (), missing)
        library = plain.library if isinstance(plain, Linked) else None
        kernel = symbols.result()
        last = dissect.of_last(good) if size is None else None
        traced = [
            dissect.open_trace(name, one, watched, payload=payload, kernel=kernel, library=library, last=last)
            for one in trace.boots(prefix)
        ]
    spans = dissect.spans(good)
    done: list[Profile] = []
    for run in good:
        try:
            span = spans[run.key] if size is not None else slice(None)
            profile, same = dissect.of_any(traced, run, result, span), compared.check(run)
            done.append(replace(profile, notes=(*profile.notes, same)))
        except FerruleError as error:
            missing[str(run.key)] = str(error)
            progress.note(str(error))
    return Found(name, done, missing)


def _behind(runs: Sequence[RunKey], first: int) -> int:
    """The number of a boot whose drawn order has the first `first` runs before the others."""
    controls = {row.name for row in workloads().values() if row.control} - {key.workload for key in runs}
    for number in itertools.count():
        place = {index: at for at, index in enumerate(order(SEED, number, 0, len(runs) + len(controls)))}
        if max(place[index] for index in range(first)) < min(place[index] for index in range(first, len(runs))):
            return number
    raise AssertionError


def _last(name: str, result: GuestResult, before: Sequence[RunKey], good: Sequence[RunResult]) -> None:
    """Check the order: after a run that ended the guest, the rest is drawn anew.

    Raises:
        InfrastructureError: a run of `before` came later.
    """
    first = [run.processes[0].position for key in before if (run := result.runs[key]).processes]
    if first and good and max(first) > min(run.processes[0].position for run in good):
        lost = "; ".join(result.errors) or "runs were repeated"
        raise InfrastructureError(f"{name}: the runs to be profiled did not come last: {lost}")
