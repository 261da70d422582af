"""Beside the field's own tool: `perf bench` and this suite time the same operations in turns, on the same CPU.

What must agree is what is the same. `perf bench syscall basic` calls getppid in a loop: null_call. `perf bench sched
pipe` sends four bytes to and fro between two processes on a C library: pipe_latency[size=4,library=1]. The raw round
trip stands beside it, because its distance is what the library costs and no error of either tool. Only means are
compared: `perf bench` divides its total by its count and gives nothing else. Ours is total over total as well.
"""

from __future__ import annotations

import random
import re
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.errors import InfrastructureError, ToolMissing
from ferrule.guests import create
from ferrule.machine.guest import Guest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.stats.per_op import nanoseconds
from ferrule.validate.ledger import Ledger

NULL: Final = RunKey("null_call")
RAW, LIBRARY = (RunKey("pipe_latency", (("size", 4), ("library", on))) for on in (0, 1))
SYSCALL: Final = ("syscall", "basic", "-l", "1000000")
PIPE: Final = ("sched", "pipe", "-l", "50000")
ROUNDS: Final = 80  # so many, because a clock that wanders by several percent moves the middle of fewer
_BUDGET: Final = Budget(1, 1, batches=300, warm=5, each=0, target_ns=300_000, limit_ns=2_000_000_000, name="agreement")
_USECS = re.compile(r"^\s*([0-9]+\.[0-9]+)\s+usecs/op\s*$", re.MULTILINE)


@dataclass
class Pair:
    """One operation as both tools time it: ns an operation, a value a round."""

    key: RunKey
    theirs: tuple[str, ...]
    bar: float | None  # by how much the ratio may differ from 1; None: told, not judged
    ours_ns: list[float] = field(default_factory=list)
    theirs_ns: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Both sides, for people and ledgers."""
        return f"{self.key} against perf bench {' '.join(self.theirs[:2])}"

    @property
    def minima(self) -> float:
        """Ours over theirs, the quickest rounds."""
        return min(self.ours_ns) / min(self.theirs_ns)

    @property
    def medians(self) -> float:
        """Ours over theirs, the middle rounds."""
        return statistics.median(self.ours_ns) / statistics.median(self.theirs_ns)

    @property
    def agrees(self) -> bool | None:
        """Whether both ratios are within the bar; None where there is none."""
        if self.bar is None:
            return None
        return max(abs(self.minima - 1.0), abs(self.medians - 1.0)) <= self.bar


def unavailable() -> str | None:
    """Why there is nothing to agree with here; None when there is."""
    return None if shutil.which("perf") else "perf is not here; sudo apt-get install -y linux-perf"


def wanted() -> list[Pair]:
    """What is to agree, and how closely; the last is told and not judged."""
    return [Pair(NULL, SYSCALL, 0.03), Pair(LIBRARY, PIPE, 0.05), Pair(RAW, PIPE, None)]


def agree(rounds: int = ROUNDS, seed: int = 1, progress: Progress | None = None) -> list[Pair]:
    """Both tools in drawn turns, `rounds` times each.

    Raises:
        ToolMissing: there is no perf.
        InfrastructureError: one of the two gave no number.
    """
    if reason := unavailable():
        raise ToolMissing(reason)
    pairs = wanted()
    guest = create("local", GuestOptions())
    draw = random.Random(seed)  # noqa: S311 - an order, not a secret
    try:
        for turn in range(rounds):
            theirs: dict[tuple[str, ...], float] = {}
            ours: dict[RunKey, float] = {}
            for what in draw.sample([None, SYSCALL, PIPE], 3):
                if what is None:
                    ours = _ours(guest, [pair.key for pair in pairs], draw.getrandbits(32), progress or Progress())
                else:
                    theirs[what] = _theirs(guest.cpus, what)
            for pair in pairs:
                pair.ours_ns.append(ours[pair.key])
                pair.theirs_ns.append(theirs[pair.theirs])
            if progress is not None:
                progress.note(f"agreement: round {turn + 1} of {rounds}")
    finally:
        guest.close()
    return pairs


def _ours(guest: Guest, keys: Sequence[RunKey], seed: int, progress: Progress) -> dict[RunKey, float]:
    """One process: ns an operation, its batches (all of one size) together."""
    payload = build_payload(guest.os, guest.arch)
    runs = Campaign([guest], {guest.name: keys}, lambda _: payload, _BUDGET, seed, progress).run()[guest.name].runs
    for key in keys:
        if runs[key].status != "ok":
            raise InfrastructureError(f"agreement: {key} on {guest.name}: {runs[key].status}: {runs[key].reason}")
    return {key: float(nanoseconds(runs[key].processes[0])[0].mean()) for key in keys}


def _theirs(cpus: Sequence[int], what: Sequence[str]) -> float:
    """`perf bench` on the CPU of the first end."""
    command = ["perf", "bench", *what]
    if cpus:
        command = ["taskset", "-c", str(cpus[0]), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = microseconds(done.stdout)
    if done.returncode != 0 or found is None:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        raise InfrastructureError(f"perf bench {' '.join(what)}: exit status {done.returncode}: {last[0]}")
    return found * 1e3


def microseconds(said: str) -> float | None:
    """The `usecs/op` line of `perf bench`; None without exactly one."""
    found = _USECS.findall(said)
    return float(found[0]) if len(found) == 1 else None


def collect(ledger: Ledger, rounds: int, seed: int, progress: Progress) -> None:
    """Keep what both tools said, round by round."""
    for pair in agree(rounds, seed, progress):
        ledger.add(pair.name, {"ours": pair.ours_ns, "theirs": pair.theirs_ns})


def stored(ledger: Ledger) -> list[Pair]:
    """The finished pairs of a ledger."""
    held = dict(ledger.items())
    pairs = [pair for pair in wanted() if pair.name in held]
    for pair in pairs:
        pair.ours_ns, pair.theirs_ns = held[pair.name]["ours"], held[pair.name]["theirs"]
    return pairs
