"""Ranks of values that may be equal, as whole numbers. Not scipy.stats, which takes half a second to import."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def doubled_ranks(values: ArrayLike) -> NDArray[np.int64]:
    """Twice the mid-ranks from 1, (n,): values below plus values at or below, plus one."""
    x = np.asarray(values, dtype=np.float64)
    ordered = np.sort(x)
    below, upto = np.searchsorted(ordered, x, "left"), np.searchsorted(ordered, x, "right")
    result: NDArray[np.int64] = (below + upto + 1).astype(np.int64)
    return result
