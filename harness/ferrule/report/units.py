"""Numbers for people: the best unit, and as many digits as the interval justifies."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10

TIME = (("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9))  # in nanoseconds
RATE = (("B/s", 1.0), ("kB/s", 1e3), ("MB/s", 1e6))  # SI: 1 MB = 10^6 B; benchmarks of this field use no larger unit
SIGNIFICANT = 4  # digits where there is no width
OPERATIONS = (("/s", 1.0), ("k/s", 1e3), ("M/s", 1e6), ("G/s", 1e9))
Scale = tuple[str, float]


def best(values: Iterable[float], scales: tuple[Scale, ...] = TIME) -> Scale:
    """The largest unit in which the smallest magnitude is still at least 1; the smallest unit for zeros."""
    least = min((abs(value) for value in values if value), default=0.0)
    found = scales[0]
    for scale in scales:
        if least >= scale[1]:
            found = scale
    return found


def decimals(estimate: float, low: float | None, high: float | None) -> int:
    """Decimal places such that the interval's width shows two significant digits, and the estimate at most six.

    Digits that the next run will change are not printed. Without a width: four significant digits of the estimate.
    """
    size = floor(log10(abs(estimate))) if estimate else 0
    width = (high - low) if low is not None and high is not None else 0.0
    if width <= 0:
        return max(0, SIGNIFICANT - 1 - size)
    return max(0, min(1 - floor(log10(width)), 5 - size))


def number(value: float, places: int) -> str:
    """Fixed point; never "-0.0"."""
    text = f"{value:.{places}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text


def time(estimate: float, low: float | None, high: float | None, scale: Scale | None = None) -> str:
    """`101.4 ns [101.2, 101.9]` from nanoseconds."""
    return _scaled(estimate, low, high, scale or best((estimate,)))


def rough(estimate: float) -> str:
    """A time of which only the magnitude matters, two significant digits: `4.9 ms`."""
    unit, size = best((estimate,))
    value = estimate / size
    return f"{number(value, max(0, 1 - floor(log10(abs(value)))) if value else 0)} {unit}"


def rate(estimate: float, low: float | None, high: float | None, scale: Scale | None = None) -> str:
    """`1523 MB/s [1510, 1540]` from bytes a second."""
    return _scaled(estimate, low, high, scale or best((estimate,), RATE))


def count(estimate: float, low: float | None, high: float | None) -> str:
    """`309 instr [309, 309]`: whole counts without decimals, others with two."""
    whole = all(value is None or value == round(value) for value in (estimate, low, high))
    places = 0 if whole else 2
    return f"{number(estimate, places)} instr{_interval(low, high, places)}"


def virtual(estimate: float, low: float | None, high: float | None) -> str:
    """`1026 virtual ns [1026, 1026]`: of a guest under icount, asleep or not."""
    return count(estimate, low, high).replace(" instr", " virtual ns", 1)


def cycles(estimate: float, low: float | None, high: float | None) -> str:
    """`302 cycles [300, 304]`."""
    return _scaled(estimate, low, high, ("cycles", 1.0))


def percent(estimate: float, low: float | None, high: float | None) -> str:
    """`98.1 % [97.5, 98.6]`."""
    return _scaled(estimate, low, high, ("%", 1.0))


def ratio(estimate: float, low: float | None, high: float | None) -> str:
    """`3.09 [3.05, 3.13]`; the ratio alone where it is exact."""
    places = decimals(estimate, low, high)
    return number(estimate, places) + ("" if low == high else _interval(low, high, places))


def _scaled(estimate: float, low: float | None, high: float | None, scale: Scale) -> str:
    unit, size = scale
    estimate, low, high = estimate / size, low and low / size, high and high / size
    places = decimals(estimate, low, high)
    return f"{number(estimate, places)} {unit}{_interval(low, high, places)}"


def _interval(low: float | None, high: float | None, places: int) -> str:
    return "" if low is None or high is None else f" [{number(low, places)}, {number(high, places)}]"
