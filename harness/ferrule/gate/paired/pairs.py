"""What one gate measured, as it is stored: a head, then a line for each pair. Verdicts can be recomputed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.gate.paired.arms import Name
from ferrule.payload.key import Params, RunKey
from ferrule.records.samples import (
    Conditions,
    GuestResult,
    Meaning,
    Pace,
    ProcessSamples,
    Reference,
    Status,
    Surroundings,
    Ticks,
)
from ferrule.report.codec import encode
from ferrule.report.journal import append_line

SCHEMA: Final = 4


@dataclass(frozen=True)
class Head:
    """What was planned before the first pair."""

    schema: int
    run_id: str
    ts: str
    machine: str
    ferrule: str
    commit: str | None
    seed: int
    guest: str
    base: str  # what each arm is, as text for readers
    candidate: str
    same: bool  # both arms are the same: any change found is a false alarm
    control: str  # guest whose base runs against itself
    workloads: tuple[str, ...]  # the family of tests that p is adjusted for
    controls: tuple[str, ...]  # workloads of the control
    pairs: int
    looks: tuple[tuple[int, float], ...]  # pairs, share of alpha
    margin: float
    bound: float
    alpha: float
    batches: int
    warm: int
    sizes: Mapping[str, int]  # operations a batch, calibrated once on the base
    processes: int  # of an arm and pair; the control's have one
    visits: Mapping[str, int]  # of each workload in a process
    control_visits: int  # of each of the control's
    injected: int = 0  # per mille of slowdown put into the candidate, to test the gate itself

    def many(self, control: bool = False) -> int:
        """Processes of an arm and pair."""
        return 1 if control else self.processes

    def asked(self, key: str, control: bool = False) -> int:
        """Visits of a workload in an arm and pair, in all its processes."""
        return self.many(control) * (self.control_visits if control else self.visits.get(key, 1))


@dataclass(frozen=True)
class Process:
    """One process's counter, and what is to be subtracted from its batches."""

    number: int
    hz: float
    resolution: int
    verdict: str  # of the counter's calibration
    reference: Reference


@dataclass(frozen=True)
class Batches:
    """One visit of one workload in one process."""

    process: int
    position: int  # in the drawn order
    n: int
    ticks: Ticks  # whole regions, warm-up left out
    involuntary: int | None
    pace: Pace | None = None  # None: its payload does not measure it


@dataclass(frozen=True)
class Run:
    """One workload of one arm in one pair, or why there are no samples."""

    status: Status
    reason: str
    meaning: Meaning | None
    place: str
    params: Params
    visits: tuple[Batches, ...]  # process by process


@dataclass(frozen=True)
class Turn:
    """One arm's part of a pair."""

    counter: str  # empty: it sent no record
    unit: str
    seconds: float
    errors: tuple[str, ...]
    processes: tuple[Process, ...]
    runs: Mapping[str, Run]  # by run key as text
    conditions: Conditions | None = None  # of the first pair only: they are long


@dataclass(frozen=True)
class Pair:
    """Two executions, one right after the other."""

    number: int
    control: bool  # base against base
    first: Name  # the arm that ran first, by a draw
    turns: Mapping[str, Turn]  # by name of the arm
    surroundings: Surroundings | None = None  # load of the machine during the pair


def turn_of(result: GuestResult, many: int, visits: Mapping[RunKey, int], first: bool) -> Turn:
    """A turn from the result of a campaign of one round.

    A boot that did not finish was repeated: of each run the last processes are taken, as many as asked for.

    Args:
        result: of one arm.
        many: processes that were asked for.
        visits: of each workload in a process; one where it is missing.
        first: whether this is of the first pair, which keeps the conditions.
    """
    conditions = result.conditions
    processes: dict[tuple[int, int], Process] = {}
    runs: dict[str, Run] = {}
    for key, run in result.runs.items():
        used = run.processes[-many * visits.get(key, 1) :]
        for one in used:
            processes.setdefault((one.boot, one.process), _process(one, len(processes)))
        numbers = [processes[one.boot, one.process].number for one in used]
        batches = tuple(
            Batches(number, one.position, one.n, one.ticks, one.involuntary, one.pace)
            for number, one in zip(numbers, used, strict=True)
        )
        runs[str(key)] = Run(run.status, run.reason, run.meaning, run.place, run.params, batches)
    return Turn(
        conditions.counter if conditions else "",
        conditions.unit if conditions else "",
        round(result.seconds, 3),
        tuple(result.errors),
        tuple(processes.values()),
        runs,
        conditions if first else None,
    )


def _process(samples: ProcessSamples, number: int) -> Process:
    clock = samples.clock
    return Process(number, clock.hz, clock.resolution, clock.verdict, samples.reference)


class Journal:
    """A gate's file while it is measured: each pair is on the disk before the next one begins."""

    def __init__(self, path: Path, head: Head) -> None:
        """Begin the file."""
        self.path = path
        append_line(path, {"head": encode(head)})

    def add(self, pair: Pair) -> None:
        """Append a pair."""
        append_line(self.path, {"pair": encode(pair)})
