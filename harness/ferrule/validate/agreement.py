"""Comparison with other benchmarks: our workloads and their programs run in turns on one CPU; the ratios are stored.

A round runs all sides of a pair in a random order and then in the reverse order (A B B A), so that a machine that gets
slower affects all sides in the same way. Each half of a round gives one value of every side, and one log ratio. Both
sides use the same statistic: where a tool prints a mean, ours is the mean of a process's batches; where it prints a
median, the median. Each round is added to a file, so that a run can be measured in parts.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from ferrule.checksum import check, compact, seal
from ferrule.errors import FerruleError, InfrastructureError, UsageError
from ferrule.files import FOLDER, write_whole
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.records.samples import ProcessSamples
from ferrule.report.codec import Malformed, decode, loads, shown
from ferrule.stats.paired import log_ratios, ratio_interval
from ferrule.stats.per_op import nanoseconds
from ferrule.text import number_of
from ferrule.validate import programs
from ferrule.validate.bench import Bench
from ferrule.validate.pairs import HIGH, LOW, Experiment, Pair, Side

SCHEMA: Final = 1
FILE_BYTES: Final = 10 << 20  # size of the file that their programs read and write, as libMicro's own script makes it
PROTOCOL: Final = Plan(batches=300, control_batches=15, warm=5, target_ns=300_000, limit_ns=500_000_000)
DIGITS: Final = 3  # decimal places of ns that are stored
PIECE: Final = 4096  # bytes in one write: a kernel may keep a larger write in one folio, which is slower to write to
Values = dict[str, list[float]]  # by side, ns an operation


@dataclass(frozen=True)
class Ratio:
    """Our cost over theirs, from paired values."""

    ours_ns: float  # medians
    theirs_ns: float
    ratio: float  # median over the pairs of values
    low: float | None  # 95 %; None: too few pairs
    high: float | None
    pairs: int

    @property
    def agrees(self) -> bool:
        """Whether the ratio is in the band LOW..HIGH."""
        return LOW <= self.ratio <= HIGH


@dataclass
class Run:
    """The measured values, round by round."""

    conditions: dict[str, str]
    seed: int
    rounds: list[dict[str, Values]] = field(default_factory=list)  # by title of the pair
    skipped: dict[str, str] = field(default_factory=dict)  # by title of the pair: why

    def both(self, pair: Pair, two: Pair | Experiment) -> tuple[list[float], list[float]]:
        """Our values and theirs, ns an operation, of the rounds that have both, in the order of measurement."""
        found = [
            (of[str(two.ours)], of[str(two.theirs)])
            for of in (one.get(pair.title, {}) for one in self.rounds)
            if len(of.get(str(two.ours), [])) == len(of.get(str(two.theirs), ())) > 0
        ]
        ours, theirs = ([value for values in found for value in values[side]] for side in (0, 1))
        return ours, theirs

    def ratio(self, pair: Pair, experiment: Experiment | None = None) -> Ratio | None:
        """The ratio of a pair, or of one of its experiments; None where it was not measured."""
        ours, theirs = self.both(pair, experiment or pair)
        if not ours:
            return None
        if experiment:
            ours = [value / experiment.times for value in ours]
        middle, low, high = ratio_interval(log_ratios(theirs, ours))
        return Ratio(float(np.median(ours)), float(np.median(theirs)), middle, low, high, len(ours))


def measure(
    run: Run,
    pairs: Sequence[Pair],
    bench: Bench,
    folders: Mapping[str, Path],
    *,
    rounds: int,
    out: Path | None,
    note: Callable[[str], None],
) -> None:
    """Add rounds until there are `rounds`; each is written to `out` when it is complete.

    Raises:
        InfrastructureError: nothing could be measured.
    """
    if not bench.guest.cpus:
        raise InfrastructureError("no CPU is to be had here that both could be pinned to")
    cpu = bench.guest.cpus[0]
    with _file() as file:
        # Their programs get no FERRULE_* variables; TMPDIR is kept, so that both make their files in the same folder.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FERRULE_")}
        for number in range(len(run.rounds), rounds):
            draw = random.Random(f"{run.seed} {number}")  # noqa: S311 - an order, not a secret
            found: dict[str, Values] = {}
            for pair in draw.sample(pairs, len(pairs)):
                if pair.title in run.skipped:
                    continue
                if pair.tool.name not in folders:
                    run.skipped[pair.title] = programs.missing(pair.tool.name)
                    continue
                where = folders[pair.tool.name]
                try:
                    order = draw.sample(pair.sides, len(pair.sides))
                    found[pair.title] = {str(side): [] for side in order}
                    for side in (*order, *reversed(order)):
                        if side.keys:
                            value = _ours(bench, pair, side, draw.getrandbits(32))
                        else:
                            value = sum(pair.value(one, where, file, cpu, environment) for one in side.commands)
                        found[pair.title][str(side)].append(round(value, DIGITS))
                except FerruleError as error:
                    del found[pair.title]
                    note(f"{pair.title}: {error}")
                    if not any(pair.title in of for of in run.rounds):
                        run.skipped[pair.title] = str(error)
            if not found:
                raise InfrastructureError(
                    "no pair could be measured: " + "; ".join(dict.fromkeys(run.skipped.values()))
                )
            run.rounds.append(found)
            note(f"round {number + 1} of {rounds}: {number_of(len(found), 'pair')}")
            if out is not None:
                write_whole(out, as_json(run, pairs).encode())


@contextmanager
def _file() -> Iterator[Path]:
    """A file as deep in the directory tree as those of our workloads; not locked, because a lock slows every close."""
    with tempfile.NamedTemporaryFile(prefix=FOLDER) as made:
        for _ in range(FILE_BYTES // PIECE):
            made.write(bytes(PIECE))
            made.flush()
        os.fsync(made)  # during writeback, writers would wait
        yield Path(made.name)


def _ours(bench: Bench, pair: Pair, side: Side, seed: int) -> float:
    """One process of ours: ns an operation, by the statistic that the tool uses for its own."""
    bench.lay_out(seed)
    runs = bench.execute(tuple(PlannedRun(key, pair.batch) for key in side.keys), seed, 0, PROTOCOL).runs
    total = 0.0
    for key in side.keys:
        if runs[key].status != "ok":
            raise InfrastructureError(f"{key}: {runs[key].status}: {runs[key].reason}")
        if runs[key].place == "free":
            raise InfrastructureError(
                f"{key}: CPU {bench.guest.cpus[0]} was refused it, so it ran where theirs does not"
            )
        total += _centre(runs[key].processes[0], pair)
    return total


def _centre(process: ProcessSamples, pair: Pair) -> float:
    values, _ = nanoseconds(process)
    return float(values.mean() if pair.centre == "mean" else np.median(values))


def as_json(run: Run, pairs: Sequence[Pair]) -> str:
    """A run as stored: all values, and the ratios of all pairs."""
    results = [
        {
            "pair": pair.title,
            "ours": str(pair.ours),
            "theirs": str(pair.theirs),
            "centre": pair.centre,
            **_of(run.ratio(pair)),
            "experiments": [
                {"what": one.what, "ours": str(one.ours), "theirs": str(one.theirs), **_of(run.ratio(pair, one))}
                for one in pair.experiments
            ],
        }
        for pair in pairs
        if run.ratio(pair)
    ]
    return compact(seal({"schema": SCHEMA, **vars(run), "pairs": results})).decode() + "\n"


def _of(ratio: Ratio | None) -> dict[str, Any]:
    return vars(ratio) if ratio else {}


def load(file: Path) -> Run:
    """A stored run.

    Raises:
        UsageError: the file cannot be read, or was not written by as_json.
    """
    try:
        found = loads(file.read_bytes())
        if found["schema"] != SCHEMA:
            raise UsageError(f"{file}: schema {shown(found['schema'])}; this Ferrule reads {SCHEMA}")
        if not check(found):
            raise UsageError(f"{file}: has no checksum; it was changed after it was stored")
        return decode(Run, {name: found[name] for name in (one.name for one in fields(Run))})
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None
    except (Malformed, KeyError, TypeError):
        raise UsageError(f"{file}: is no run that `ferrule agree --json` wrote") from None
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from None
