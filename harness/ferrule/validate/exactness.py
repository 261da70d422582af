"""Test of exact counts: equal in every boot under any load of the host, and one added instruction counts as one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.gate.measure import CANARIES, PROTOCOL
from ferrule.gate.reading import EXACT_SHARE, Reading, read
from ferrule.guests import create
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_for
from ferrule.payload.key import RunKey
from ferrule.validate.drift import Load
from ferrule.validate.ledger import Ledger

LOADS = (0, 8)  # busy processes beside the guest
_TARGET_NS, _LIMIT_NS = 100_000, 1_000_000_000


def collect(
    ledger: Ledger, guest: str, keys: Sequence[RunKey], *, boots: int, progress: Progress, note: Callable[[str], None]
) -> None:
    """Count every workload and both canaries in `boots` boots of a guest under each load.

    The batch sizes of the first boot are used for all.
    """
    sizes: dict[RunKey, int] = {}
    wanted = list(dict.fromkeys([*keys, *CANARIES]))
    for busy in LOADS:
        key = f"{guest} {busy}"
        if key in ledger:
            continue
        load = [os.getloadavg()[0]]
        with Load() as beside:
            beside.hold(busy)
            sizes = sizes or _counted(guest, wanted, {}, 1, progress, pilot=True)[1]
            readings, _ = _counted(guest, wanted, sizes, boots, progress)
            load.append(os.getloadavg()[0])
        counts = {str(one): _entry(reading) for one, reading in readings.items()}
        ledger.add(key, {"boots": boots, "busy": busy, "load": load, "counts": counts})
        note(f"exactness: {guest}: {boots} boots beside {busy} busy processes")


def _counted(
    name: str, keys: Sequence[RunKey], sizes: dict[RunKey, int], boots: int, progress: Progress, *, pilot: bool = False
) -> tuple[dict[RunKey, Reading], dict[RunKey, int]]:
    guest = create(name, GuestOptions(accel="icount"))
    try:
        batches, warm = (1, 0) if pilot else (PROTOCOL.batches, PROTOCOL.warm)
        budget = Budget(boots, 1, batches, warm, 0, _TARGET_NS, _LIMIT_NS, name="validation")
        campaign = Campaign(
            [guest],
            {name: keys},
            build_for,
            budget,
            PROTOCOL.seed,
            progress,
            sizes={name: sizes},
        )
        runs = campaign.run()[name].runs
    finally:
        guest.close()
    readings = {key: found for key, run in runs.items() if (found := read(run, "instructions")) is not None}
    return readings, {key: found.sizes[0] for key, found in readings.items()}


def _entry(reading: Reading) -> dict[str, Any]:
    return {"values": list(reading.values), "shares": list(reading.shares)}


def exact(found: Iterable[dict[str, Any]]) -> dict[str, tuple[list[float], bool]]:
    """By workload: all boots' counts over all loads, and whether it is of the exact class.

    As in the gate, the class is decided by as many boots as a baseline has, each with an order of its own. The
    validation checks whether later boots still agree.
    """
    joined: dict[str, tuple[list[float], list[float]]] = {}
    for one in found:
        for name, entry in one["counts"].items():
            values, shares = joined.setdefault(name, ([], []))
            values += entry["values"]
            shares += entry["shares"]
    return {
        name: (values, len(set(values[: PROTOCOL.boots])) == 1 and min(shares[: PROTOCOL.boots]) >= EXACT_SHARE)
        for name, (values, shares) in joined.items()
    }


def repeated(found: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """The number of workloads whose counts are equal under every load, boot by boot; and the number of workloads.

    Boots with the same number have the same order of workloads.
    """
    first, *others = found
    names = [name for name in first["counts"] if all(name in one["counts"] for one in others)]
    same = [all(one["counts"][name]["values"] == first["counts"][name]["values"] for one in others) for name in names]
    return sum(same), len(same)


def nop_seen(found: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """The number of boots in which one added instruction was counted as exactly one; and the number of boots."""
    none, one = (str(key) for key in CANARIES)
    pairs = [
        (low, high)
        for counted in found
        if none in counted["counts"] and one in counted["counts"]
        for low, high in zip(counted["counts"][none]["values"], counted["counts"][one]["values"], strict=False)
    ]
    return sum(high - low == 1.0 for low, high in pairs), len(pairs)
