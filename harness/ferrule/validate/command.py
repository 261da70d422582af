"""`ferrule validate`: measures what is missing, stores it, and writes the page from everything that is stored."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ferrule import __version__, guests, paths
from ferrule.campaign.progress import Progress, progress_on
from ferrule.errors import EXIT_INFRASTRUCTURE, EXIT_OK, InfrastructureError, UsageError
from ferrule.gate.selection import select
from ferrule.machine import host
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.validate import (
    agreed,
    agreement,
    corpus,
    cost,
    coverage,
    drift,
    exactness,
    from_ledgers,
    from_runs,
    holding,
    programs,
    report,
    speed,
)
from ferrule.validate.bench import Bench
from ferrule.validate.flags import PARTS
from ferrule.validate.ledger import Ledger
from ferrule.validate.pairs import judged
from ferrule.validate.peers import peers
from ferrule.validate.runs import Run, stored


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    sets: int  # data sets for a cell of the coverage grid
    cells: int  # 1: every cell of the grid; N: every N-th
    runs: int  # full runs
    rounds: int  # pairs in each
    drifts: int  # runs under stepped load
    boots: int  # of each guest under each load
    turns: int  # rounds of the comparison with perf bench
    seconds: float  # limit for a tool to reach one percent


FULL: Final = Size(coverage.SETS, 1, 60, 60, 6, 10, 80, 45.0)
SHORT: Final = Size(300, 13, 2, 24, 1, 2, 3, 5.0)


@dataclass
class Validation:
    """One invocation."""

    parsed: argparse.Namespace
    progress: Progress

    def __post_init__(self) -> None:
        parsed = self.parsed
        self.size = SHORT if parsed.short else FULL
        self.folder: Path = parsed.corpus or paths.cache("validation", "short" if parsed.short else "full")
        self.seed: int = parsed.seed
        self.runs: int = self.size.runs if parsed.runs is None else parsed.runs
        self.keys: list[RunKey] = select("", "", "same_core", ())

    def ledger(self, name: str) -> Ledger:
        """The stored findings of one part."""
        return Ledger(self.folder / f"{name}.jsonl")

    def bench(self) -> Bench:
        """This host, ready to be measured."""
        guest = guests.create("local", GuestOptions())
        return Bench(guest, build_payload(guest.os, guest.arch), Progress())

    def coverage(self) -> None:
        """Coverage of intervals on synthetic hierarchies."""
        cells = coverage.plan(coverage.grid(), coverage.few())[:: self.size.cells]
        coverage.collect(self.ledger("coverage"), cells, self.size.sets, self.seed, self.progress.note)

    def families(self) -> None:
        """Real runs of all arms."""
        size, note = self.size, self.progress.note
        bench = self.bench()
        corpus.collect(bench, self.folder, self.keys, runs=self.runs, rounds=size.rounds, seed=self.seed, note=note)

    def drift(self) -> None:
        """Real runs under stepped load."""
        size, note, folder = self.size, self.progress.note, self.folder / "drift"
        bench = self.bench()
        drift.collect(bench, folder, self.keys, runs=size.drifts, rounds=size.rounds, seed=self.seed, note=note)

    def exactness(self) -> None:
        """Boots of the guests that count."""
        boots, note, ledger = self.size.boots, self.progress.note, self.ledger("exactness")
        for name in ("floor", "linux"):
            if reason := guests.unavailable(name, GuestOptions(accel="icount")):
                note(f"exactness: {name}: skipped: {reason}")
                continue
            exactness.collect(ledger, name, self.keys, boots=boots, progress=Progress(), note=note)

    def agreement(self) -> None:
        """The same operations by perf bench; always measured completely, because a part alone is no result."""
        run, found, note = agreement.Run({}, self.seed), programs.find(None), self.progress.note
        try:
            agreement.measure(run, judged(), self.bench(), found, rounds=self.size.turns, out=self.agreed, note=note)
        except InfrastructureError as error:
            self.progress.note(f"agreement: skipped: {error}")

    @property
    def agreed(self) -> Path:
        """The file with the values of `agreement`."""
        return self.folder / "agreement.json"

    def speed(self) -> None:
        """Time until one percent is reached, for our payload and for other tools."""
        others = peers(programs.find(programs.folder_of(self.parsed.peers)))
        ledger, limit = self.ledger("races"), self.size.seconds
        speed.collect(ledger, self.bench(), others, limit=limit, seed=self.seed, note=self.progress.note)

    def cost(self) -> None:
        """Time and memory of the analysis itself."""
        ledger = self.ledger("cost")
        ledger.add("cost", cost.measure(self.seed))

    def page(self) -> bool:
        """Write the page.

        Returns:
            whether every claim was met.
        """
        sections = list(self.sections())
        if not sections:
            raise UsageError(f"validate: nothing is stored in {self.folder}; leave out --only to measure")
        command = "nox -s validate" + (" -- --short" if self.parsed.short else "")
        text = report.page(sections, self.conditions(), command)
        out = self.parsed.out or paths.results() / "validation.md"
        report.write(out, text)
        self.progress.note(f"validation: {out}")
        return all(claim.met for section in sections for claim in section.claims)

    def sections(self) -> list[report.Section]:
        """The parts of the page that have stored findings."""
        made: list[report.Section] = []
        if cells := coverage.stored(self.ledger("coverage")):
            made.append(from_ledgers.made_up(cells))
        if runs := stored(self.folder):
            made.append(from_runs.real_coverage(runs, self.seed))
            made.append(holding.section(runs))
            made.append(from_runs.nothing_differs(runs, self.seed))
            made.append(from_runs.known_slowdowns(runs, self.seed))
        if drifts := stored(self.folder / "drift"):
            made.append(from_runs.drifting(drifts))
        if runs:
            made.append(from_runs.broken_rules([*runs, *drifts]))
        if (counts := self.ledger("exactness")).items():
            made.append(from_ledgers.exact_counts(counts))
        if self.agreed.exists():
            made.append(agreed.section(agreement.load(self.agreed), judged()))
        if spent := speed.stored(self.ledger("races")):
            made.append(from_ledgers.seconds(spent))
        if (costs := self.ledger("cost")).items():
            made.append(from_ledgers.analysis(costs["cost"]))
        return made

    def conditions(self) -> list[str]:
        """The conditions of the measurements, a line each."""
        runs = stored(self.folder)
        lines = [f"Ferrule {__version__}, seed {self.seed}, {datetime.now(UTC):%Y-%m-%d}"]
        if runs:
            lines += _of(runs)
        facts = host.here(())
        lines += [
            f"{name.removeprefix('host.')}: {facts[name]}"
            for name in ("host.hypervisor", "host.kernel")
            if name in facts
        ]
        return [*lines, *self.parsed.note]


def _of(runs: list[Run]) -> list[str]:
    first, last = runs[0], runs[-1]
    when = [datetime.fromtimestamp(run.began, UTC).strftime("%H:%M") for run in (first, last)]
    arms = ", ".join(f"{arm} per mille more" if arm else "unchanged" for arm in first.arms)
    minutes = sum(run.seconds for run in runs) / 60.0
    seldom = {name: sum(name in run.workloads for run in runs) for run in runs for name in run.workloads}
    fewer = ", ".join(f"{name} in {count} of them" for name, count in seldom.items() if count < len(runs))
    missing = sum(int((run.ticks[:, :, :, 0, 0, 0] == 0).any(axis=-1).sum()) for run in runs)
    return [
        f"{len(runs)} full runs of {first.ticks.shape[0]} rounds, {first.ticks.shape[-1]} batches a visit, arms:"
        f" {arms}; {minutes:.0f} minutes, begun {when[0]} to {when[1]} UTC, seeds {first.seed} to {last.seed};"
        f" executions without a result: {missing}" + (f"; {fewer}" if fewer else ""),
        ", ".join(f"{name} {value}" for name, value in first.conditions.items()),
        "operations a batch: " + ", ".join(f"{name} {n}" for name, n in zip(first.workloads, first.n, strict=True)),
    ]


def validate(parsed: argparse.Namespace) -> int:
    """Run the parts that `--only` names.

    Returns:
        0 when every claim was met, 3 when one was not, or when nothing could be measured.

    Raises:
        UsageError: an unknown part, or no runs.
    """
    if parsed.runs is not None and parsed.runs < 1:
        raise UsageError(f"--runs {parsed.runs}: must be at least 1")
    wanted = [part for part in parsed.only.split(",") if part] or list(PARTS)
    for part in wanted:
        if part not in PARTS:
            raise UsageError(f"--only {part}: choose from {', '.join(PARTS)}")
    with progress_on(sys.stderr) as progress:
        validation = Validation(parsed, progress)
        steps: dict[str, Callable[[], bool | None]] = {part: getattr(validation, part) for part in PARTS}
        met = [steps[part]() for part in wanted]
    return EXIT_INFRASTRUCTURE if False in met else EXIT_OK
