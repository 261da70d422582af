"""Real samples for the validation: full runs in which the same system stands in several arms, slowed by known amounts.

One full run is a series of rounds. In each round every arm is one process of the payload, all arms one after the other
in an order drawn anew, each process with all workloads in an order of its own: what a paired gate does with two builds,
done with one. Arms differ in nothing but how many operations more than reported they run (`more=` of the plan).

Every run is a file of its own, complete or not there: an interrupted validation goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferrule.assemble import Assembler
from ferrule.build import Payload, patch_plan
from ferrule.errors import GuestError, InfrastructureError
from ferrule.guests.base import Guest
from ferrule.plan import Plan, PlannedRun
from ferrule.progress import Progress
from ferrule.samples import GuestResult, RunKey
from ferrule.stats.per_op import overhead
from ferrule.watch import Watch

Floats = NDArray[np.float64]
Ticks = NDArray[np.int64]

ARMS: Final = (0, 0, 20, 50)  # per mille more: base, the same again, +2 %, +5 %
PROTOCOL: Final = Plan(batches=15, warm=2, target_ns=100_000, limit_ns=2_000_000_000)
_PILOT: Final = replace(PROTOCOL, batches=1, warm=0)
_FINE: Final = 50  # steps in which a batch must be countable, so that +2 % is a whole number of them


@dataclass(frozen=True)
class Run:
    """One full run. `ticks` is 0 where an execution gave nothing for a workload."""

    seed: int
    arms: tuple[int, ...]  # per mille more, of each
    workloads: tuple[str, ...]  # run keys as text
    ticks: Ticks  # (rounds, arms, workloads, batches), whole regions
    n: Ticks  # (workloads,), operations a batch, the same in all arms
    ran: Ticks  # (arms, workloads), operations really run
    hz: Floats  # (rounds, arms), ticks a second
    pair: Floats  # (rounds, arms), ticks of an empty region
    loop: Floats  # (rounds, arms), ticks of an empty turn
    order: Ticks  # (rounds, arms), place of each arm in its round
    load: Floats  # (rounds,), the host's load average over a minute
    began: float  # seconds since the epoch
    seconds: float
    conditions: Mapping[str, str]

    def per_operation(self) -> Floats:
        """Ticks an operation of every batch, (rounds, arms, workloads, batches); NaN where there is none."""
        net = (self.ticks - self.pair[..., None, None]) / self.n[:, None] - self.loop[..., None, None]
        return np.where(self.ticks > 0, net, np.nan)


@dataclass
class Bench:
    """A guest with a payload, ready to be measured over and over."""

    guest: Guest
    payload: Payload
    progress: Progress

    def run(
        self,
        sizes: Mapping[RunKey, int],
        seed: int,
        rounds: int,
        arms: Sequence[int] = ARMS,
        before: Callable[[int], None] = lambda _: None,
    ) -> Run:
        """One full run; `before` is called with the number of each round before it.

        Raises:
            GuestError: it spoilt more than one execution in twenty.
        """
        keys, draw = list(sizes), random.Random(seed)  # noqa: S311 - an order, not a secret
        shape = (rounds, len(arms))
        ticks = np.zeros((*shape, len(keys), PROTOCOL.batches), dtype=np.int64)
        ran = np.tile(np.array([sizes[key] for key in keys], dtype=np.int64), (len(arms), 1))
        hz, pair, loop = (np.full(shape, np.nan) for _ in range(3))
        order, load, failed = np.zeros(shape, dtype=np.int64), np.zeros(rounds), 0
        began, conditions = time.time(), dict[str, str]()
        for number in range(rounds):
            before(number)
            load[number] = os.getloadavg()[0]
            for place, arm in enumerate(draw.sample(range(len(arms)), len(arms))):
                order[number, arm] = place
                planned = tuple(PlannedRun(key, size, arms[arm]) for key, size in sizes.items())
                try:
                    result = self.execute(planned, seed, number * len(arms) + arm)
                except GuestError as error:  # one execution is missing in one round; the run goes on
                    self.progress.note(str(error))
                    failed += 1
                    if failed > rounds * len(arms) // 20:
                        raise
                    continue
                conditions = conditions or _told(result)
                for at, key in enumerate(keys):
                    run = result.runs.get(key)
                    if run is None or not run.processes or run.processes[0].ticks.size != PROTOCOL.batches:
                        continue
                    samples = run.processes[0]
                    taken = overhead(samples.reference, samples.clock.resolution)
                    ticks[number, arm, at] = samples.ticks
                    ran[arm, at] = samples.ran or samples.n
                    hz[number, arm], pair[number, arm], loop[number, arm] = samples.clock.hz, taken.pair, taken.loop
        return Run(
            *(seed, tuple(arms), tuple(map(str, keys)), ticks, ran[arms.index(0)], ran, hz, pair, loop, order, load),
            *(began, time.time() - began, conditions),
        )

    def execute(
        self, planned: tuple[PlannedRun, ...], seed: int, number: int, protocol: Plan = PROTOCOL
    ) -> GuestResult:
        """One process of the payload."""
        run, cpus = f"{seed & 0xFFFFFF:06x}", self.guest.cpus
        plan = replace(protocol, run=run, seed=seed, boot=number, runs=planned, pin=bool(cpus), cpus=cpus)
        assembler = Assembler(self.guest.name, self.guest.accel, number, plan, {})
        with self.guest.execute(patch_plan(self.payload.image, plan.render()), 1, number) as execution:
            Watch(self.guest, plan, assembler, self.progress).drain(execution)
        return assembler.result()

    def sizes(self, keys: Sequence[RunKey], seed: int) -> dict[RunKey, int]:
        """Batch sizes to freeze: calibrated, then rounded up until one fiftieth more is a whole number of steps.

        What this guest cannot do is left out.
        """
        found: dict[RunKey, int] = {}
        first = self.execute(tuple(map(PlannedRun, keys)), seed, 0, _PILOT)
        wanted = {key: run.processes[0].n for key in keys if (run := first.runs.get(key)) and run.processes}
        for multiple in (1, 2, 4, 8, 16):
            tried = {
                key: -(-n // (_FINE * multiple)) * _FINE * multiple for key, n in wanted.items() if key not in found
            }
            planned = tuple(PlannedRun(key, n, 20) for key, n in tried.items())
            result = self.execute(planned, seed, multiple, _PILOT)
            for key, n in tried.items():
                run = result.runs.get(key)
                if run and run.processes and run.processes[0].n == n and run.processes[0].ran == n * 1020 // 1000:
                    found[key] = n
        return {key: found[key] for key in keys if key in found}


def _told(result: GuestResult) -> dict[str, str]:
    held = result.conditions
    if held is None:
        raise InfrastructureError(f"{result.guest}: it never said under which conditions it runs")
    return {
        **{"os": held.os, "kernel": held.kernel, "cpu": held.cpu_model, "counter": held.counter},
        **{"cpus": ",".join(map(str, held.cpus)), "compiler": held.compiler, "payload": held.payload},
    }


# --- files


def save(run: Run, path: Path) -> None:
    """Write one run; the file appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: value for name, value in vars(run).items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in vars(run).items() if name not in arrays}
    arrays["ticks"] = run.ticks.astype(np.int32) if run.ticks.max(initial=0) < 1 << 31 else run.ticks
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, rest=np.array(json.dumps(rest)), **arrays)
    partial.replace(path)


