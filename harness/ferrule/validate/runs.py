"""One full run of the validation, and its file."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferrule.errors import InfrastructureError
from ferrule.stats.per_op import Overhead, per_operation
from ferrule.text import one_line

_PACKED: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, MemoryError, OverflowError)
Floats = NDArray[np.float64]
Ticks = NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """One full run. `ticks` is 0 where an execution has no samples of a workload."""

    seed: int
    arms: tuple[int, ...]  # the injected slowdown of each, per mille
    workloads: tuple[str, ...]  # run keys as text
    ticks: Ticks  # (rounds, arms, workloads, processes, visits, batches), whole regions; padded by 0
    pace: Ticks  # the same shape, ticks of the pace loop at each batch
    processes: Ticks  # (workloads,), of an arm in each round
    visits: Ticks  # (workloads,), in each process
    n: Ticks  # (workloads,), operations a batch, the same in all arms
    ran: Ticks  # (arms, workloads), operations really run
    spin: Ticks  # (arms, workloads), injected multiplications
    hz: Floats  # (rounds, arms, processes), ticks a second; NaN where there was no process
    pair: Floats  # (rounds, arms, processes), ticks of an empty region
    loop: Floats  # (rounds, arms, processes), ticks of an empty iteration
    order: Ticks  # (rounds, arms), position of each arm in its round
    load: Floats  # (rounds,), the host's load average over a minute
    began: float  # seconds since the epoch
    seconds: float
    multiplications: int  # of the pace loop
    others: float | None  # mean number of CPUs busy with other work; None where the host does not report it
    conditions: Mapping[str, str]

    def costs(self, at: int) -> Floats:
        """Ticks an operation of one workload, (rounds, arms, processes, visits, batches); NaN where there is none.

        As in a gate, counter pair and empty loop are subtracted, with the same values for all processes.
        """
        ticks = self._of(self.ticks, at)
        taken = Overhead(float(np.nanmedian(self.pair)), 0.0, float(np.nanmedian(self.loop)), 0.0)
        return np.where(ticks > 0, per_operation(ticks, int(self.n[at]), taken), np.nan)

    def paces(self, at: int) -> Floats:
        """Ticks of the pace loop at each batch of one workload, (rounds, arms, processes, visits, batches)."""
        return self._of(self.pace, at).astype(np.float64)

    def _of(self, every: Ticks, at: int) -> Ticks:
        return every[:, :, at, : self.processes[at], : self.visits[at]]


def save(run: Run, path: Path) -> None:
    """Write one run; the file appears when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: value for name, value in vars(run).items() if isinstance(value, np.ndarray)}
    rest = {name: value for name, value in vars(run).items() if name not in arrays}
    for name in ("ticks", "pace"):
        if name in arrays and arrays[name].max(initial=0) < 1 << 31:
            arrays[name] = arrays[name].astype(np.int32)
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(file, rest=np.array(json.dumps(rest)), **arrays)
    partial.replace(path)


def load(path: Path) -> Run:
    """Read one run.

    Raises:
        InfrastructureError: the file was not written by save.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            rest = json.loads(str(found["rest"]))
            arrays = {name: found[name] for name in found.files if name != "rest"}
        arrays |= {name: arrays[name].astype(np.int64) for name in ("ticks", "pace") if name in arrays}
        return Run(**{**rest, "arms": tuple(rest["arms"]), "workloads": tuple(rest["workloads"])}, **arrays)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, *_PACKED) as error:
        raise InfrastructureError(
            f"{path}: no run of a validation: {one_line(str(error))[:200]}; remove it and measure again"
        ) from None


def stored(folder: Path) -> list[Run]:
    """All finished runs of a corpus, in the order in which they were measured."""
    return [load(path) for path in sorted(folder.glob("run-*.npz"))]
