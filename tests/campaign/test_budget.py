"""Budgets of a campaign, and the note on a campaign that runs beside another."""

from __future__ import annotations

import io
import shutil
import sys

import pytest
from ferrule.campaign.budget import FULL, QUICK, VERIFY, Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import PlainProgress
from ferrule.guests import create
from ferrule.machine.guest import Guest
from ferrule.machine.options import GuestOptions
from ferrule.machine.presence import Presence
from ferrule.payload.build import build_for
from ferrule.payload.key import RunKey

NULL = RunKey("null_call")
SHORT = Budget(boots=1, processes=1, batches=3, warm=1, each=0, target_ns=50_000, limit_ns=100_000_000, name="test")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")


def campaign(guest: Guest) -> Campaign:
    return Campaign([guest], {guest.name: [NULL]}, build_for, SHORT, seed=5, progress=PlainProgress(io.StringIO()))


def test_each_budget_is_shorter_than_the_next() -> None:
    for less, more in ((VERIFY, QUICK), (QUICK, FULL)):
        assert less.processes <= more.processes
        assert less.batches < more.batches
        assert less.each < more.each
    assert QUICK.limit_ns < FULL.limit_ns


def test_another_measurement_is_reported_where_time_is_measured() -> None:
    """Two at once disturb each other's times, but not counts of instructions."""
    with Presence():
        timed = campaign(create("local"))
        timed.run()
        assert timed.beside
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    with Presence():
        counted = campaign(create("floor", GuestOptions(accel="icount")))
        counted.run()
        assert not counted.beside
