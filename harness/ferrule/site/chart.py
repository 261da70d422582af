"""Line and bar charts as SVG that the page's style sheet colours: classes instead of colours, text as text, no script.

Plotting libraries write fixed colours into their SVG; a page for light and dark would need each chart twice. The same
numbers give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

WIDTH, HEIGHT = 480, 280  # the text is still legible on a phone
LEFT, RIGHT, TOP, BOTTOM = 60, 118, 30, 40
TONES = 8  # colours in style.css
BAR, GAP = 18, 8


@dataclass(frozen=True)
class Line:
    """A series."""

    name: str
    tone: int  # the number of its colour, the same in every chart
    points: Sequence[tuple[float, float, str]]  # x, y, label
    guide: bool = False  # not measured


def lines(series: Sequence[Line], x_title: str, y_title: str, alt: str, *, numbered: bool = False) -> Markup:
    """Series on two logarithmic scales; `numbered`: x is linear and has no ticks. Values must be positive."""
    xs = [x for one in series for x, _, _ in one.points]
    ys = [y for one in series for _, y, _ in one.points]
    x_of = _Scale(min(xs), max(xs), LEFT, WIDTH - RIGHT, even=numbered)
    y_of = _Scale(min(ys), max(ys), HEIGHT - BOTTOM, TOP, even=False)
    parts = []
    for tick in y_of.ticks():
        y = y_of(tick)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{figure(tick)}</text>')
    shown = sorted(set(xs)) if len(set(xs)) <= 8 else x_of.ticks()
    for tick in () if numbered else shown:
        x = x_of(tick)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{figure(tick)}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(x_title)}</text>')
    parts.append(f'<text x="{LEFT - 56}" y="14">{escape(y_title)}</text>')
    ends = _apart([(y_of(one.points[-1][1]), number) for number, one in enumerate(series)])
    for number, one in enumerate(series):
        way = "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y, _ in one.points)
        kind = "s guide" if one.guide else f"s s{one.tone % TONES}"
        parts.append(f'<g class="{kind}"><path d="M{way}"/>')
        for x, y, label in () if one.guide else one.points:
            title = escape(f"{one.name}: {label}")
            parts.append(f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3.5"><title>{title}</title></circle>')
        parts.append(f'<text x="{WIDTH - RIGHT + 10}" y="{ends[number] + 4:.1f}">{escape(one.name)}</text></g>')
    return _svg(WIDTH, HEIGHT, alt, parts)


def bars(values: Mapping[str, tuple[float, str]], alt: str) -> Markup:
    """A bar for each name, from zero: its length, and the text after it."""
    most = max(length for length, _ in values.values())
    height = len(values) * (BAR + GAP) + GAP
    parts = []
    for number, (name, (length, label)) in enumerate(values.items()):
        y = GAP + number * (BAR + GAP)
        width = max(1.0, (WIDTH - 300) * length / most)
        parts.append(f'<text x="120" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="bar" x="128" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>')
        parts.append(f'<text x="{134 + width:.1f}" y="{y + 13}">{escape(label)}</text>')
    return _svg(WIDTH, height, alt, parts)


def _svg(width: int, height: int, alt: str, parts: Sequence[str]) -> Markup:
    body = "\n".join(parts)
    return Markup(  # noqa: S704 - all text in it is escaped above
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(alt)}">\n{body}\n</svg>'
    )


class _Scale:
    """From values to coordinates."""

    def __init__(self, low: float, high: float, start: float, end: float, *, even: bool) -> None:
        self._even, self._start, self._end = even, start, end
        self._low, self._high = (low, high) if even else (log10(low), log10(high))
        if not even and self._high - self._low < 0.5:  # a narrow range must not fill the axis
            middle = (self._low + self._high) / 2
            self._low, self._high = middle - 0.25, middle + 0.25

    def __call__(self, value: float) -> float:
        at = value if self._even else log10(value)
        share = (at - self._low) / (self._high - self._low) if self._high > self._low else 0.5
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Powers of ten; with multiples between them where there are few."""
        first, last = floor(self._low), ceil(self._high)
        wide = self._high - self._low
        steps: tuple[float, ...] = (1,) if wide > 3 else (1, 2, 5) if wide > 1 else (1, 1.5, 2, 3, 4, 5, 7)
        found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        return [tick for tick in found if self._low - 1e-9 <= log10(tick) <= self._high + 1e-9]


def _apart(places: Sequence[tuple[float, int]], least: float = 14.0) -> dict[int, float]:
    """Places of labels, moved apart until none overlaps another."""
    found: dict[int, float] = {}
    last = -least
    for place, number in sorted(places):
        last = max(place, last + least)
        found[number] = last
    over = max(0.0, last - (HEIGHT - BOTTOM + 10))
    return {number: place - over for number, place in found.items()}


def figure(value: float) -> str:
    """`64 k`, `1.5 M`: powers of two where they are whole, else of ten."""
    for size, unit in ((1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")):
        if value >= size and value % size == 0:
            return f"{value / size:g} {unit}"
    for power, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= power:
            return f"{value / power:g} {unit}"
    return f"{value:g}"