def load(path: Path) -> Run:
    """Read one run.

    Raises:
        InfrastructureError: it is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            rest = json.loads(str(held["rest"]))
            arrays = {name: held[name] for name in held.files if name != "rest"}
        arrays["ticks"] = arrays["ticks"].astype(np.int64)
        return Run(**{**rest, "arms": tuple(rest["arms"]), "workloads": tuple(rest["workloads"])}, **arrays)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InfrastructureError(f"{path}: no run of a validation: {error}; remove it and measure again") from None


def stored(folder: Path) -> list[Run]:
    """All finished runs of a corpus, in the order they were taken."""
    return [load(path) for path in sorted(folder.glob("run-*.npz"))]


def collect(
    bench: Bench,
    folder: Path,
    keys: Sequence[RunKey],
    *,
    runs: int,
    rounds: int,
    seed: int,
    said: Callable[[str], None],
    measure: Callable[[Mapping[RunKey, int], int, int], Run] | None = None,
) -> None:
    """Measure until the corpus holds so many full runs; those that are there already count, and freeze the sizes.

    `measure` makes one run of given sizes, seed and rounds; by default one of all arms.
    """
    sizes: dict[RunKey, int] = {}
    for number in range(runs):
        path = folder / f"run-{number:04}.npz"
        if path.exists():
            sizes = sizes or _frozen(load(path), keys)
            continue
        sizes = sizes or bench.sizes(keys, seed)
        run = (measure or bench.run)(sizes, seed + number, rounds)
        save(run, path)
        said(f"run {number + 1} of {runs}: {run.seconds:.0f} s, load {run.load.mean():.1f}: {path.name}")


def _frozen(run: Run, keys: Sequence[RunKey]) -> dict[RunKey, int]:
    known = dict(zip(run.workloads, run.n.tolist(), strict=True))
    return {key: known[str(key)] for key in keys if str(key) in known}
