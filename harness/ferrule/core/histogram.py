"""The guest's histogram, by the guest's own code: decodes, merges and reads the counts of `each` mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferrule.core._native import native

BUCKETS = 2752  # HIST_BUCKETS


class Counted(Protocol):
    """Sparse counts as a guest sends them: records.samples.Histogram."""

    count: int
    min: int
    max: int
    buckets: dict[int, int]


class Histogram:
    """`struct hist` of guest/core/hist.h: log buckets of tick counts, whose middle is within 1 % of every member."""

    def __init__(self) -> None:
        self._ffi, self._lib = native()
        self._hist: Any = self._ffi.new("struct hist *")

    @classmethod
    def of(cls, counted: Counted) -> Histogram:
        """From the sparse form that a guest sends.

        Raises:
            ValueError: a bucket that does not exist, a count below 0 or of 2^32 and more, or counts that do not add up.
        """
        return cls.from_buckets(counted.buckets, count=counted.count, low=counted.min, high=counted.max)

    @classmethod
    def from_buckets(
        cls, buckets: Mapping[int, int], *, count: int | None = None, low: int | None = None, high: int | None = None
    ) -> Histogram:
        """From {bucket: count}. `low` and `high` are the exact extremes, by default those of the outermost buckets.

        Raises:
            ValueError: a bucket that does not exist, a count below 0 or of 2^32 and more, or counts that do not add up.
        """
        made = cls()
        filled = sorted(bucket for bucket, members in buckets.items() if members)
        for bucket, members in buckets.items():
            if not (0 <= bucket < BUCKETS and 0 <= members < 1 << 32):
                raise ValueError(f"histogram: bucket {bucket} with {members} members is impossible")
            made._hist.bucket[bucket] = members
        total = sum(buckets.values())
        if count not in (None, total):
            raise ValueError(f"histogram: buckets hold {total} operations, {count} were declared")
        if filled:
            made._hist.count = total
            made._hist.min = int(made._lib.hist_low(filled[0])) if low is None else low
            made._hist.max = int(made._lib.hist_high(filled[-1])) if high is None else high
        return made

    def add(self, ticks: ArrayLike) -> None:
        """Count operations that took so many ticks each (any shape, no negative values)."""
        values: NDArray[Any] = np.asarray(ticks)
        if values.dtype.kind == "i" and values.size and int(values.min()) < 0:
            raise ValueError("histogram: ticks below 0")
        values = np.ascontiguousarray(values, dtype=np.uint64)
        self._lib.hist_add_many(self._hist, self._ffi.cast("uint64_t *", values.ctypes.data), values.size)

    def merge(self, other: Histogram) -> None:
        """Add the counts of another one: the result equals one histogram that counted both."""
        self._lib.hist_merge(self._hist, other._hist)

    def quantile(self, q: float) -> int:
        """The value at rank ceil(q * count), 0 <= q <= 1 in steps of 10^-6, in ticks; 0 when empty.

        The extremes are exact; every other value is its bucket's middle.
        """
        if not 0.0 <= q <= 1.0:
            raise ValueError(f"histogram: quantile {q} is not within 0..1")
        return int(self._lib.hist_quantile(self._hist, round(q * 1_000_000)))

    def interpolated(self, q: float) -> float:
        """The same with the members of a bucket spread evenly over it (quantile of grouped data), in ticks.

        The quantiles of several histograms then follow the distribution and not the grid of the buckets.
        """
        counts = self.counts
        rank = min(max(1, int(np.ceil(q * self.count))), self.count)
        bucket = int(np.searchsorted(np.cumsum(counts, dtype=np.int64), rank))
        place = (rank - int(counts[:bucket].sum(dtype=np.int64)) - 0.5) / float(counts[bucket])
        (low,), (high,) = bucket_bounds([bucket])
        return float(np.clip(low + place * (high - low), self.min, self.max))

    def at_rank(self, rank: int) -> int:
        """The value at a rank from 1 to `count`, in ticks; 0 when empty. The extremes are exact, as in quantile()."""
        if not 1 <= rank <= max(1, self.count):
            raise ValueError(f"histogram: rank {rank} is not within 1..{self.count}")
        return int(self._lib.hist_at_rank(self._hist, rank))

    @property
    def count(self) -> int:
        """Operations counted."""
        return int(self._hist.count)

    @property
    def clamped(self) -> int:
        """How many of them were over 2^48 - 1 ticks and are in the last bucket."""
        return int(self._hist.clamped)

    @property
    def min(self) -> int:
        """Exact, ticks; 0 when empty."""
        return int(self._hist.min)

    @property
    def max(self) -> int:
        """Exact, ticks; 0 when empty."""
        return int(self._hist.max)

    @property
    def counts(self) -> NDArray[np.uint32]:
        """Members of each bucket, (BUCKETS,); a copy."""
        raw = self._ffi.buffer(self._ffi.addressof(self._hist.bucket))
        return np.frombuffer(bytes(raw), dtype=np.uint32)

    def buckets(self) -> dict[int, int]:
        """The sparse form: {bucket: members} of the buckets that are not empty."""
        counts = self.counts
        return {int(bucket): int(counts[bucket]) for bucket in np.flatnonzero(counts)}


def bucket_of(ticks: int) -> int:
    """hist_index(): the bucket that counts this value."""
    return int(native().lib.hist_index(min(max(ticks, 0), (1 << 64) - 1)))


def bucket_middles(indices: Sequence[int]) -> NDArray[np.int64]:
    """hist_mid(): the values that represent these buckets, ticks, at most 1 % from every member.

    Raises:
        ValueError: there is no such bucket.
    """
    return _values("hist_mid", indices)


def bucket_bounds(indices: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """hist_low(), hist_high(): the smallest and the largest value of each of these buckets, ticks.

    Raises:
        ValueError: there is no such bucket.
    """
    return _values("hist_low", indices), _values("hist_high", indices)


def _values(name: str, indices: Sequence[int]) -> NDArray[np.int64]:
    value = getattr(native().lib, name)
    for index in indices:
        if not 0 <= index < BUCKETS:
            raise ValueError(f"histogram: there is no bucket {index}")
    return np.array([value(index) for index in indices], dtype=np.int64)
