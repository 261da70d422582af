"""Which CPUs the user may name: those that exist, are online, and that the kernel allows."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.machine import affinity
from ferrule.machine.processors import Processors

from tests.support.hosts import CPU, host_of, look


def found(folder: Path) -> Processors:
    """Four CPUs: the last is isolated, the third is offline."""
    return Processors(look(host_of(folder, [[0], [1], [2], [3]], online="0-1,3", allowed="0-1", files=ISOLATED)))


ISOLATED = {f"{CPU}/isolated": "3"}


def test_an_isolated_cpu_is_taken(tmp_path: Path) -> None:
    assert affinity.check((3, 1), found(tmp_path), lambda _: 0) == (3, 1)
    assert affinity.check((3,), found(tmp_path), affinity.within({0, 1, 3})) == (3,)


@pytest.mark.parametrize(
    ("cpu", "words"),
    [
        (4, "--cpu 4: the host has no such CPU; it has 0-3"),
        (99999999999999999999, "the host has no such CPU"),
        (-1, "--cpu -1: the host has no such CPU"),
        (2, "--cpu 2: is offline; write 1 to /sys/devices/system/cpu/cpu2/online, or name one of 0-1,3"),
        (3, "--cpu 3: is outside of the cpuset of this program, which may use 0-1"),
    ],
)
def test_others_are_refused_by_name(cpu: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words.replace("/", "/")) as caught:
        affinity.check((1, cpu), found(tmp_path), affinity.within({0, 1}))
    assert len(str(caught.value).splitlines()) == 1


def test_a_kernel_that_refuses_every_pinning_is_left_to_the_payload(tmp_path: Path) -> None:
    assert affinity.check((3,), found(tmp_path), lambda _: errno.EPERM) == (3,)


def test_cpus_of_an_unknown_host_are_accepted() -> None:
    assert affinity.check((7,), Processors({}), affinity.within(())) == (7,)
    with pytest.raises(UsageError, match="give numbers from 0"):
        affinity.check((-1,), Processors({}), affinity.within(()))


def test_this_kernel_is_asked_by_a_thread_of_its_own() -> None:
    before = os.sched_getaffinity(0)
    assert [affinity.here(cpu) for cpu in before] == [0] * len(before)
    assert os.sched_getaffinity(0) == before
    assert affinity.here(100_000) == affinity.here(1 << 70) == errno.EINVAL
