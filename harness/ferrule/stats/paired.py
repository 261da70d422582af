"""Whether a candidate costs more than a base, from pairs of processes that ran one right after the other.

Each pair is the base and the candidate, adjacent in time, in random order with equal chances. When nothing changed,
the log ratio of a pair is as likely d as -d however the machine drifts, so that the signed-rank test is exact by
design (Fisher's randomisation; Wilcoxon, Biometrics Bulletin 1, 1945). With a margin the test also assumes log ratios
that are symmetric around their centre. Everything here is a function of the log ratios alone: a verdict can be
computed again from stored pairs.

Arrays are float64; `d` is always (pairs,) of ln(candidate / base), in the order in which the pairs were taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrule.stats.interval import CONFIDENCE, median_interval
from ferrule.stats.ranks import doubled_ranks

Floats = NDArray[np.float64]
Alternative = Literal["greater", "less"]
Outcome = Literal["regressed", "improved", "ok", "inconclusive"]  # values of gate.verdict.Verdict

MARGIN: Final = 0.005  # a smaller increase is no regression: code layout alone changes an operation by as much
BOUND: Final = 0.02  # OK means: very probably not more than this
ALPHA: Final = 0.01  # chance of one false alarm or more over all workloads
CONTAMINATION: Final = 0.3  # share of batches over 1.5 medians above which the verdict is inconclusive
LOOKS: Final = ((20, 0.2), (60, 0.8))  # after how many pairs the data is tested, and with what share of alpha
_DECIMALS: Final = 12  # of a log ratio: ratios that differ by rounding of division and logarithm count as equal


@dataclass(frozen=True)
class Decision:
    """The result of one workload's pairs."""

    verdict: Outcome
    ratio: float  # candidate over base: exp of the median log ratio; nan without pairs
    low: float | None  # interval of the ratio; None below 6 pairs at 95 %
    high: float | None
    p: float  # one-sided: of a decrease where the verdict is `improved`, else of an increase
    p_adjusted: float  # by Holm over all workloads of the same look
    pairs: int  # used for the decision


