"""The same boot without the instrument: whether an operation takes the same number of instructions there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ferrule.errors import InfrastructureError
from ferrule.records.samples import GuestResult, RunResult
from ferrule.stats.per_op import instructions

BOOTS: Final = 5  # without the instrument, at most: until one counts the same, or two of them differ


class Compared:
    """Boots of one guest without the instrument: one, and more of them if its counts differ."""

    def __init__(self, name: str, first: GuestResult, again: Callable[[], GuestResult]) -> None:
        self.name, self._boots, self._again = name, [first], again

    def check(self, run: RunResult) -> str:
        """A note on a run's counts with and without the instrument.

        Raises:
            InfrastructureError: they differ, but boots without it agree; or no boot without it counted the run.
        """
        mine, count = _ticks(run), instructions(run.processes[0])[0]
        others: list[RunResult] = []
        ended = ""
        for number in range(BOOTS):
            other = self._boot(number).runs.get(run.key)
            if other is None or not other.processes:
                ended = f"{other.status}: {other.reason}".rstrip(": ") if other else "never begun"
                continue
            theirs, without = _ticks(other), instructions(other.processes[0])[0]
            if mine == theirs:
                return f"{len(mine)} batches of a boot without the instrument counted the same"
            if count == without:
                differ = sum(one != two for one, two in zip(mine, theirs, strict=False))
                return f"a boot without the instrument counts {count:g} too; {differ} of {len(mine)} batches differ"
            if others and _ticks(others[0]) != theirs:
                return (
                    f"batches differ from boot to boot, with the instrument or without: an operation counts {count:g}"
                    f" with it, {instructions(others[0].processes[0])[0]:g} and {without:g} without"
                )
            others.append(other)
        if not others:
            raise InfrastructureError(
                f"{self.name}: {run.key}: no boot without the instrument counted it, the last one: {ended}"
            )
        without = instructions(others[0].processes[0])[0]
        raise InfrastructureError(
            f"{self.name}: {run.key}: counts {count:.12g} with the instrument"
            f" and {without:.12g} in each of {len(others)} boots without: not believed"
        )

    def _boot(self, number: int) -> GuestResult:
        if number == len(self._boots):
            self._boots.append(self._again())
        return self._boots[number]


def _ticks(run: RunResult) -> list[int]:
    return [int(one) for one in (*run.processes[0].warm_ticks, *run.processes[0].ticks)]
