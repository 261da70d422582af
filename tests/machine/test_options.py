"""The user's options for machines, checked against what the machines have."""

from __future__ import annotations

import pytest
from ferrule.errors import UsageError
from ferrule.machine.options import GuestOptions


@pytest.mark.parametrize(
    ("asked", "has", "homes"),
    [(None, (1, 0), (1, 0)), ((), (1, 0), ()), ((0,), (1, 0), (0,)), ((0, 1), (1, 0), (0, 1)), ((), (), ())],
)
def test_ends_are_pinned_to_what_was_asked_for(
    asked: tuple[int, ...] | None, has: tuple[int, ...], homes: tuple[int, ...]
) -> None:
    assert GuestOptions(cpus=asked).homes("linux", has) == homes


@pytest.mark.parametrize(
    ("asked", "has", "words"),
    [
        ((2,), (1, 0), "--cpu 2: the linux guest pins to CPUs 1,0 only"),
        ((0, 1), (0,), "--cpu 0,1: the linux guest pins to CPU 0 only"),
        ((0,), (), "--cpu 0: the linux guest pins to no CPU"),
    ],
)
def test_a_cpu_that_a_machine_has_not_is_refused(asked: tuple[int, ...], has: tuple[int, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        GuestOptions(cpus=asked).homes("linux", has)
