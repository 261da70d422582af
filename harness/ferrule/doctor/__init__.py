"""What is here: a machine goes in; what it has, what it lacks and the command that changes it come out."""

from __future__ import annotations

from ferrule.doctor.capabilities import capabilities
from ferrule.doctor.finding import Finding
from ferrule.doctor.guests import at_hand
from ferrule.doctor.host import conditions, timer
from ferrule.doctor.render import render

__all__ = ["Finding", "examine", "render"]


def examine() -> list[Finding]:
    """Look at everything. Never raises for what is missing: that is a finding.

    Takes a few seconds, most of them to find out whether KVM really boots something.
    """
    return [*capabilities(), *at_hand(), *timer(), *conditions()]
