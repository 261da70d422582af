"""Injected slowdowns: really run, of the requested size, and never taken for a measurement."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ferrule.payload.plan import PlannedRun

from tests.support.assembling import NULL, PLAN, assemble, stream
from tests.support.payload_runs import output_of, payload


@pytest.mark.parametrize(
    ("line", "n", "ran"),
    [
        ("null_call n=1000 more=20", 1000, 1020),
        ("null_call n=1024 more=50", 1024, 1075),  # 1075.2
        ("null_call n=10 more=20", 10, None),  # too few for a fiftieth more
        ("context_switch procs=8 n=256 more=50", 256, 272),  # 32 steps of 8, and 1.6 of them more
        ("page_fault n=256 more=20", 256, None),  # always one step
        ("process_create n=100 more=20", 100, 102),
    ],
)
def test_an_injected_slowdown_runs_more_than_it_reports_and_says_so(line: str, n: int, ran: int | None) -> None:
    name = line.split(maxsplit=1)[0]
    output = output_of(payload(), f"batches=3\nwarm=0\nw {line}")
    (begin,), (ready,) = output.of(name, "begin"), output.of(name, "ready")
    assert output.ends()[name].fields["status"] == "ok"
    assert begin.fields["more"] == line.rpartition("=")[2]
    assert (ready.fields["n"], ready.fields.get("ran")) == (str(n), ran and str(ran))
    assert all("more" not in one.fields for one in output.kind("begin") if one is not begin)


def test_a_slowdown_that_does_not_fit_into_the_largest_batch_is_refused() -> None:
    end = output_of(payload(), "batches=3\nw idle ms=1 n=1 more=1000").ends()["idle"]
    assert (end.fields["status"], end.fields["operation"]) == ("unsupported", "more")


def test_twice_the_operations_take_twice_the_time() -> None:
    """Injected operations are really run. Compares the fastest of many visits, against disturbances of the core."""
    output = output_of(payload(), "batches=40\n" + "w null_call n=2000\nw null_call n=2000 more=1000\n" * 12)
    more = {
        begin.fields["i"]: begin.fields.get("more")
        for begin in output.kind("begin")
        if "null_call" in begin.fields.values()
    }
    fastest: dict[str | None, int] = {}
    for record in output.kind("batch"):
        if record.fields["i"] in more:
            ticks, which = map(int, record.fields["t"].split(",")), more[record.fields["i"]]
            fastest[which] = min(*ticks, fastest.get(which, 1 << 62))
    assert 1.9 < fastest["1000"] / fastest[None] < 2.1


def test_an_injected_slowdown_stays_with_the_samples_and_must_be_the_planned_one() -> None:
    slowed = replace(PLAN, runs=(PlannedRun(NULL, more=20), *PLAN.runs[1:]))
    records = stream()
    begin, ready = (next(at for at, one in enumerate(records) if one.kind == kind) for kind in ("begin", "ready"))
    records[ready] = replace(records[ready], fields={**records[ready].fields, "ran": "102"})
    assert NULL in assemble(records, slowed).damaged  # its begin record lacks `more`
    records[begin] = replace(records[begin], fields={**records[begin].fields, "more": "20"})
    (samples,) = assemble(records, slowed).result().runs[NULL].processes
    assert (samples.n, samples.ran) == (100, 102)
    assert NULL in assemble(records).damaged  # the plan has no slowdown
    (samples,) = assemble(stream()).result().runs[NULL].processes
    assert samples.ran is None
