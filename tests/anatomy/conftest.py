"""One boot of the floor guest with the instrument, which all tests of its results share."""

from __future__ import annotations

import shutil

import pytest
from ferrule.anatomy.measure import Found, measure
from ferrule.campaign.progress import Progress
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey

CANARY = {nops: RunKey("canary", (("nops", nops),)) for nops in (0, 1, 7)}
KEYS = (RunKey("null_call"), RunKey("page_fault"), RunKey("pipe_latency"), RunKey("ipi_wakeup"), CANARY[7])


@pytest.fixture(scope="session")
def floor() -> Found:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not here")
    return measure("floor", GuestOptions(), KEYS, Progress(), batches=3)
