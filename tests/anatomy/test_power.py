"""Idle seconds of floor, which has nothing to do but what it is asked."""

from __future__ import annotations

import shutil

import pytest
from ferrule.anatomy import awake, power
from ferrule.anatomy.measure import together
from ferrule.campaign.progress import Progress
from ferrule.cli import main
from ferrule.machine.options import GuestOptions

needs_qemu = pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="qemu-system-x86_64 is not here")


@needs_qemu
def test_a_kernel_without_a_tick_wakes_up_for_its_sleepers_and_nothing_else() -> None:
    """One halt a second for the measuring program, ten more for a thread that sleeps 100 ms again and again."""
    idle, ten = power._key(), power._key(sleepers=1, period=100)
    found = together("floor", GuestOptions(), [idle, ten], Progress(), batches=2, extra=(power.WORKLOADS,), size=1)
    assert found.missing == {}
    quiet, awoken = found.profiles
    assert quiet.everything["halt"] == quiet.everything["interrupts"] == 1
    assert quiet.everything["timer"] == 2
    assert awoken.everything["halt"] == pytest.approx(10, abs=1)
    assert quiet.asleep_ns == pytest.approx(1e9, rel=1e-3)
    assert 100 < (power.total(awoken) - power.total(quiet)) / 10 < 400


@needs_qemu
def test_the_host_sees_an_idle_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awake, "SECONDS", 1.0)
    seen = awake.look("floor", GuestOptions(), power._key(), (power.WORKLOADS,), Progress())
    assert seen is not None
    assert seen.seconds >= 1.0
    assert awake.wakeups(None) == awake.busy(None) == "not measurable here"


@pytest.mark.parametrize(
    ("words", "told"), [([], "--guest: say which"), (["--guest", "floor", "--top", "0"], "--top 0")]
)
def test_what_cannot_mean_anything_is_refused(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", *words]) == 2
    assert told in capsys.readouterr().err
