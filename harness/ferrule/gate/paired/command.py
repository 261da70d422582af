"""`ferrule gate --tier time`: from flags to pairs on the disk, and from there to a report."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ferrule import guests, paths
from ferrule.campaign.progress import Progress, progress_on
from ferrule.errors import FerruleError, InfrastructureError, UsageError
from ferrule.gate import flags
from ferrule.gate.paired import advice, arms, decide
from ferrule.gate.paired.measure import BATCHES, PROCESSES, WARM, Contest, take
from ferrule.gate.paired.pairs import SCHEMA, Head, Journal, Pair
from ferrule.gate.paired.stored import load
from ferrule.gate.selection import select
from ferrule.gate.verdict import Report
from ferrule.payload.key import RunKey
from ferrule.payload.registry import workloads
from ferrule.report import ahead, history
from ferrule.stats.allocation import VISITS
from ferrule.stats.paired import ALPHA, BOUND, MARGIN, least_pairs, planned_looks

PAIRS: Final = 60
DEAD: Final = 3  # pairs in a row without one of the arms, after which the gate gives up
CONTROLS: Final = (RunKey("clock_read"), RunKey("null_call"))  # short and steady: what changes them changes all


def gate(parsed: argparse.Namespace) -> Report:
    """Measure and decide, or decide again from a file (--from).

    Raises:
        UsageError: an invalid flag or combination.
        InfrastructureError: an arm is not available, or the base sent no record.
    """
    folder = paths.results(parsed.results)
    if parsed.stored is not None:
        return _report(*load(parsed.stored), parsed, folder)
    if parsed.history and all(_is_run(given) for given in (parsed.base, parsed.candidate)):
        runs = [history.load_run(folder, given) for given in (parsed.base, parsed.candidate)]
        return advice.of_runs(runs[0], runs[1], _past(folder))
    with progress_on(sys.stderr) as progress:
        return _measure(parsed, folder, progress)


def _is_run(given: str) -> bool:
    """Whether --base or --candidate can only be a stored run."""
    return given != arms.SELF and not Path(given).exists()


def _report(head: Head, pairs: Sequence[Pair], parsed: argparse.Namespace, folder: Path) -> Report:
    found = decide.report(head, pairs, parsed.strict)
    return replace(found, advice=advice.of_gate(head, pairs, _past(folder))) if parsed.history else found


def _past(folder: Path) -> list[history.Stored]:
    """The stored runs without those dated in the future, which would stay the last ones for ever."""
    until = ahead.now()
    return [one for one in history.load(folder) if one.ts <= until]


def _measure(parsed: argparse.Namespace, folder: Path, progress: Progress) -> Report:
    extra = tuple(Path(path) for path in parsed.extra)
    known = workloads(extra)
    chosen = select(parsed.suite, parsed.workload, parsed.place, extra)
    keys = [key for key in chosen if not known[key.workload].control]
    if not keys:
        raise UsageError("--workload: only controls were chosen: they cost almost nothing, which gives no ratio")
    pairs = PAIRS if parsed.pairs is None else parsed.pairs
    least = least_pairs(len(keys), ALPHA * planned_looks(pairs)[-1][1])
    if pairs < least:
        raise UsageError(f"--pairs {pairs}: with {len(keys)} workloads at least {least}, or nothing could be found")
    name = parsed.guest or "local"
    seed = random.SystemRandom().getrandbits(48) if parsed.seed is None else parsed.seed
    own = [
        arms.make(arm, given, name, flags.guest_options(parsed), extra)
        for arm, given in zip(arms.NAMES, (parsed.base, parsed.candidate), strict=True)
    ]
    control = _control(parsed, name, own[0], extra, progress)
    contests = [
        Contest((own[0], own[1]), keys, seed, progress, parsed.processes or PROCESSES, parsed.patience),
        Contest(control, CONTROLS, seed, progress, 1, parsed.patience, control=True),
    ]
    try:
        for contest in contests:
            contest.pilot()
        head = _head(name, contests, pairs, seed)
        return _report(*_pairs(contests, head, folder, progress), parsed, folder)
    finally:
        for arm in (*own, *control):
            arm.side.close()


def _pairs(contests: Sequence[Contest], head: Head, folder: Path, progress: Progress) -> tuple[Head, list[Pair]]:
    """Take the pairs, each on the disk before the next, and read them back: the report is made from what was stored."""
    heading = {"ts": head.ts, "machine": head.machine}
    path = history.home(folder, heading) / "gates" / f"{head.run_id}-{history.slug(head.guest)}.jsonl"
    journal, taken = Journal(path, head), []
    progress.note(f"pairs: {path}")

    def store(pair: Pair) -> None:
        journal.add(pair)
        taken.append(pair)

    def settled(number: int) -> bool:
        own = [pair for pair in taken if not pair.control]
        if decide.dead(own[-DEAD:], DEAD):
            progress.note(f"an arm was dead in {DEAD} pairs in a row: given up")
            return True
        if number not in [until for until, _ in head.looks[:-1]] or decide.dead(own, 1):
            return False
        return decide.settled(decide.judge(head, own))

    take(contests, head.pairs, random.Random(head.seed), store, settled)  # noqa: S311 - an order, not a secret
    return load(path)


def _control(
    parsed: argparse.Namespace, name: str, base: arms.Arm, extra: Sequence[Path], progress: Progress
) -> tuple[arms.Arm, arms.Arm]:
    """Arms that show a machine's own noise: the base twice where both arms share one OS, else Linux, else this host."""
    if not base.side.fresh_boots:
        return (base, replace(base, side=arms.Side(base.side.guest, "candidate")))
    for other in ("linux", "local"):
        if other == name:
            continue
        try:
            if why := guests.unavailable(other, flags.guest_options(parsed)):
                raise InfrastructureError(why)
            both = [arms.make(arm, arms.SELF, other, flags.guest_options(parsed), extra) for arm in arms.NAMES]
            return both[0], both[1]
        except FerruleError as error:
            progress.note(f"control {other}: not available: {error}")
    raise InfrastructureError("gate: no control is available; ferrule doctor says what is missing")


def _head(guest: str, contests: Sequence[Contest], pairs: int, seed: int) -> Head:
    own, control = contests
    heading = history.heading(seed, "gate")
    base, candidate = own.arms
    return Head(
        SCHEMA,
        **{name: heading[name] for name in ("run_id", "ts", "machine", "ferrule", "commit")},
        seed=seed,
        guest=guest,
        base=base.what,
        candidate=candidate.what,
        same=base.what == candidate.what,
        control=control.arms[0].side.guest.name,
        workloads=tuple(map(str, own.keys)),
        controls=tuple(map(str, control.keys)),
        pairs=pairs,
        looks=planned_looks(pairs),
        margin=MARGIN,
        bound=BOUND,
        alpha=ALPHA,
        batches=BATCHES,
        warm=WARM,
        sizes={str(key): own.sizes[key] for key in own.keys if key in own.sizes},
        processes=own.processes,
        visits={str(key): own.visits[key] for key in own.keys if key in own.visits},
        control_visits=VISITS,
        injected=own.more,
    )
