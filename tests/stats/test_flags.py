"""Flags of the CPUs that the ends ran on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ferrule.records.facts import unpinned
from ferrule.records.samples import Meaning
from ferrule.stats.flags import Flag
from ferrule.stats.summary import summarise

from tests.support import synthetic as make


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        ({"host.placement": "smt siblings"}, Flag.SIBLINGS),
        ({"host.placement": "other package"}, Flag.PACKAGES),
        ({"host.placement": "cross core", "host.kinds": "performance core; efficiency core"}, Flag.KINDS),
    ],
)
def test_two_cpus_that_are_no_two_equal_cores_are_no_cross_core_without_a_word(
    facts: dict[str, str], flag: Flag
) -> None:
    two = Meaning("round_trip", bytes=2, switches=2, ends=2)
    across, here = (make.run("pipe_latency", [3000.0] * 7, two, place=place) for place in ("cross_core", "same_core"))
    assert summarise(across, make.conditions(facts=facts)).flags == (flag,)
    assert summarise(here, make.conditions(facts=facts)).flags == ()
    same_kind = {"host.placement": "cross core", "host.kinds": "performance core; performance core"}
    assert summarise(across, make.conditions(facts=same_kind)).flags == ()


@pytest.mark.parametrize("place", ["same_core", "cross_core"])
def test_what_was_refused_its_cpu_ran_free_and_says_so(place: str) -> None:
    two = Meaning("round_trip", bytes=2, switches=2, ends=2)
    ran = replace(make.run("pipe_latency", [3000.0] * 7, two, place=place), place="free")
    for name, text in (("pin.error", "EPERM 1"), ("pin.second.error", "EINVAL 22")):
        conditions = make.conditions(facts={name: text.rpartition(" ")[2], "host.placement": "smt siblings"})
        assert summarise(ran, conditions).flags == (Flag.UNPINNED,)
        assert text in unpinned(conditions.facts)
    assert summarise(ran, make.conditions()).flags == (), "a port that cannot pin was refused nothing"
