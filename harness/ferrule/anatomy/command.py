"""`ferrule anatomy`: from flags to tables and files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ferrule import guests
from ferrule.anatomy import diff, flags, formats
from ferrule.anatomy.formats import tables
from ferrule.anatomy.measure import Found, measure
from ferrule.anatomy.profile import SUFFIX, Profile, load
from ferrule.campaign.progress import progress_on
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, InfrastructureError, ToolMissing, UsageError
from ferrule.machine.options import GuestOptions
from ferrule.options.machines import guest_options_of, take_guests
from ferrule.options.measurement import extra_of, guests_of
from ferrule.payload.key import RunKey
from ferrule.payload.registry import find
from ferrule.payload.selection import parse_key, variants_of
from ferrule.records.samples import WITHOUT
from ferrule.text import number_of

_OWN_KERNEL = ("local", "ssh", "floor")  # guests that boot no kernel of the user's


def anatomy(parsed: argparse.Namespace) -> int:
    """Profile workloads, or show or compare stored profiles.

    Raises:
        UsageError: an invalid flag or combination.
        InfrastructureError: a guest is not available, or a file cannot be written.
    """
    flags.check(parsed)
    flags.add_missing(parsed)
    take_guests(parsed.extra_guest)
    if parsed.diff is not None:
        return compare(parsed)
    if parsed.show is not None:
        print(stored(parsed.show, parsed.top))
        return EXIT_OK
    options, keys = guest_options_of(parsed), keys_of(parsed)
    found: list[Found] = []
    with progress_on(sys.stderr) as progress:
        for name in guests_of(parsed):
            if (reason := guests.unavailable(name, options)) is not None:
                raise ToolMissing(f"{name}: {reason}")
            progress.note(f"{name}: {number_of(len(keys), 'workload')}, with and without the instrument")
            try:
                found.append(
                    measure(
                        name, options, keys, progress,
                        batches=parsed.batches, extra=extra_of(parsed), patience=parsed.patience,
                    )
                )  # fmt: skip
            except InfrastructureError as error:  # of one guest: the others are still reported
                progress.note(f"{name}: {error}")
                found.append(Found(name, (), dict.fromkeys(map(str, keys), str(error))))
    profiles = [profile for one in found for profile in one.profiles]
    print(report(found, keys, parsed.top))
    if parsed.out is not None:
        for path in formats.write(parsed.out, profiles, flags.formats_of(parsed)):
            print(path)
    broken = any(why.partition(":")[0] not in WITHOUT for one in found for why in one.missing.values())
    return EXIT_INFRASTRUCTURE if broken or not profiles else EXIT_OK


def stored(folder: Path, top: int) -> str:
    """The tables of a folder of profiles, as Markdown, workloads sorted by name and guests by file name.

    Raises:
        UsageError: it has no profile, or a file that is not one.
    """
    profiles = [load(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not profiles:
        raise UsageError(f"--show {folder}: no file *{SUFFIX} is there; ferrule anatomy --out writes them")
    parts: list[str] = []
    for workload in sorted({one.workload for one in profiles}):
        own = [one for one in profiles if one.workload == workload]
        parts += [f"## {workload}", tables.made_of(own, "markdown")]
        for one in own:
            parts += [f"**{one.guest}**: {_head(one).partition(': ')[2]}", tables.functions(one, top, "markdown")]
    return "\n\n".join(parts)


def compare(parsed: argparse.Namespace) -> int:
    """Compare two sets of stored profiles, or two kernels that are profiled now.

    Raises:
        UsageError: there is nothing to compare.
        InfrastructureError: a workload has no profile on one of the kernels.
    """
    pairs = diff.stored(*parsed.diff) if flags.are_profiles(parsed.diff) else _of_kernels(parsed)
    for before, after in pairs:
        print(f"{after.title}\n\n{diff.table(before, after, parsed.top)}\n")
    return EXIT_OK


def _of_kernels(parsed: argparse.Namespace) -> list[tuple[Profile, Profile]]:
    names, keys, options = guests_of(parsed), keys_of(parsed), guest_options_of(parsed)
    if len(names) != 1 or names[0] in _OWN_KERNEL:
        raise UsageError(
            "--diff: two kernels are compared on one guest that boots a kernel of yours, e.g. --guest redox"
        )
    with progress_on(sys.stderr) as progress:
        found = [
            measure(names[0], booting(names[0], options, kernel), keys, progress,
                    batches=parsed.batches, extra=extra_of(parsed), patience=parsed.patience)
            for kernel in parsed.diff
        ]  # fmt: skip
    if missing := {**found[0].missing, **found[1].missing}:
        raise InfrastructureError("; ".join(f"{key}: {why}" for key, why in missing.items()))
    return list(zip(found[0].profiles, found[1].profiles, strict=True))


def booting(guest: str, options: GuestOptions, kernel: Path) -> GuestOptions:
    """The same options with another kernel file.

    Raises:
        UsageError: there is no such file.
    """
    if not kernel.is_file():
        raise UsageError(f"--diff {kernel}: no such file")
    if guest == "linux":
        return replace(options, linux_kernel=kernel)
    return replace(options, guest_files={**options.guest_files, (guest, "kernel"): kernel})


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
    return keys


def report(found: Sequence[Found], keys: Sequence[RunKey], top: int) -> str:
    """For each workload, what an operation consists of, guests side by side, and each guest's first functions."""
    parts: list[str] = []
    for key in keys:
        profiles = [profile for one in found for profile in one.profiles if profile.workload == str(key)]
        parts.append(f"{key}")
        if profiles:
            parts.append(tables.made_of(profiles))
        for profile in profiles:
            parts += [_head(profile), tables.functions(profile, top)]
        parts += [f"{one.guest}: {one.missing[str(key)]}" for one in found if str(key) in one.missing]
    return "\n\n".join(parts)


def _head(profile: Profile) -> str:
    notes = "; ".join([*profile.notes, f"callers known of {profile.share:.1%} of the instructions"])
    interrupts = f", and {tables.figure(profile.interrupted)} in interrupts" if profile.interrupted else ""
    return f"{profile.title}: {tables.figure(profile.value)} instructions{interrupts} ({notes})"
