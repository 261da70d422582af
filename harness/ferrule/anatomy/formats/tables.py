"""Tables of profiles: the functions of each, and what operations consist of, guests side by side."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from ferrule.anatomy.made_of import TITLES
from ferrule.anatomy.profile import Profile, Row

STYLES = {"text": "simple", "markdown": "github"}


def functions(profile: Profile, top: int, style: str = "text") -> str:
    """The `top` functions by their own instructions, with those of their callees."""
    own, within, share = profile.exclusive(), _inclusive(profile), max(profile.value, 1e-9)
    rows: list[tuple[str, ...]] = [
        (figure(count), f"{count / share:.1%}", figure(within.get(one, 0.0)), profile.functions[one].short,
         profile.functions[one].group)
        for one, count in sorted(own.items(), key=lambda item: (-item[1], item[0]))[:top]
    ]  # fmt: skip
    if rest := sum(own.values()) - sum(sorted(own.values(), reverse=True)[:top]):
        rows.append((figure(rest), f"{rest / share:.1%}", "", f"{max(0, len(own) - top)} more functions", ""))
    rows.append((figure(sum(own.values())), "100.0%", "", "all", ""))
    heads = ("own", "share", "with callees", "function", "part")
    return tabulate(rows, heads, tablefmt=STYLES[style], disable_numparse=True, colalign=("right",) * 3)


def made_of(profiles: Sequence[Profile], style: str = "text") -> str:
    """One column for each guest; rows that are 0 everywhere are left out."""
    rows: list[tuple[str, ...]] = [
        ("instructions", *(_range(Row(one.value, one.value, one.value)) for one in profiles))
    ]
    for key, title in TITLES.items():
        found = [one.made_of.get(key) for one in profiles]
        if any(row and row.high for row in found):
            rows.append((title, *(_range(row) for row in found)))
    if any(one.asleep_ns for one in profiles):
        rows.append(("nanoseconds asleep", *(figure(one.asleep_ns) for one in profiles)))
    heads = ("an operation", *(one.guest for one in profiles))
    return tabulate(rows, heads, tablefmt=STYLES[style], disable_numparse=True, colalign=("left",))


def figure(value: float) -> str:
    """A count as text: a whole number without decimals, any other with one, or two if it is small."""
    if abs(value - round(value)) < 0.005:
        return f"{round(value)}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _range(row: Row | None) -> str:
    if row is None:
        return "-"
    if row.low == row.high or not row.high - row.low > 0.005:
        return figure(row.value)
    return f"{figure(row.value)} [{figure(row.low)}, {figure(row.high)}]"


def _inclusive(profile: Profile) -> dict[int, float]:
    """For each function, the instructions within its outermost calls: recursion is counted once."""
    total = profile.inclusive()
    found: dict[int, float] = {}
    for number, node in enumerate(profile.nodes):
        at = node.parent
        while at >= 0 and profile.nodes[at].function != node.function:
            at = profile.nodes[at].parent
        if at < 0 and not node.interrupt:
            found[node.function] = found.get(node.function, 0.0) + total[number]
    return found
