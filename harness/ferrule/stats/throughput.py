"""Bytes a second: total bytes over total time of a process, never the mean of batch rates.

The mean of rates weighs a short, lucky batch as much as a long one; the ratio of totals is what a user of the channel
gets (Jain, The Art of Computer Systems Performance Analysis, 1991, ch. 12.7 on ratio games).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ferrule.records.samples import Meaning
from ferrule.stats.interval import Interval, hierarchical_interval

CACHE_LINE = 64  # bytes: copying this much or less is free compared with the call itself


def is_bandwidth(meaning: Meaning) -> bool:
    """Whether bytes a second are the measure of an operation: it moves many bytes and does not wait for each transfer.

    A byte or a word is a message, measured by its latency. So is a round trip, which waits for its answer, and an
    operation that needs context switches.
    """
    return meaning.bytes > CACHE_LINE and meaning.per != "round_trip" and not meaning.switches


def rate(ns_per_operation: ArrayLike, bytes_per_operation: int) -> float:
    """One process's bytes a second over all its batches, which have equal sizes; 0 when no time passed."""
    ns = np.asarray(ns_per_operation, dtype=np.float64)
    total = float(ns.sum())
    return bytes_per_operation * ns.size / total * 1e9 if total > 0 else 0.0


def throughput(processes: Sequence[ArrayLike], boots: Sequence[int], bytes_per_operation: int) -> Interval:
    """Bytes a second over processes and boots.

    Args:
        processes: ns per operation of each process's batches.
        boots: the boot of each process.
        bytes_per_operation: payload bytes moved by one operation.
    """
    return hierarchical_interval([rate(ns, bytes_per_operation) for ns in processes], boots)
