"""The ledger: a campaign stores each finished process in it at once, so that an interruption loses no samples."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferrule.records.samples import GuestResult


@dataclass(frozen=True)
class Executed:
    """Facts about a finished execution, without its samples."""

    number: int  # among this guest's executions, from 0
    seconds: float  # its duration
    heard: tuple[float, float] | None  # when the first and the last record came
    runs: int  # planned, over all processes
    error: str | None  # what ended it early
    damage: dict[str, int] = field(default_factory=dict)


class Ledger:
    """The interface; it stores nothing. Its implementation is report/unfinished.py."""

    def process(self, guest: str, boot: int, samples: GuestResult) -> None:
        """Store the runs of round `boot` that a process finished, or the run that ended it.

        Raises:
            InfrastructureError: it cannot be stored.
        """

    def execution(self, guest: str, boot: int, done: Executed) -> None:
        """Store an execution of round `boot` that has ended.

        Raises:
            InfrastructureError: it cannot be stored.
        """
