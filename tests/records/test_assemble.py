"""Records to samples: intact records are kept exactly, damage is named, and no record of a guest raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from ferrule.payload.key import RunKey
from ferrule.records.assemble import Assembler
from ferrule.records.samples import Accel, Start
from ferrule.records.stream import Damage, Record, Restart
from ferrule.stats.summary import summarise
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.assembling import FORK, KEYS, NULL, PIPE, PLAN, TICKS, assemble, stream, with_losses


def test_a_whole_stream_gives_every_sample_and_condition() -> None:
    made = assemble([*stream(0), *stream(1)])
    assert made.complete
    assert made.damaged == set()
    result = made.result()
    assert list(result.runs) == list(KEYS)
    null, pipe, fork = result.runs.values()
    assert [samples.process for samples in null.processes] == [0, 1]
    first = null.processes[0]
    assert (first.boot, first.position, first.n) == (3, 2, 100)
    assert first.ticks.tolist() == TICKS[NULL]
    assert first.warm_ticks.tolist() == [99_999]
    assert first.cpus.tolist() == [[0]] * 4
    assert pipe.processes[0].cpus.tolist() == [[0, 1]] * 4
    assert pipe.meaning is not None
    assert (pipe.meaning.per, pipe.meaning.bytes, pipe.meaning.switches, pipe.meaning.ends) == ("round_trip", 128, 2, 2)
    assert (pipe.place, pipe.params) == ("cross_core", (("size", 64),))
    assert first.histogram is not None
    assert first.histogram.buckets == {90: 7, 91: 2, 300: 1}
    assert (first.voluntary, first.involuntary) == (9, 1)
    assert (fork.status, fork.reason) == ("unsupported", "os_process_start: errno 38")
    clock = first.clock
    assert (clock.hz, clock.verdict, clock.resolution) == (2e9, "ok", 2)
    assert clock.drift_ppm == pytest.approx(0.0)
    assert clock.host_ratio == pytest.approx(1.0, rel=0.5)
    conditions = result.conditions
    assert conditions is not None
    assert (conditions.kernel, conditions.cpu_model, conditions.cpus) == ("6.1.0", "Example CPU", (0, 1))
    assert conditions.facts["host.load"] == "0.1"
    assert conditions.unit == "ns"
    assert summarise(null, conditions).estimate == pytest.approx((10001.5 - 50) / 100 / 2 - 0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("accel", "times", "found"),
    [
        ("icount", {"at": "33118412", "kernel": "15811141"}, [Start(15811141, 33118412)]),
        ("icount", {"at": "33118412"}, [Start(None, 33118412)]),
        ("icount", {}, []),
        ("kvm", {"at": "33118412"}, []),
        ("icount", {"at": "soon"}, []),
    ],
)
def test_a_boots_length_is_what_its_first_process_says(accel: Accel, times: dict[str, str], found: list[Start]) -> None:
    made = Assembler("floor", accel, 0, PLAN, {})
    for record in [*stream(0), *stream(1)]:
        more = times if record.kind == "hello" and record.process == 0 else {}
        made.feed(replace(record, fields={**record.fields, **more}), 0.0)
    assert made.start == found


def test_it_knows_what_is_in_flight() -> None:
    made = Assembler("local", "metal", 0, PLAN, {})
    seen = []
    for record in stream():
        made.feed(record, 0.0)
        seen.append(made.current)
    assert [key for i, key in enumerate(seen) if key != seen[i - 1]] == [NULL, None, PIPE, None, FORK, None]
    assert made.finished(0)
    assert not made.finished(1)
    assert not made.complete


def test_icount_needs_no_rate() -> None:
    def silent(record: Record) -> Record:
        return replace(record, fields={**record.fields, "hz": "0"}) if record.kind == "clock" else record

    events = [silent(record) for record in stream()]
    assert assemble(events).result().runs[NULL].status == "failed"
    counted = assemble(events, accel="icount").result()
    assert counted.runs[NULL].status == "ok"
    assert counted.conditions is not None
    assert counted.conditions.unit == "instructions"


def owner(records: Sequence[Record], seq: int) -> set[RunKey]:
    """The runs that a lost record costs: the one whose bracket it is in, or all until the first has begun."""
    record = records[seq]
    if record.seq <= next(one.seq for one in records if one.kind == "begin"):
        return set(KEYS)  # its kind is not known: it may be the kernel's name
    return {KEYS[int(record.fields["i"])]} if "i" in record.fields else set()


@settings(max_examples=150, deadline=None)
@given(st.sets(st.integers(0, len(stream()) - 1), max_size=4))
def test_a_loss_costs_only_the_runs_it_touched(lost: set[int]) -> None:
    whole = assemble([*stream(0), *stream(1)]).result()
    records = stream(0)
    made = assemble([*with_losses(records, lost), *stream(1)])
    touched = set().union(*(owner(records, seq) for seq in lost)) if lost else set()
    if made.finished(0):
        assert made.damaged == touched
    for key, run in made.result().runs.items():
        kept = [samples for samples in run.processes if samples.process == 0]
        if key in touched:
            assert not kept
        elif run.status == "ok" and lost.isdisjoint({len(records) - 1}):
            assert kept
            assert np.array_equal(kept[0].ticks, whole.runs[key].processes[0].ticks)
        assert any(samples.process == 1 for samples in run.processes) or run.status == "unsupported"


def test_a_lost_last_record_does_not_make_a_process_unfinished() -> None:
    assert assemble(stream()[:-1]).finished(0)
    assert not assemble(stream()[:-4]).finished(0)


junk = st.one_of(
    st.text(max_size=8),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(
        ["", "-1", "0", "1", "9" * 19, "9" * 500, "1,2", "1,,2", ":", "1:2", "ok", "call", "free", "\x1b[2J"]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 10), junk), min_size=1, max_size=6))
def test_nothing_a_guest_says_raises_or_becomes_an_absurd_number(changes: list[tuple[int, int, str]]) -> None:
    records = stream()
    for at, which, value in changes:
        record = records[at % len(records)]
        fields = dict(record.fields)
        if fields:
            fields[sorted(fields)[which % len(fields)]] = value
        records[at % len(records)] = replace(record, fields=fields)
    made = assemble(records)
    result = made.result()
    assert made.damaged <= set(KEYS)
    for run in result.runs.values():
        for samples in run.processes:
            assert samples.ticks.size <= PLAN.batches
            assert (samples.ticks > 0).all()
            assert samples.n > 0
            assert samples.histogram is None or samples.histogram.count <= PLAN.each
        if run.status == "ok" and result.conditions is not None:
            assert np.isfinite(summarise(run, result.conditions).estimate)
        assert run.reason.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(stream()), max_size=40))
def test_records_in_any_order_and_number_do_not_raise(records: list[Record]) -> None:
    made = assemble(records)
    made.result()
    assert made.damaged <= set(KEYS)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("batch", {"t": "0,5"}, "is not a number from 1"),
        ("batch", {"b": "7"}, "batch 7 where batch 0 is due"),
        ("batch", {"t": "1,2,3"}, "more batches than asked for"),
        ("end", {"batches": "6"}, "5 of 6 batches arrived"),
        ("end", {"hist": "9"}, "10 of 9 operations timed one by one arrived"),
        ("end", {"status": "great"}, "status='great'"),
        ("pace", {"t": "1,2"}, "pace 3 where pace 2 is due"),
        ("pace", {"n": "9"}, "after n="),
        ("hist", {"b": "4000:1"}, "is not a number from 0"),
        ("ready", {"n": "0"}, "is not a number from 1"),
        ("begin", {"workload": "other"}, "began where the plan has null_call"),
    ],
)
def test_what_is_implausible_damages_its_run(kind: str, change: dict[str, str], message: str) -> None:
    records = stream()
    at = next(i for i, record in enumerate(records) if record.kind == kind and record.fields["i"] == "0")
    records[at] = replace(records[at], fields={**records[at].fields, **change})
    made = assemble(records)
    assert made.damaged == {NULL}
    assert any(message in note for note in made.notes), made.notes
    assert set(made.result().runs) == {PIPE, FORK}


def test_foreign_streams_and_restarts_leave_nothing_behind() -> None:
    foreign = [replace(record, run="zz") for record in stream()]
    too_many = [replace(record, process=7) for record in stream()]
    assert assemble([*foreign, *too_many]).result().runs == {}
    restarted = assemble([*stream()[:12], Restart("a1", 0, "record 0 came again"), *stream()])
    assert restarted.result().runs[NULL].processes[0].ticks.tolist() == TICKS[NULL]
    assert restarted.damaged == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [("proto", "2"), ("os", "redox"), ("arch", "riscv64"), ("build", "abce"), ("plan", "00000000"), ("process", "1")],
)
def test_records_of_another_program_are_ignored(field: str, value: str) -> None:
    for fields in ({field: value}, {field: ""}):
        records = stream()
        records[0] = replace(records[0], fields={**records[0].fields, **fields})
        made = assemble(records)
        assert made.refused is not None
        assert f"its hello says {field}=" in made.refused
        assert made.result().runs == {}
        assert made.conditions is None
        assert made.steps == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("load1", "nan"),
        ("load1", "inf"),
        ("load1", "9" * 400),
        ("load1", "-1"),
        ("load1", "1e5"),
        ("cpus", "0"),
        ("pin.error", "nan"),
        ("pin.error", "0"),
        ("cpus", "9" * 400),
        ("cpus", "many"),
        ("cpus", "1_000"),
        ("cpus", "\u0663"),
        ("../x", "1"),
        ("x" * 65, "1"),
    ],
)
def test_an_invalid_fact_is_left_out_and_reported(name: str, value: str) -> None:
    records = stream()
    facts = [("load1", "0.50"), ("cpus", "2"), (name, value)]
    sent = [Record(PLAN.run, 0, 0, "fact", {"name": one, "value": text}) for one, text in facts]
    made = assemble([records[0], *sent, *records[1:]])
    assert any(note.startswith("process 0: fact: ") for note in made.notes)
    result = made.result()
    assert result.conditions is not None
    assert result.conditions.facts.get(name) != value
    seen = result.runs[NULL].processes[0].surroundings
    assert seen is not None
    assert seen.load == 0.25


def test_damage_is_counted_by_kind() -> None:
    made = assemble([Damage("corrupt", None, None, "x"), *with_losses(stream(), {9}), Damage("duplicate", "a1", 0, "")])
    assert made.result().damage == {"corrupt": 1, "loss": 1, "duplicate": 1}


def test_only_records_that_advance_the_plan_are_progress() -> None:
    made = assemble([*stream()[:9], *stream()[9:12]])
    steps = made.steps
    drip = [
        Record(PLAN.run, 0, 0, "log", {"text": "still here"}),
        Record("zz", 0, 0, "fact", {"name": "a", "value": "b"}),
        Record(PLAN.run, 9, 0, "fact", {"name": "a", "value": "b"}),
        Record(PLAN.run, 0, 0, "batch", {"i": "2", "b": "0", "warm": "0", "t": "5"}),
        replace(stream()[0], seq=99),
    ]
    for record in drip:
        made.feed(record, 0.0)
    assert made.steps == steps


def test_a_run_that_begins_twice_is_of_no_use() -> None:
    records = stream()
    at = next(i for i, record in enumerate(records) if record.kind == "begin")
    made = assemble([*records[:at], records[at], *records[at:]])
    assert NULL in made.damaged
    assert NULL not in made.result().runs


def test_verified_only_is_ok_without_samples() -> None:
    plan = replace(PLAN, verify_only=True)
    kept = [record for record in stream() if record.kind not in ("batch", "pace", "hist")]
    bare = {"batches": "0", "hist": "0"}
    events = [replace(one, fields={**one.fields, **bare}) if one.kind == "end" else one for one in kept]
    run = assemble(events, plan).result().runs[NULL]
    assert (run.status, run.processes[0].ticks.size) == ("ok", 0)
    assert NULL in assemble(events).damaged
