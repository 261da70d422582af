"""How often a process visits a workload, and one layout for both arms of a pair."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from ferrule.gate.paired import visits
from ferrule.payload import layout
from ferrule.payload.key import RunKey
from ferrule.stats import allocation
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make

STEADY, WILD = 0.001, 0.2


def pilot(scatter: float, seed: int = 1) -> np.ndarray:
    return 100.0 * np.exp(np.random.default_rng(seed).normal(0, scatter, (6, 4)))


def test_what_scatters_is_visited_more_often() -> None:
    assert allocation.visits(pilot(STEADY), 0.001) == allocation.VISITS
    assert allocation.visits(pilot(WILD), 0.001) == allocation.MOST_VISITS
    between = [allocation.visits(pilot(0.012, seed), 0.001) for seed in range(40)]
    assert 4 < np.median(between) <= 8, "1.57 (1.2 / 0.7)^2 = 4.6"


def test_what_is_slow_is_visited_as_often_as_it_can_be_paid_for() -> None:
    assert allocation.visits(pilot(WILD), allocation.VISIT_SECONDS / 5) == 5
    assert allocation.visits(pilot(STEADY), 3.0) == 1


def test_processes_that_differ_do_not_ask_for_visits() -> None:
    levels = np.exp(np.random.default_rng(2).normal(0, 0.3, (6, 1)))
    assert allocation.visits(pilot(STEADY) * levels, 0.001) == allocation.VISITS


@given(st.lists(st.integers(1, 16), min_size=1, max_size=visits.ROOM))
def test_visits_fit_into_a_plan(often: list[int]) -> None:
    asked = {RunKey(f"w{at}"): count for at, count in enumerate(often)}
    found = visits.fitting(asked)
    assert sum(found.values()) <= visits.ROOM
    assert all(1 <= found[key] <= asked[key] for key in asked)
    if sum(often) <= visits.ROOM:
        assert found == asked
    assert sum(visits.fitting(asked, 20).values()) <= max(visits.ROOM - 20, len(often))


def test_a_pilot_with_missing_visits_is_not_used() -> None:
    every = [make.process([1.0, 1.1, 1.0, 1.2], number=number) for number in range(3) for _ in range(4)]
    found = visits.whole(every, 4)
    assert [[one.process for one in of] for of in found] == [[number] * 4 for number in range(3)]
    assert visits.enough(found) >= allocation.VISITS
    for torn in (every[1:], every[:4], []):
        assert visits.whole(torn, 4) == []
    assert visits.whole(every, 1) == []


def _maps(seed: int) -> str:
    with layout.drawn(seed) as environment:
        done = subprocess.run(["/bin/cat", "/proc/self/maps"], env=environment, capture_output=True, check=True)
    return "\n".join(line.split()[0] for line in done.stdout.decode().splitlines() if "/cat" not in line)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc/self/maps here")
def test_equal_draws_give_equal_layouts_and_others_others() -> None:
    before = Path("/proc/self/personality").read_text() if Path("/proc/self/personality").exists() else ""
    first = _maps(1)
    if first != _maps(1):
        pytest.skip("this host does not allow its randomisation to be turned off")
    assert len({_maps(seed) for seed in range(2, 6)}) > 1
    after = Path("/proc/self/personality").read_text() if before else ""
    assert before == after, "what was changed for the child is put back"
