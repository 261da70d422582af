"""Checks of this machine: what it has, what it lacks, and the commands that change it."""

from __future__ import annotations

from collections.abc import Sequence

from ferrule.doctor.capabilities import capabilities
from ferrule.doctor.finding import Finding, as_json
from ferrule.doctor.guests import at_hand
from ferrule.doctor.host import conditions, timer
from ferrule.doctor.render import render
from ferrule.machine.options import GuestOptions

__all__ = ["Finding", "as_json", "examine", "render"]


def examine(options: GuestOptions, names: Sequence[str]) -> list[Finding]:
    """Look at everything. Never raises for what is missing: that is a finding.

    Takes a few seconds, most of them to find out whether KVM really boots something.

    Args:
        options: of the run that is to follow.
        names: the guests of that run.
    """
    return [*capabilities(options), *at_hand(options, names), *timer(), *conditions(options)]
