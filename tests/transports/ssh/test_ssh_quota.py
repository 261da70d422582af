"""A quota on the SSH host, which its kernel enforces on the processes of the SSH server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ferrule import guests
from ferrule.campaign.budget import Budget
from ferrule.campaign.campaign import Campaign
from ferrule.campaign.progress import Progress
from ferrule.machine.guest import CountsStops
from ferrule.payload.build import build_for
from ferrule.payload.key import RunKey
from ferrule.report import tables
from ferrule.stats.flags import Flag
from ferrule.stats.summary import summarise

from tests.support.groups import limited

if TYPE_CHECKING:
    from tests.transports.ssh.conftest import Server

KEY = RunKey("null_call")


def test_a_quota_that_stops_a_remote_run_is_reported(serve: Callable[..., Server]) -> None:
    with limited() as procs:
        server = serve(wrapper=f'echo $$ >{procs}; exec sh -c "$0"')
        guest = guests.create(str(server.address), replace(server.options(), cpus=(0,)))
        try:
            budget = Budget(1, 2, 20, 1, 0, 2_000_000, 5_000_000_000, name="test")
            campaign = Campaign([guest], {guest.name: [KEY]}, build_for, budget, 1, Progress())
            result = campaign.run()[guest.name]
        finally:
            guest.close()
    assert not result.errors
    assert result.conditions is not None
    assert result.conditions.facts["host.quota"].startswith("0.2 CPUs (4000 of 20000 us, group /")
    for samples in result.runs[KEY].processes:
        assert samples.surroundings is not None
        assert samples.surroundings.throttled
        assert samples.surroundings.load is not None, "the load that the payload reports is kept"
    assert Flag.THROTTLED in summarise(result.runs[KEY], result.conditions).flags
    assert "a CPU quota stopped its processes" in tables.render([result], budget="test", seed=1)


def test_without_a_quota_nothing_is_counted(server: Server) -> None:
    guest = guests.create(str(server.address), server.options())
    asked = len(server.commands)
    with guest.execute(b'#!/bin/sh\necho "$1"\n', 2, 0) as execution:
        while execution.read(30.0):
            pass
        assert isinstance(execution, CountsStops)
        assert execution.throttled() == {}
    guest.close()
    assert not [line for line in server.commands[asked:] if "cpu.stat" in line]
