"""False alarms and missed slowdowns on real samples: the product's verdicts where the true difference is known.

A family is all workloads of one gate. In an A/A family nothing differs, so every `regressed` is a false alarm. In an
injected family one workload is slower by a known amount, and the others are unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferrule.payload.registry import workloads
from ferrule.payload.selection import parse_key
from ferrule.stats.pace import levels
from ferrule.stats.paired import (
    ALPHA,
    CONTAMINATION,
    MARGIN,
    Decision,
    decide_at_looks,
    log_ratios,
    planned_looks,
    signed_rank_p,
)
from ferrule.validate.runs import Run

Floats = NDArray[np.float64]

DISTURBED: Final = 1.5  # a batch above this multiple of its process's median is disturbed
BASE, AGAIN = 0, 1  # arms of a corpus


@dataclass(frozen=True)
class Family:
    """The log ratios of the pairs of one gate."""

    logs: Mapping[str, Floats]  # (pairs,) of each workload
    contamination: Mapping[str, float]

    def verdicts(self) -> dict[str, Decision]:
        """The verdicts of a paired gate with as many pairs."""
        pairs = max(d.size for d in self.logs.values())
        return decide_at_looks(self.logs, looks=planned_looks(pairs), contamination=self.contamination)

    def having(self, verdict: str) -> list[str]:
        """Workloads with this verdict."""
        return [name for name, decision in self.verdicts().items() if decision.verdict == verdict]

    def with_one(self, other: Family, name: str) -> Family:
        """The same with one workload from another family."""
        return Family({**self.logs, name: other.logs[name]}, {**self.contamination, name: other.contamination[name]})


def gated(run: Run) -> list[int]:
    """Indices of the workloads that have a ratio: all except controls, which cost almost nothing."""
    known = workloads()
    return [at for at, text in enumerate(run.workloads) if not known[parse_key(text)[0][0]].control]


def values(run: Run, at: int, arms: Sequence[int]) -> Floats:
    """The values of one workload in these arms, (rounds, arms), as in a gate; NaN where a process is missing."""
    costs, paces = run.costs(at)[:, arms], run.paces(at)[:, arms]
    whole = np.isfinite(costs).all(axis=(-2, -1))
    found = np.full(whole.shape, np.nan)
    found[whole], _ = levels(costs[whole], paces[whole])
    median: Floats = np.median(found, axis=-1)  # of the processes; NaN when one is
    return median


def family(run: Run, base: int = BASE, candidate: int = AGAIN) -> Family:
    """All workloads of a run, with two of its arms as base and candidate."""
    logs, contamination = {}, {}
    for at in gated(run):
        one, other = values(run, at, (base, candidate)).T
        good = (one > 0) & (other > 0)
        if not good.any():
            continue
        logs[run.workloads[at]] = log_ratios(one[good], other[good])
        contamination[run.workloads[at]] = max(_disturbed(run.costs(at)[good][:, arm]) for arm in (base, candidate))
    return Family(logs, contamination)


def _disturbed(costs: Floats) -> float:
    """Share of disturbed batches among costs, (..., visits, batches)."""
    return float(np.mean(costs > DISTURBED * np.median(costs, axis=(-2, -1), keepdims=True)))


# --- no difference


def p_values(families: Sequence[Family]) -> dict[str, list[float]]:
    """One-sided p-values of the hypothesis "no increase", by workload, in all families: uniform if nothing differs."""
    found: dict[str, list[float]] = {}
    for one in families:
        for name, logs in one.logs.items():
            found.setdefault(name, []).append(signed_rank_p(logs))
    return found


def resampled(families: Sequence[Family], count: int, pairs: int, seed: int) -> list[Family]:
    """Pseudo-families: whole rounds drawn with replacement from all A/A runs, with the arms swapped at random.

    A round keeps all its workloads, and so their correlation. All families come from one corpus, so they show how the
    verdicts behave, not how runs differ: the real families show that.
    """
    draw, made = np.random.default_rng(seed), []
    names = [name for name in families[0].logs if all(one.logs.get(name) is not None for one in families)]
    least = [min(one.logs[name].size for name in names) for one in families]
    pool = {
        name: np.concatenate([one.logs[name][:size] for one, size in zip(families, least, strict=True)])
        for name in names
    }
    disturbed = {name: float(np.median([one.contamination[name] for one in families])) for name in names}
    for _ in range(count):
        rows = draw.integers(0, sum(least), pairs)
        coin = draw.choice((-1.0, 1.0), pairs)
        made.append(Family({name: pool[name][rows] * coin for name in names}, disturbed))
    return made


# --- a known difference


@dataclass(frozen=True)
class Found:
    """The verdict of a gate on one injected slowdown of one workload, in one run."""

    workload: str
    injected: float  # relative to the operation, as it really was
    verdict: str
    estimate: float  # relative
    low: float | None
    high: float | None
    others: int  # false alarms among the unchanged workloads
    disturbed: bool  # too many batches were disturbed for a verdict, by the gate's own rule

    def held(self, slack: float = 0.0) -> bool:
        """Whether the interval contains the injected value, which itself is known to +- `slack`."""
        if self.low is None or self.high is None:
            return False
        return self.low - slack <= self.injected <= self.high + slack


def injected(run: Run, more: int) -> list[Found]:
    """Each workload in turn slowed by `more` per mille, all others unchanged."""
    if more not in run.arms:
        return []
    arm, same = run.arms.index(more), family(run)
    slowed = family(run, candidate=arm)
    made = []
    for name in slowed.logs:
        if name not in same.logs:
            continue
        at = run.workloads.index(name)
        verdicts = same.with_one(slowed, name).verdicts()
        mine = verdicts.pop(name)
        low, high = (None if end is None else end - 1.0 for end in (mine.low, mine.high))
        others = sum(one.verdict == "regressed" for one in verdicts.values())
        true = _true(run, at, arm)
        disturbed = slowed.contamination[name] > CONTAMINATION
        made.append(Found(name, true, mine.verdict, mine.ratio - 1.0, low, high, others, disturbed))
    return made


def _true(run: Run, at: int, arm: int) -> float:
    """The slowdown that was injected into an arm, relative to the operation."""
    cost = float(np.nanmedian(values(run, at, (BASE, arm))[:, 0]))
    # Whole iterations are injected, loop included; the loop's cost is subtracted only for the reported operations.
    turn = 1.0 + float(np.nanmedian(run.loop)) / cost
    paces = run.paces(at)[:, [BASE, arm]]
    spun = float(run.spin[arm, at]) * float(np.median(paces[paces > 0])) / run.multiplications / float(run.n[at])
    return (float(run.ran[arm, at]) / float(run.n[at]) - 1.0) * turn + spun / cost


def power(runs: Sequence[Run], more: int, pairs: Sequence[int], draws: int, seed: int) -> dict[str, list[float]]:
    """How often each slowed workload would be found with this many pairs, drawn with replacement from all runs.

    It is the only slowed workload of its family: its p-value has to be below the level of Holm's first step, with the
    last look's share of alpha.
    """
    generator = np.random.default_rng(seed)
    slowed = [family(run, candidate=run.arms.index(more)) for run in runs if more in run.arms]
    most = max(len(one.logs) for one in slowed)
    found: dict[str, list[float]] = {}
    for name in dict.fromkeys(name for one in slowed for name in one.logs):
        pool = np.concatenate([one.logs[name] for one in slowed if name in one.logs])
        found[name] = []
        for count in pairs:
            level = ALPHA * planned_looks(count)[-1][1] / most
            rows = generator.integers(0, pool.size, (draws, count))
            found[name].append(float(np.mean([signed_rank_p(pool[row], MARGIN) <= level for row in rows])))
    return found
