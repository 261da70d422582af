"""Folded stacks, one a line, as flamegraph.pl, inferno and speedscope read them: `outer;inner count`."""

from __future__ import annotations

from ferrule.anatomy.profile import Profile

SUFFIX = ".folded"


def render(profile: Profile) -> str:
    """Instructions of all counted operations together: the format has whole numbers only."""
    lines = []
    for way, node in profile.ways():
        count = round(node.own * profile.operations)
        names = [profile.functions[one].name.replace(";", ":") for one in way]
        if count:
            lines.append(f"{';'.join(names)} {count}\n")
    return "".join(sorted(lines))
