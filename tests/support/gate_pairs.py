"""Made-up pairs for the tests of the time gate: each arm's cost is known, the noise is random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ferrule.gate.paired.arms import NAMES
from ferrule.gate.paired.measure import BATCHES
from ferrule.gate.paired.pairs import SCHEMA, Batches, Head, Pair, Process, Run, Turn
from ferrule.records.samples import Meaning, Pace, Reference, Surroundings
from ferrule.stats.paired import planned_looks

N, VISITS, HZ = 1000, 4, 2e9
PACE, PACE_N = 20_000, 10_000
REFERENCE = Reference(np.full(16, 40), ((1000, np.full(15, 1040)), (2000, np.full(15, 2040))))
CONTROL = {"clock_read": 50.0}


def head(costs: Mapping[str, float], pairs: int = 60, **changes: Any) -> Head:
    """The head of a gate's file for these workloads."""
    fields: dict[str, Any] = {
        **dict.fromkeys(("run_id", "ts", "machine", "ferrule", "base", "candidate"), "x"),
        "schema": SCHEMA,
        "commit": None,
        "seed": 1,
        "guest": "local",
        "same": False,
        "control": "local",
        "workloads": tuple(costs),
        "controls": tuple(CONTROL),
        "pairs": pairs,
        "looks": planned_looks(pairs),
        "margin": 0.005,
        "bound": 0.02,
        "alpha": 0.01,
        "batches": BATCHES,
        "warm": 3,
        "sizes": dict.fromkeys(costs, N),
        "processes": 1,
        "visits": dict.fromkeys(costs, VISITS),
        "control_visits": VISITS,
    }
    return Head(**{**fields, **changes})


def taken(
    costs: Mapping[str, float],
    factor: Mapping[str, float] | None = None,
    *,
    control: float = 1.0,
    pairs: int = 60,
    seed: int = 1,
    noise: float = 0.005,
    wander: float = 0.0,
    share: float = 1.0,
) -> list[Pair]:
    """Pairs of a base that costs `costs` ticks an operation, and a candidate that costs `factor` times as much.

    The core's clock period varies by `wander` (log scale) between processes; costs grow as period ** `share`.
    """
    draw = np.random.default_rng(seed)
    found = []
    for number in range(pairs):
        drift = 1 + 0.2 * number / pairs  # the machine gets slower, equally for both arms
        for of_control, of, more in ((False, costs, factor or {}), (True, CONTROL, dict.fromkeys(CONTROL, control))):
            first = NAMES[int(draw.integers(2))]
            turns: dict[str, Turn] = {
                name: _turn(
                    {k: v * drift * (more.get(k, 1) if name == "candidate" else 1) for k, v in of.items()},
                    *(draw, noise, np.exp(wander * draw.standard_normal()), share),
                )
                for name in NAMES
            }
            found.append(Pair(number, of_control, first, turns, Surroundings(0.01, 1.5)))
    return found


def _turn(
    costs: Mapping[str, float], draw: np.random.Generator, noise: float, slowness: float = 1.0, share: float = 1.0
) -> Turn:
    pace = Pace(PACE_N, np.full(BATCHES + 1, round(PACE * slowness)), 3)
    runs = {}
    for key, cost in costs.items():
        of_process = cost * slowness**share * np.exp(noise * draw.standard_t(3))
        batches = of_process * (1 + 0.01 * draw.exponential(size=(VISITS, BATCHES)))
        ticks = np.asarray(40 + N * (1 + batches), dtype=np.int64)
        visits = tuple(Batches(0, at, N, ticks[at], 2, pace) for at in range(VISITS))
        runs[key] = Run("ok", "", Meaning("call"), "same_core", (), visits)
    return Turn("tsc", "ns", 0.1, (), (Process(0, HZ, 2, "ok", REFERENCE),), runs)
