"""Whether both arms of a gate ran on one machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ferrule.errors import EXIT_INFRASTRUCTURE
from ferrule.gate.paired.decide import report
from ferrule.gate.paired.pairs import Pair, Turn

from tests.support.gate_pairs import head, taken
from tests.support.synthetic import conditions

COSTS = {"null_call": 100.0}


def test_arms_on_processors_that_only_share_a_name_have_no_verdict() -> None:
    def on(stepping: str) -> Callable[[Turn], Turn]:
        facts = {"host.cpu.stepping": stepping, "host.placement": "smt siblings", "host.quota": "0.5 CPUs"}
        return lambda turn: replace(turn, conditions=conditions(facts=facts))

    def both(one: str, other: str) -> list[Pair]:
        first, *rest = pairs
        turns = {"base": on(one)(first.turns["base"]), "candidate": on(other)(first.turns["candidate"])}
        return [replace(first, turns=turns), *rest]

    pairs = sorted(taken(COSTS), key=lambda pair: pair.control)
    found = report(head(COSTS), both("4", "8"))
    assert found.exit_code == EXIT_INFRASTRUCTURE
    assert "processors of one name that differ: stepping 4 and stepping 8" in "".join(found.failures)
    same = report(head(COSTS), both("4", "4"))
    assert not same.failures
    assert any("CPUs 0,1, smt siblings, quota 0.5 CPUs" in line for line in same.conditions)
