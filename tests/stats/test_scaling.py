"""Scaling curves: total operations a second, and efficiency relative to one alone."""

from __future__ import annotations

import pytest
from ferrule.payload.key import Params
from ferrule.records.samples import Meaning
from ferrule.report import tables
from ferrule.stats.scaling import scaling
from ferrule.stats.summary import Summary, summarise

from tests.support import synthetic as make


def point(cost: float, team: int, params: Params = (), **changes: str) -> Summary:
    run = make.run("null_call", [cost * one for one in SPREAD], Meaning("call", team=team), params=params)
    return summarise(run, make.conditions(**changes))


SPREAD = (0.99, 0.995, 1.0, 1.0, 1.0, 1.005, 1.01)
ONE = point(100.0, 1, (("threads", 1),))
TWO = point(125.0, 2, (("threads", 2),))


def test_the_rate_is_that_of_all_together() -> None:
    found = scaling(TWO, [ONE, TWO])
    assert found is not None
    assert found.rate == pytest.approx(16e6, rel=1e-6)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.rate < found.high
    assert found.efficiency is not None
    assert found.efficiency.ratio == pytest.approx(0.8, rel=1e-6)
    assert found.efficiency.low is not None
    assert found.efficiency.high is not None
    assert found.efficiency.low < 0.8 < found.efficiency.high


def test_the_one_alone_is_of_the_same_operation() -> None:
    sized = point(125.0, 2, (("size", 1), ("threads", 2)))
    other, plain = point(50.0, 1, (("size", 2), ("threads", 1))), point(110.0, 0, (("size", 1),))
    alone = scaling(sized, [sized, other, ONE])
    assert alone is not None
    assert alone.efficiency is None, "another size is another operation"
    found = scaling(sized, [other, plain, sized])
    assert found is not None
    assert found.efficiency is not None
    assert found.efficiency.ratio == pytest.approx(0.88, rel=1e-6)


def test_a_team_of_one_of_the_same_kind_comes_first() -> None:
    copies, plain = point(90.0, 1, (("procs", 1),)), point(80.0, 0)
    found = scaling(TWO, [plain, copies, ONE])
    assert found is not None
    assert found.efficiency is not None
    assert found.efficiency.ratio == pytest.approx(0.8, rel=1e-6)


def test_what_no_team_did_and_what_is_no_time_has_no_curve() -> None:
    assert scaling(point(100.0, 0), [ONE]) is None
    counted = point(100.0, 2, (("threads", 2),), unit="instructions", accel="icount")
    assert scaling(counted, [counted]) is None


def test_the_table_shows_the_curve() -> None:
    runs = [
        make.run("null_call", [cost * one for one in SPREAD], Meaning("call", team=team), params=(("threads", team),))
        for team, cost in ((1, 100.0), (2, 125.0))
    ]
    text = tables.render([make.guest(runs)], budget="quick", seed=1, declared=make.DECLARED)
    _, _, table = text.partition("Scaling: ")
    assert "10.00 M/s" in table
    assert "16.00 M/s" in table
    assert ", 80.0 %" in table
    assert "Scaling: " not in tables.render(make.results(), budget="quick", seed=1, declared=make.DECLARED)
