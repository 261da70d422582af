"""A boot with the instrument compared with boots without it: which counts are accepted, and the error otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from ferrule.anatomy.compared import BOOTS, Compared
from ferrule.errors import InfrastructureError
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult, RunResult

from tests.support import synthetic as make

HUNG = RunResult(RunKey("null_call"), "hung", "no record for 18 s")


def counted(cost: float) -> RunResult:
    """Two instructions a nanosecond."""
    return make.run("null_call", [cost], make.CALL)


def compared(boots: Sequence[RunResult | None], made: list[int]) -> Compared:
    """Boots without the instrument with these results; `made` counts the boots after the first."""
    results = [make.guest([run] if run else []) for run in boots]

    def again() -> GuestResult:
        made.append(1)
        return results[len(made)]

    return Compared("starry", results[0], again)


@pytest.mark.parametrize(
    ("boots", "says", "more"),
    [
        ([counted(40.0)], "17 batches of a boot without the instrument counted the same", 0),
        ([counted(41.0), counted(40.0)], "a boot without the instrument counted the same", 1),
        ([HUNG, counted(40.0)], "a boot without the instrument counted the same", 1),
        ([None, counted(40.0)], "a boot without the instrument counted the same", 1),
        ([counted(41.0), HUNG, counted(42.0)], "batches differ from boot to boot, .* counts 80 with it, 82 and 84", 2),
    ],
)
def test_a_count_is_believed(boots: Sequence[RunResult | None], says: str, more: int) -> None:
    made: list[int] = []
    note = compared(boots, made).check(counted(40.0))
    assert re.search(says, note), note
    assert len(made) == more


@pytest.mark.parametrize(
    ("boots", "says"),
    [
        ([counted(41.0)] * BOOTS, "null_call: counts 80 with the instrument and 82 in each of 5 boots without"),
        ([HUNG, *[counted(41.0)] * 4], "counts 80 with the instrument and 82 in each of 4 boots without"),
        ([HUNG] * BOOTS, "no boot without the instrument counted it, the last one: hung: no record for 18 s"),
        ([None] * BOOTS, "no boot without the instrument counted it, the last one: never begun"),
    ],
)
def test_a_count_is_not_believed(boots: Sequence[RunResult | None], says: str) -> None:
    with pytest.raises(InfrastructureError, match=says):
        compared(boots, []).check(counted(40.0))
