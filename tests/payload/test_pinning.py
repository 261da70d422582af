"""Placement of the payload's ends: as in the plan, or free where the kernel refuses."""

from __future__ import annotations

import os

import pytest

from tests.support.payload_runs import output_of, payload

CPUS = sorted(os.sched_getaffinity(0))
two_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="needs two CPUs")


@two_cpus
def test_both_ends_go_where_the_plan_says() -> None:
    a, b = CPUS[:2]
    text = f"pin=1\ncpus={a},{b}\nbatches=3\nwarm=0\ntarget_ns=1000\n"
    for place, second in (("same_core", a), ("cross_core", b)):
        output = output_of(payload(), f"{text}w pipe_latency place={place}")
        assert output.of("pipe_latency", "ready")[0].fields["place"] == place
        for record in output.of("pipe_latency", "batch"):
            assert (record.fields["cpu"], record.fields["cpu2"]) == (str(a), str(second))
    output = output_of(payload(), f"{text}w pipe_latency place=free")
    assert output.of("pipe_latency", "ready")[0].fields["place"] == "free"
    assert "cpu2" not in output.of("pipe_latency", "batch")[0].fields


def test_a_second_core_that_is_not_there_is_unsupported() -> None:
    text = f"pin=1\ncpus={CPUS[0]}\nverify=only\nw pipe_latency place=cross_core\nw null_call place=cross_core"
    ends = output_of(payload(), text).ends()
    assert ends["pipe_latency"].fields["status"] == "unsupported"
    assert "two different CPUs" in ends["pipe_latency"].fields["seen"]
    assert ends["null_call"].fields["status"] == "ok"  # it has one end


def test_a_cpu_that_is_refused_leaves_a_run_free_and_says_so() -> None:
    output = output_of(payload(), "pin=1\ncpus=1000\nverify=only\nw pipe_latency place=cross_core\nw null_call")
    assert output.facts()["pin.error"] == "22"
    for name in ("pipe_latency", "null_call"):
        assert output.of(name, "ready")[0].fields["place"] == "free"
    runs = "w pipe_latency place=cross_core\nw eventfd_pingpong place=cross_core\nw futex_pingpong"
    output = output_of(payload(), f"pin=1\ncpus={CPUS[0]},1000\nverify=only\n{runs}")
    assert output.facts()["pin.second.error"] == "22"
    assert "pin.error" not in output.facts()
    names = ("pipe_latency", "eventfd_pingpong", "futex_pingpong")
    assert [output.of(name, "ready")[0].fields["place"] for name in names] == ["free", "free", "same_core"]
    output = output_of(payload(), f"pin=1\ncpus={CPUS[0]}\nverify=only\nw null_call")
    assert not [name for name in output.facts() if name.startswith("pin.")]


def test_unpinned_means_free() -> None:
    output = output_of(payload(), "verify=only\nw pipe_latency place=cross_core")
    assert output.of("pipe_latency", "ready")[0].fields["place"] == "free"
