"""The decision view in plain JSON types, with all numbers."""

from __future__ import annotations

from typing import Any

from ferrule.decision.view import Decision, Ranking, Standing
from ferrule.decision.weights import Bound
from ferrule.stats.compare import Ratio


def as_json(found: Decision) -> dict[str, Any]:
    """Costs are over the first kernel's, `weakest` over the cheapest kernel's."""
    return {
        "kernels": {one.column.guest: {"run": one.run_id, "machine": one.machine} for one in found.chosen.lines},
        "left_out": dict(found.chosen.without),
        "ranking": None if found.ranking is None else _ranking(found.ranking),
        "families": {
            one.name: {
                "workloads": one.workloads,
                "operations": one.rows,
                "standings": _standings(one.standings),
                "nothing_to_compare": list(one.apart),
            }
            for one in found.families
        },
        "weakest": {
            kernel: [{"operation": str(one.key), "cheapest": one.best, "cost": _ratio(one.cost)} for one in weak]
            for kernel, weak in found.weakest
        },
        "gaps": {
            one.kernel: {
                "works": one.works,
                "asked": one.asked,
                **{
                    answer: {
                        each.workload: {"verdict": each.verdict, "errno": each.errno, "reason": each.reason}
                        for each in verdicts
                    }
                    for answer, verdicts in one.answers
                },
            }
            for one in found.gaps
        },
    }


def _ranking(found: Ranking) -> dict[str, Any]:
    return {
        "weights": dict(found.weights),
        "standings": _standings(found.standings),
        "not_ranked": {name: list(families) for name, families in found.unranked},
        "order_holds": {one.family: {"below": _bound(one.below), "above": _bound(one.above)} for one in found.rooms},
    }


def _bound(bound: Bound | None) -> dict[str, Any] | None:
    """The weight, and which kernel comes before which beyond it."""
    return None if bound is None else {"weight": bound.weight, "then_first": bound.second, "then_second": bound.first}


def _standings(standings: tuple[Standing, ...]) -> list[dict[str, Any]]:
    return [{"kernel": one.kernel, "cost": _ratio(one.cost), "operations": one.rows} for one in standings]


def _ratio(found: Ratio) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("ratio", "low", "high", "method")}
