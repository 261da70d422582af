"""Operations that wait for a given time: that time is no part of their cost."""

from __future__ import annotations

from tests.support.payload_runs import output_of, payload

INTERVAL_NS = 100_000_000


def test_the_time_asked_for_is_taken_off_batches_and_single_operations() -> None:
    output = output_of(payload(), f"batches=3\nwarm=0\neach=2\nw wakeup_latency interval={INTERVAL_NS // 1000} n=1\n")
    (ready,), (clock,) = output.of("wakeup_latency", "ready"), output.kind("clock")
    assert (ready.fields["asked"], ready.fields["waits"]) == (str(INTERVAL_NS), "1")
    interval = INTERVAL_NS * int(clock.fields["hz"]) / 1e9
    ticks = [int(tick) for record in output.of("wakeup_latency", "batch") for tick in record.fields["t"].split(",")]
    assert 0 < min(ticks) < interval
    assert int(output.ends()["wakeup_latency"].fields["hist_min"]) < interval


def test_a_policy_that_is_refused_is_unsupported_by_its_errno() -> None:
    end = output_of(payload(), "verify=only\nw wakeup_latency policy=1\n").ends()["wakeup_latency"].fields
    assert end["status"] == "ok" or (end["status"], end["operation"], end["error"]) == ("unsupported", "os_policy", "1")


def test_busy_threads_run_beside_the_sleeper() -> None:
    assert (
        output_of(payload(), "verify=only\nw wakeup_latency load=2\n").ends()["wakeup_latency"].fields["status"] == "ok"
    )
