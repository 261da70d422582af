"""A flame graph as one self-contained SVG file: width is instructions, a box is called by the box below it.

Pointing at a box shows its full name and its numbers (SVG's own <title>); a click or a tap writes them below the
heading, because a touch screen has no pointer. Heading and legend fit the width of a phone, where the graph is scrolled
or zoomed.
"""

from __future__ import annotations

from collections import defaultdict
from xml.sax.saxutils import escape

from ferrule.anatomy.formats.tables import figure
from ferrule.anatomy.profile import Profile

SUFFIX = ".svg"
WIDTH, HEIGHT, TOP, FOOT, SIDE = 1200, 18, 66, 28, 10
_LEAST = 0.4  # pixels: narrower boxes are left out
_LETTER = 6.6  # pixels, of the font below
_COLOURS = {"payload": "#9ecae1", "kernel": "#fdae6b", "other": "#c7e9c0", "interrupt": "#d9d9d9"}
_ON_CLICK = """document.documentElement.addEventListener("click", function (event) {
  var box = event.target.closest("g"), line = document.getElementById("described");
  if (box && line) line.textContent = box.querySelector("title").textContent;
});"""
_LABELS = {"payload": "payload", "kernel": "kernel", "other": "other programs", "interrupt": "interrupts"}


def render(profile: Profile) -> str:
    """The whole file. All nodes with the same path of functions are one box."""
    below: dict[tuple[int, ...], set[tuple[int, ...]]] = defaultdict(set)
    weight: dict[tuple[int, ...], float] = defaultdict(float)
    irq: dict[tuple[int, ...], bool] = {}
    for way, node in profile.ways():
        for length in range(len(way) + 1):
            weight[tuple(way[:length])] += node.own
            if length:
                below[tuple(way[: length - 1])].add(tuple(way[:length]))
        irq[tuple(way)] = node.interrupt
    boxes: list[tuple[float, float, int, tuple[int, ...]]] = []
    scale = (WIDTH - 2 * SIDE) / max(weight[()], 1e-9)

    def place(way: tuple[int, ...], left: float) -> None:
        width = weight[way] * scale
        if width < _LEAST:
            return
        if way:
            boxes.append((left, width, len(way), way))
        for next_way in sorted(below[way], key=lambda one: profile.functions[one[-1]].name):
            place(next_way, left)
            left += weight[next_way] * scale

    place((), float(SIDE))
    deepest = max((depth for _, _, depth, _ in boxes), default=0)
    height = TOP + deepest * HEIGHT + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
        ' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="11">',
        f"<title>{escape(profile.title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{SIDE}" y="20" font-size="13">{escape(profile.title)}</text>',
        f'<text x="{SIDE}" y="37">{figure(profile.value)} instructions an operation</text>',
        f'<text x="{SIDE}" y="54" id="described"/>',
    ]
    for left, width, depth, box in boxes:
        function = profile.functions[box[-1]]
        kind = "interrupt" if irq.get(box, False) else function.group
        y = height - FOOT - depth * HEIGHT
        label = _fitting(function.short, width)
        about = f"{function.name}: {figure(weight[box])} instructions, {weight[box] / max(weight[()], 1e-9):.1%}"
        parts.append(
            f'<g><title>{escape(about)}</title><rect x="{left:.2f}" y="{y}" width="{max(width - 0.3, 0.2):.2f}"'
            f' height="{HEIGHT - 1}" fill="{_COLOURS[kind]}" rx="1"/>'
            + (f'<text x="{left + 3:.2f}" y="{y + 13}">{escape(label)}</text>' if label else "")
            + "</g>"
        )
    parts += _legend(height)
    return "\n".join([*parts, f"<script><![CDATA[{_ON_CLICK}]]></script>", "</svg>"]) + "\n"


def _fitting(name: str, width: float) -> str:
    room = int((width - 6) / _LETTER)
    if room < 3:
        return ""
    return name if len(name) <= room else f"{name[: room - 2]}.."


def _legend(height: int) -> list[str]:
    parts, left = [], SIDE
    for kind, label in _LABELS.items():
        y = height - FOOT + 9
        parts.append(f'<rect x="{left}" y="{y}" width="12" height="12" fill="{_COLOURS[kind]}"/>')
        parts.append(f'<text x="{left + 17}" y="{y + 10}">{label}</text>')
        left += 28 + int(len(label) * _LETTER)
    return parts
