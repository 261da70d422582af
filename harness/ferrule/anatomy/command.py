"""`ferrule anatomy`: from flags to tables and files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ferrule import guests
from ferrule.anatomy import flags, formats
from ferrule.anatomy.formats import tables
from ferrule.anatomy.measure import Found, measure
from ferrule.anatomy.profile import Profile
from ferrule.campaign.progress import progress_on
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, ToolMissing, UsageError
from ferrule.options.machines import guest_options_of, take_guests
from ferrule.options.measurement import extra_of, guests_of
from ferrule.payload.key import RunKey
from ferrule.payload.registry import find
from ferrule.payload.selection import parse_key, variants_of


def anatomy(parsed: argparse.Namespace) -> int:
    """Look into workloads, or compare what was seen.

    Raises:
        UsageError: a flag that cannot mean anything.
        InfrastructureError: a guest cannot be had, or a file cannot be written.
    """
    flags.check(parsed)
    flags.add_missing(parsed)
    take_guests(parsed.extra_guest)
    options, keys = guest_options_of(parsed), keys_of(parsed)
    found: list[Found] = []
    with progress_on(sys.stderr) as progress:
        for name in guests_of(parsed):
            if (reason := guests.unavailable(name, options)) is not None:
                raise ToolMissing(f"{name}: {reason}")
            progress.note(f"{name}: {len(keys)} workloads, with and without the instrument")
            found.append(
                measure(
                    name, options, keys, progress,
                    batches=parsed.batches, extra=extra_of(parsed), patience=parsed.patience,
                )
            )  # fmt: skip
    profiles = [profile for one in found for profile in one.profiles]
    print(report(found, keys, parsed.top))
    if parsed.out is not None:
        for path in formats.write(parsed.out, profiles, parsed.format.split(",")):
            print(path)
    broken = any(not why.startswith("unsupported") for one in found for why in one.missing.values())
    return EXIT_INFRASTRUCTURE if broken or not profiles else EXIT_OK


def keys_of(parsed: argparse.Namespace) -> list[RunKey]:
    """The runs asked for, on one core: there is no other under icount.

    Raises:
        UsageError: none, or no such workload.
    """
    extra = extra_of(parsed)
    asked = [(find(name, extra), params) for name, params, _ in parse_key(parsed.workload)]
    chosen = [key for row, params in asked for key in variants_of(row, params, ("same_core",))]
    keys = list(dict.fromkeys(chosen))
    if not keys:
        raise UsageError(f"--workload {parsed.workload!r}: no workload named")
    names = [key.workload for key in keys]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--workload {name}: one set of parameters at a time: its batches share one loop")
    return keys


def report(found: Sequence[Found], keys: Sequence[RunKey], top: int) -> str:
    """For each workload what an operation is made of, guests side by side, and each guest's first functions."""
    parts: list[str] = []
    for key in keys:
        held = [profile for one in found for profile in one.profiles if profile.workload == str(key)]
        parts.append(f"{key}")
        if held:
            parts.append(tables.made_of(held))
        for profile in held:
            parts += [_head(profile), tables.functions(profile, top)]
        parts += [f"{one.guest}: {one.missing[str(key)]}" for one in found if str(key) in one.missing]
    return "\n\n".join(parts)


def _head(profile: Profile) -> str:
    notes = "; ".join([*profile.notes, f"callers known of {profile.share:.1%} of the instructions"])
    besides = f", and {tables.figure(profile.interrupted)} in interrupts" if profile.interrupted else ""
    return f"{profile.title}: {tables.figure(profile.value)} instructions{besides} ({notes})"
