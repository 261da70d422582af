"""Where a campaign writes down what is finished, as it finishes: so that its end, however it comes, costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferrule.records.samples import GuestResult


@dataclass(frozen=True)
class Executed:
    """An execution that is over, beside the samples that it gave."""

    number: int  # of this guest's, from 0
    seconds: float  # in all
    heard: tuple[float, float] | None  # when the first and the last record came
    runs: int  # that it was to hold, over all processes
    error: str | None  # what ended it
    damage: dict[str, int] = field(default_factory=dict)


class Ledger:
    """Keeps nothing; the report room has the one that does."""

    def process(self, guest: str, boot: int, samples: GuestResult) -> None:
        """Runs of a round `boot` that a process finished, or that ended it.

        Raises:
            InfrastructureError: it cannot be stored.
        """

    def execution(self, guest: str, boot: int, done: Executed) -> None:
        """An execution of a round has ended.

        Raises:
            InfrastructureError: it cannot be stored.
        """
