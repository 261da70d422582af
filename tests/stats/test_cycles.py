"""Core cycles: independent of the core's clock, right where the true value is known, absent where they are unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ferrule import guests
from ferrule.campaign.progress import Progress
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.payload.plan import PlannedRun
from ferrule.records.samples import Pace, ProcessSamples
from ferrule.report.asides import CYCLES
from ferrule.report.columns import columns
from ferrule.report.layout import lay_out
from ferrule.stats.cycles import core_cycles, multiplication, per_process
from ferrule.stats.interval import Interval
from ferrule.stats.per_op import nanoseconds, overhead
from ferrule.stats.summary import summarise
from ferrule.validate.bench import Bench
from hypothesis import given
from hypothesis import strategies as st

from tests.support import synthetic as make
from tests.support.assembling import NULL, assemble, stream

CLOCKS = st.floats(0.5, 6.0)  # GHz
COSTS = st.floats(10.0, 1e6)  # cycles


def at(cycles: float, ghz: float, number: int = 0) -> ProcessSamples:
    """A process whose operations take `cycles` on a core with a clock of `ghz`."""
    return make.process([cycles / ghz] * 30, number=number, core_ghz=ghz)


def in_cycles(processes: list[ProcessSamples]) -> Interval | None:
    """Core cycles as a summary has them."""
    return core_cycles(processes, [nanoseconds(one) for one in processes])


@given(COSTS, st.lists(CLOCKS, min_size=6, max_size=20))
def test_the_clock_changes_no_count(cycles: float, clocks: list[float]) -> None:
    found = in_cycles([at(cycles, ghz, number) for number, ghz in enumerate(clocks)])
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.estimate == pytest.approx(cycles, rel=2e-3, abs=0.01)
    assert found.low == pytest.approx(cycles, rel=2e-3, abs=0.02)
    assert found.high == pytest.approx(cycles, rel=2e-3, abs=0.02)


@given(COSTS, CLOCKS, CLOCKS)
def test_a_clock_that_changes_within_a_process_changes_no_count(cycles: float, first: float, then: float) -> None:
    """Twenty batches at one speed and ten at another, each with its own pace beside it."""
    one, other = at(cycles, first), at(cycles, then)
    assert one.pace is not None
    assert other.pace is not None
    pace = replace(one.pace, ticks=np.concatenate((one.pace.ticks[:20], other.pace.ticks[20:])))
    mixed = replace(one, ticks=np.concatenate((one.ticks[:20], other.ticks[20:])), pace=pace)
    assert per_process(mixed, 3)[0] == pytest.approx(cycles, rel=2e-3, abs=0.01)


@given(COSTS, st.lists(st.floats(1.0, 50.0), max_size=20))
def test_disturbed_batches_change_no_count_while_a_third_is_not(cycles: float, factors: list[float]) -> None:
    costs = [cycles * factor for factor in factors] + [cycles] * (30 - len(factors))
    assert per_process(make.process(costs, core_ghz=1.0), 3)[0] == pytest.approx(cycles, rel=2e-3, abs=0.01)


def test_most_processes_decide_how_long_a_multiplication_takes() -> None:
    def with_latencies(*latencies: int | None) -> list[ProcessSamples]:
        ticks = np.full(31, 20_000, dtype=np.int64)
        return [replace(at(100.0, 3.0), pace=Pace(10_000, ticks, latency)) for latency in latencies]

    def most(*latencies: int | None) -> int | None:
        return multiplication(one.pace for one in with_latencies(*latencies))

    assert most(3, None, 3, 4) == 3
    assert most(None, None, 5) == 5
    assert most(None, None) is None
    assert in_cycles(with_latencies(None, None)) is None
    assert multiplication([None]) is None


def test_one_process_without_a_pace_gives_no_cycles() -> None:
    processes = [at(100.0, 3.0, number) for number in range(9)]
    assert in_cycles(processes) is not None
    assert in_cycles([*processes, make.process([33.3] * 30)]) is None
    with pytest.raises(ValueError, match="process 7 of boot 2 has no pace records"):
        per_process(make.process([33.3] * 30, boot=2, number=7), 3)


def test_a_stream_has_the_pace_and_the_length_of_a_multiplication() -> None:
    (first,) = assemble(stream()).result().runs[NULL].processes
    assert first.pace is not None
    assert (first.pace.n, first.pace.multiplication) == (10_000, 3)
    assert first.pace.ticks.tolist() == [20001, 20002, 20003, 20004, 20005]


def test_what_waits_or_is_not_timed_has_no_cycles() -> None:
    run = make.run("null_call", [100.0] * 7, make.CALL, core_ghz=3.0)
    found = summarise(run, make.conditions())
    assert found.cycles is not None
    assert found.cycles.estimate == pytest.approx(300.0, rel=1e-3)
    assert summarise(replace(run, meaning=replace(make.CALL, waits=True)), make.conditions()).cycles is None
    for accel, unit in (("tcg", "ns"), ("icount", "instructions")):
        assert summarise(run, make.conditions(accel=accel, unit=unit)).cycles is None


def test_the_table_holds_what_has_cycles_and_nothing_else() -> None:
    (table,) = [one for one in lay_out(columns(make.results(), make.DECLARED)).sections if one.title == CYCLES]
    assert table.headers == ("workload", "per", "place", "local")  # the other guest counts instructions
    assert [row[0] for row in table.rows] == ["null_call", "pipe_latency"]
    assert table.rows[0][-1] == "305.1 cycles [304.4, 305.8]"


@pytest.mark.clock
def test_this_cores_cycles_are_cycles() -> None:
    """Two known values: a turn of the empty loop takes one cycle on cores that predict it, two at most; and each
    multiplication added to a batch adds the cycles of one multiplication."""
    guest, key, spin, n = guests.create("local", GuestOptions()), RunKey("null_call"), 50_000, 500
    bench = Bench(guest, build_payload(guest.os, guest.arch), Progress())
    found: dict[int, list[ProcessSamples]] = {0: [], spin: []}
    for number in range(12):
        for more in found:
            result = bench.execute((PlannedRun(key, n, 0, more),), number, number)
            found[more] += result.runs[key].processes
    latency = multiplication(one.pace for one in [*found[0], *found[spin]])
    assert latency is not None
    plain, spun = (min(per_process(one, latency)[0] for one in found[more]) for more in (0, spin))
    assert spun - plain == pytest.approx(spin * latency / n, rel=0.1)
    for one in found[0]:
        assert one.pace is not None
        turn = overhead(one.reference).loop * one.pace.n * latency / float(np.median(one.pace.ticks))
        assert 0.8 < turn < 2.5
