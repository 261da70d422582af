"""Instruction counting on a booted guest: exact, the same in each boot, and 0 for an empty loop."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.errors import InfrastructureError
from ferrule.gate.baseline import entry_of
from ferrule.gate.decide import STRICT, Rule, judge
from ferrule.gate.reading import Reading, read
from ferrule.gate.verdict import Finding, Verdict
from ferrule.guests import create
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload
from ferrule.payload.key import RunKey
from ferrule.records.samples import GuestResult
from ferrule.stats.summary import Summary, summarise

NULL, EMPTY = RunKey("null_call"), RunKey("empty_loop")
NOPS = (0, 1, 7, 8, 10, 1000)
CANARIES = {nops: RunKey("canary", (("nops", nops),)) for nops in NOPS}
RAW, LIBRARY = (RunKey("pipe_latency", (("size", 1), ("library", on))) for on in (0, 1))
WRAPPERS = 32  # more than the calls and returns of four functions in a round trip
TWICE = Budget(boots=2, processes=1, batches=11, warm=2, each=0, target_ns=100_000, limit_ns=1_000_000_000)


@pytest.fixture(scope="module")
def result() -> GuestResult:
    """Two boots of the Linux guest."""
    try:
        guest = create("linux", GuestOptions(accel="icount"))
    except InfrastructureError as error:
        pytest.skip(str(error).splitlines()[0])
    keys = (NULL, EMPTY, RAW, LIBRARY, *CANARIES.values())
    progress = PlainProgress(io.StringIO())
    campaign = Campaign([guest], {"linux": keys}, lambda one: build_payload(one.os, one.arch), TWICE, 3, progress)
    return campaign.run()["linux"]


@pytest.fixture(scope="module")
def summaries(result: GuestResult) -> Mapping[RunKey, Summary]:
    assert result.conditions is not None
    assert not result.errors
    return {key: summarise(run, result.conditions) for key, run in result.runs.items()}


def test_the_unit_is_instructions_everywhere(summaries: Mapping[RunKey, Summary]) -> None:
    assert {summary.unit for summary in summaries.values()} == {"instructions"}


def test_added_instructions_are_seen_exactly(summaries: Mapping[RunKey, Summary]) -> None:
    none = summaries[CANARIES[0]].estimate
    assert none > 0
    assert {nops: summaries[key].estimate - none for nops, key in CANARIES.items()} == {nops: nops for nops in NOPS}


def test_a_kernel_does_more_for_programs_on_a_library(summaries: Mapping[RunKey, Summary]) -> None:
    """Two switches per round trip; after each the kernel writes into the registered area (rseq)."""
    assert summaries[LIBRARY].estimate > summaries[RAW].estimate + 2 * WRAPPERS


def test_two_boots_count_the_same(summaries: Mapping[RunKey, Summary]) -> None:
    for key in (NULL, *CANARIES.values()):
        summary = summaries[key]
        assert summary.n_boots == 2
        assert len(set(summary.per_process)) == 1, key
        assert summary.low == summary.estimate == summary.high


def test_the_median_batch_of_a_null_call_is_the_same_to_the_tick(result: GuestResult) -> None:
    """Raw ticks, before any arithmetic of ours."""
    first, second = result.runs[NULL].processes
    assert first.n == second.n
    assert np.median(first.ticks) == np.median(second.ticks)


def test_an_empty_loop_costs_nothing(summaries: Mapping[RunKey, Summary]) -> None:
    assert summaries[EMPTY].estimate == 0
    assert summaries[EMPTY].low == 0 == summaries[EMPTY].high


def gated(result: GuestResult, old: RunKey, new: RunKey, rule: Rule) -> Finding:
    """The gate's finding when `old` is the baseline and `new` is counted now."""
    baseline, counted = (reading_of(result, key) for key in (old, new))
    same = replace(counted, params=baseline.params, sizes=baseline.sizes)  # as if the payload had changed
    found = judge("linux", result.runs[old], same, entry_of(baseline), batches=TWICE.batches, rule=rule)
    assert found is not None
    return found


def reading_of(result: GuestResult, key: RunKey) -> Reading:
    found = read(result.runs[key], "instructions")
    assert found is not None
    return found


def test_the_gate_sees_one_instruction_more(result: GuestResult) -> None:
    for rule in (Rule(), STRICT):  # one of eight is no small change, whatever the allowance of long operations
        found = gated(result, CANARIES[7], CANARIES[8], rule)
        assert (found.kind, found.difference, found.verdict) == ("exact", 1, Verdict.REGRESSED)
        assert "+1 instructions" in found.why


def test_the_gate_fails_three_instructions_more(result: GuestResult) -> None:
    found = gated(result, CANARIES[7], CANARIES[10], Rule())
    assert (found.difference, found.verdict) == (3, Verdict.REGRESSED)


def test_the_gate_is_silent_about_what_did_not_change(result: GuestResult) -> None:
    for key in (NULL, EMPTY, *CANARIES.values()):
        found = gated(result, key, key, STRICT)
        assert (found.verdict, found.why) == (Verdict.OK, "unchanged")
