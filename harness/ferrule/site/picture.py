"""The picture for the README: what a family's operations cost on each kernel, over Linux; with its own colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import escape

from ferrule.decision.costs import Table, tables
from ferrule.site.compatibility import AREAS
from ferrule.site.marks import shade_of, times
from ferrule.site.shelf import REFERENCE, Group, Shelf
from ferrule.stats.compare import Ratio

NAME = "overview.svg"
LEFT, TOP, CELL, ROW = 190, 64, 96, 40
COLOURS = {  # light, dark; as in style.css
    "a5": ("#55b0a5", "#156960"), "a4": ("#7cc3ba", "#1b5f58"), "a3": ("#a3d5ce", "#1d524c"),
    "a2": ("#c6e4e0", "#1d403c"), "a1": ("#e3f1ef", "#1c2f2d"), "z": ("#f1f2f4", "#24292e"),
    "b1": ("#fdf0dc", "#33291a"), "b2": ("#fbe0b8", "#473518"), "b3": ("#f8cc90", "#5d4215"),
    "b4": ("#f4b56a", "#735012"), "b5": ("#ee9c48", "#84550a"),
}  # fmt: skip


def overview(shelf: Shelf) -> str | None:
    """The picture of the largest group; None where it has no Linux to compare with."""
    group = shelf.groups[0] if shelf.groups else None
    if group is None or group.linux is None or len(group.lines) < 2:
        return None
    rows = {table.family: found for table in tables(group.columns) if (found := _over_linux(table))}
    if not rows:
        return None
    order = list(AREAS)
    families = sorted(rows, key=lambda name: (order.index(name) if name in order else len(order), name))
    return _draw(group, [(AREAS.get(name, name), rows[name]) for name in families])


def _over_linux(table: Table) -> Mapping[str, Ratio]:
    fitted = table.fitted()
    if fitted is None or REFERENCE not in fitted.columns:
        return {}
    return {name: fitted.ratio(REFERENCE, name) for name in fitted.columns}


def _draw(group: Group, rows: Sequence[tuple[str, Mapping[str, Ratio]]]) -> str:
    names = sorted(group.guests, key=lambda name: (_mean([row for _, row in rows], name), name))
    width, height = LEFT + CELL * len(names) + 12, TOP + ROW * len(rows) + 34
    date = max(line.ts for line in group.lines)[:10]
    unit = "instructions" if group.exact else "time"
    parts = [f'<text class="h" x="12" y="24">What operations cost, over Linux ({unit})</text>']
    parts += [
        f'<text class="m" x="{LEFT + CELL * at + CELL / 2:g}" y="{TOP - 10}">{escape(name.rpartition(":")[2])}</text>'
        for at, name in enumerate(names)
    ]
    for down, (title, row) in enumerate(rows):
        y = TOP + ROW * down
        parts.append(f'<text x="12" y="{y + 25}">{escape(title)}</text>')
        for at, name in enumerate(names):
            x = LEFT + CELL * at
            kind = shade_of(row[name]) if name in row else "none"
            text = times(row[name]) if name in row else "\u2013"
            parts.append(f'<rect class="{kind}" x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{ROW - 2}" rx="3"/>')
            parts.append(f'<text class="m" x="{x + CELL / 2:g}" y="{y + 25}">{text}</text>')
    foot = f"{group.title}, {date}. Below 1 is cheaper. A dash: no operation that Linux has, too."
    parts.append(f'<text class="f" x="12" y="{height - 10}">{escape(foot)}</text>')
    ratios = "; ".join(f"{title}: {_ratios(names, row)}" for title, row in rows)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" width="{width}">\n'
        f"<title>{escape(f'Cost over Linux. {ratios}')}</title>\n<style>{_style()}</style>\n"
        f'<rect class="bg" width="{width}" height="{height}"/>\n{body}\n</svg>\n'
    )


def _mean(rows: Sequence[Mapping[str, Ratio]], name: str) -> float:
    ratios = [row[name].ratio for row in rows if name in row]
    return sum(ratios) / len(ratios) if ratios else float("inf")


def _ratios(names: Sequence[str], row: Mapping[str, Ratio]) -> str:
    return ", ".join(f"{name} {times(row[name])}" for name in names if name in row)


def _style() -> str:
    light = "".join(f".{name}{{fill:{one}}}" for name, (one, _) in COLOURS.items())
    dark = "".join(f".{name}{{fill:{other}}}" for name, (_, other) in COLOURS.items())
    return (
        "text{font:15px system-ui,sans-serif;fill:#1c2024}.h{font-weight:600;font-size:17px}.m{text-anchor:middle}"
        f".f{{font-size:13px}}.bg,.none{{fill:#fff}}{light}"
        f"@media(prefers-color-scheme:dark){{text{{fill:#e6e9ec}}.bg,.none{{fill:#14171a}}{dark}}}"
    )
