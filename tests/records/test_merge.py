"""Merging results of several processes and boots: samples are kept, and the gravest reason wins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ferrule.records.merge import merge
from ferrule.records.samples import GuestResult, RunResult, Status

from tests.support.assembling import NULL, assemble, stream


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("ok", "ok", "ok"),
        ("ok", "unsupported", "unsupported"),
        ("crashed", "ok", "crashed"),
        ("ok", "lost", "ok"),
        ("hung", "wrong", "wrong"),
        ("missing", "ok", "ok"),
    ],
)
def test_merging_keeps_samples_together_and_the_gravest_verdict(first: Status, second: Status, found: Status) -> None:
    whole = assemble(stream()).result().runs[NULL]

    def result(status: Status) -> GuestResult:
        run = whole if status == "ok" else RunResult(NULL, status, status)
        return GuestResult("local", None, {NULL: run}, ["why"], 1.5, 1)

    into = result(first)
    merged = merge(into, result(second))
    assert merged is into
    assert merged.runs[NULL].status == found
    if found == "ok":
        assert len(merged.runs[NULL].processes) == (first == "ok") + (second == "ok")
    assert (merged.boots, merged.seconds, merged.errors) == (2, 3.0, ["why", "why"])


def test_processes_that_mean_different_things_are_wrong() -> None:
    other = [
        replace(record, fields={**record.fields, "per": "round_trip"}) if record.kind == "ready" else record
        for record in stream(1)
    ]
    run = assemble([*stream(0), *other]).result().runs[NULL]
    assert run.status == "wrong"
    assert "round_trip" in run.reason
