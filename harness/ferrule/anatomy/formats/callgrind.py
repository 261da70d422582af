"""Callgrind's format, which KCachegrind and callgrind_annotate read.

It is described at https://valgrind.org/docs/manual/cl-format.html. Costs are whole numbers there, so they are those of
all counted operations together.
"""

from __future__ import annotations

from collections import defaultdict

from ferrule.anatomy.profile import Function, Profile

SUFFIX = ".callgrind"


def render(profile: Profile) -> str:
    """Exclusive costs by function, calls with their inclusive costs."""
    own: dict[tuple[int, bool], int] = defaultdict(int)
    calls: dict[tuple[int, bool], dict[tuple[int, bool], list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    inclusive = profile.inclusive()
    times = profile.operations
    for number, node in enumerate(profile.nodes):
        here = (node.function, node.interrupt)
        own[here] += round(node.own * times)
        if node.parent >= 0:
            above = profile.nodes[node.parent]
            edge = calls[above.function, above.interrupt][here]
            edge[0] += round(node.calls * times)
            edge[1] += round(inclusive[number] * times)
    lines = [
        "# callgrind format",
        "version: 1",
        "creator: ferrule anatomy",
        f"cmd: {profile.title}",
        f"desc: Operations: {profile.operations}",
        "positions: line",
        "events: Ir",
        f"summary: {sum(own.values())}",
        "",
    ]
    names: set[str] = set()
    for here in sorted(own, key=lambda key: (-own[key], key)):
        if not own[here] and here not in calls:
            continue
        lines += [
            f"fl={_of(profile.functions[here[0]])}",
            f"ob={_of(profile.functions[here[0]])}",
            f"fn={_name(profile, here, names)}",
            f"0 {own[here]}",
        ]
        for there, (count, cost) in sorted(calls[here].items()) if here in calls else ():
            if cost or count:
                lines += [
                    f"cfi={_of(profile.functions[there[0]])}",
                    f"cob={_of(profile.functions[there[0]])}",
                    f"cfn={_name(profile, there, names)}",
                ]
                lines += [f"calls={max(count, 1)} 0", f"0 {cost}"]
        lines.append("")
    return "\n".join(lines)


def _name(profile: Profile, key: tuple[int, bool], written: set[str]) -> str:
    """`(7) name` where it is written first, `(7)` from then on."""
    number = f"({key[0] * 2 + key[1] + 1})"
    if number in written:
        return number
    written.add(number)
    return f"{number} {profile.functions[key[0]].name}{' [interrupt]' if key[1] else ''}"


def _of(function: Function) -> str:
    return function.group
