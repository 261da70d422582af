"""The three budgets, by name: how much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """How much is measured. More processes narrow an interval more than more batches do: docs/numbers.md."""

    boots: int  # rounds; guests that cannot be rebooted run that many groups of processes in their one boot
    processes: int  # a boot
    batches: int
    warm: int
    each: int  # operations timed one by one a process, for the tails
    target_ns: int  # a batch
    limit_ns: int  # a run in one process
    name: str = "full"
    control_batches: int = 0  # of the controls, which only check the measurement; 0: as many as `batches`


FULL = Budget(
    boots=3, processes=7, batches=30, warm=3, each=2000, target_ns=100_000, limit_ns=2_000_000_000, control_batches=10
)
QUICK = Budget(1, 7, 15, 2, 200, 100_000, 150_000_000, name="quick", control_batches=6)
VERIFY = Budget(1, 1, 1, 0, 0, 100_000, 1_000_000_000, name="verify only")