def log_ratios(base: ArrayLike, candidate: ArrayLike) -> Floats:
    """ln(candidate / base), (pairs,).

    Raises:
        ValueError: the two have different lengths, or a value is not above zero or not finite.
    """
    a, b = np.asarray(base, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise ValueError(f"pairs need as many of both: {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all() and (a > 0).all() and (b > 0).all()):
        raise ValueError("a value at or below zero has no ratio")
    # The quotient is rounded once, so that equal ratios of different ticks are equal.
    result: Floats = np.log(b / a)
    return result


def signed_rank_p(d: ArrayLike, margin: float = 0.0, alternative: Alternative = "greater") -> float:
    """One-sided exact p of the signed-rank test, for any n, with ties.

    `greater` has the null hypothesis that the ratio is at most 1 + margin; `less` is its mirror image, that the ratio
    is at least 1 / (1 + margin). The null distribution of the positive ranks' sum W is that of all 2^n sign flips,
    counted without enumerating them: by the generating function prod(1/2 + 1/2 z^rank) over doubled mid-ranks
    (Wilcoxon 1945; mid-ranks for ties and this recursion: Streitberg & Roehmel, Statistical Software Newsletter 12,
    1986). Zeros are ranked, and then left out (Pratt, JASA 54, 1959): if they were left out first, p could fall when a
    cost falls.

    Returns:
        P(W >= observed); 1 where all differences are zero or there are none.
    """
    x = np.asarray(d, dtype=np.float64)
    x = np.round((x if alternative == "greater" else -x) - np.log1p(margin), _DECIMALS)
    if not x.any():
        return 1.0
    ranks = doubled_ranks(np.abs(x))
    seen = int(ranks[x > 0].sum())
    null = _null(tuple(sorted(ranks[x != 0].tolist())))
    return min(1.0, float(null[seen:].sum()))


@lru_cache(maxsize=64)
def _null(ranks: tuple[int, ...]) -> Floats:
    """P(W = w) for w = 0..sum of these doubled ranks, each of which is in W with probability one half."""
    total = np.zeros(sum(ranks) + 1)
    total[0], end = 1.0, 1
    for rank in ranks:
        total[rank : end + rank] += total[:end].copy()
        end += rank
        total[:end] *= 0.5
    return total


def holm(p: ArrayLike) -> Floats:
    """Adjusted p, (tests,): step-down, in the order given (Holm, Scandinavian Journal of Statistics 6, 1979).

    Rejecting those at or below alpha keeps the family-wise error at or below alpha, also for dependent tests.
    """
    x = np.asarray(p, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    stepped = np.maximum.accumulate(x[order] * np.arange(x.size, 0, -1))
    result = np.empty_like(x)
    result[order] = np.minimum(stepped, 1.0)
    return result


def ratio_interval(d: ArrayLike, confidence: float = CONFIDENCE) -> tuple[float, float | None, float | None]:
    """(ratio, low, high): exp of the median log ratio and of its interval by order statistics (interval.py).

    low and high are None where there are too few pairs for a finite interval: below 6 at 95 %.
    """
    x = np.asarray(d, dtype=np.float64)
    if not x.size:
        return float("nan"), None, None
    found = median_interval(x, confidence)
    if found.low is None or found.high is None:
        return float(np.exp(found.estimate)), None, None
    return float(np.exp(found.estimate)), float(np.exp(found.low)), float(np.exp(found.high))


def decide(
    log_ratios: Mapping[str, Floats],
    *,
    margin: float = MARGIN,
    bound: float = BOUND,
    alpha: float = ALPHA,
    confidence: float = CONFIDENCE,
    contamination: Mapping[str, float] | None = None,
) -> dict[str, Decision]:
    """One look at all workloads of one gate.

        regressed     Holm-adjusted p of an increase by more than `margin` is at most alpha
        improved      the mirror image, adjusted over a family of its own
        ok            the interval's upper end is below 1 + `bound` (non-inferiority), for this workload alone
        inconclusive  none of these, or too many batches were disturbed

    Args:
        log_ratios: (pairs,) for each workload: the family that the adjustment is over.
        margin: relative increase that is allowed.
        bound: relative increase that OK excludes.
        alpha: chance of any false `regressed` over the family.
        confidence: of the intervals.
        contamination: share of disturbed batches, 0..1, for workloads where it is known.
    """
    names = list(log_ratios)
    up = [signed_rank_p(log_ratios[name], margin, "greater") for name in names]
    down = [signed_rank_p(log_ratios[name], margin, "less") for name in names]
    found: dict[str, Decision] = {}
    for i, (name, more, less) in enumerate(zip(names, holm(up), holm(down), strict=True)):
        ratio, low, high = ratio_interval(log_ratios[name], confidence)
        verdict: Outcome = "inconclusive"
        if (contamination or {}).get(name, 0.0) <= CONTAMINATION:
            if more <= alpha:
                verdict = "regressed"
            elif less <= alpha:
                verdict = "improved"
            elif high is not None and high < 1.0 + bound:
                verdict = "ok"
        p, adjusted = (down[i], less) if verdict == "improved" else (up[i], more)
        found[name] = Decision(verdict, ratio, low, high, p, float(adjusted), int(log_ratios[name].size))
    return found


def planned_looks(pairs: int) -> tuple[tuple[int, float], ...]:
    """When `pairs` will be tested, fixed before the first pair: after 20 and at the end, or only at the end."""
    (first, early), (_, late) = LOOKS
    return ((first, early), (pairs, late)) if pairs > first else ((pairs, 1.0),)


def least_pairs(workloads: int, alpha: float = ALPHA) -> int:
    """Fewer pairs cannot find a regression: n pairs that are all slower give p = 2^-n, Holm needs alpha / workloads."""
    return int(np.ceil(np.log2(workloads / alpha)))


def decide_at_looks(
    log_ratios: Mapping[str, Floats],
    *,
    looks: Sequence[tuple[int, float]] = LOOKS,
    margin: float = MARGIN,
    bound: float = BOUND,
    alpha: float = ALPHA,
    contamination: Mapping[str, float] | None = None,
) -> dict[str, Decision]:
    """All looks that the pairs allow, as they were planned before the first pair.

    Alpha is split over the looks (Bonferroni: shares add up to 1), and so is the intervals' error (1 - confidence). A
    difference that an early look found is final; an early `ok` is not. Data that ends between two looks is tested with
    the share of the later one.

    `looks` gives pairs and share of alpha of each, in order; everything else is as in decide().

    Raises:
        ValueError: the shares add up to more than 1.
    """
    if sum(share for _, share in looks) > 1.0 + 1e-9:
        raise ValueError("the looks share out more than all of alpha")
    pairs = max((d.size for d in log_ratios.values()), default=0)
    decisions: dict[str, Decision] = {}
    for i, (until, share) in enumerate(looks):
        if i and looks[i - 1][0] >= pairs:
            break
        now = decide(
            {name: d[:until] for name, d in log_ratios.items()},
            margin=margin,
            bound=bound,
            alpha=alpha * share,
            confidence=1.0 - (1.0 - CONFIDENCE) * share,
            contamination=contamination,
        )
        decisions = {name: _combined(decisions.get(name), found) for name, found in now.items()}
    return decisions


def _combined(before: Decision | None, now: Decision) -> Decision:
    """A difference that an earlier look found keeps its verdict and p; ratio and interval are the later look's."""
    found: tuple[Outcome, ...] = ("regressed", "improved")
    if before is None or before.verdict not in found or now.verdict in found:
        return now
    return replace(before, ratio=now.ratio, low=now.low, high=now.high, pairs=now.pairs)
