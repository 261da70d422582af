"""The Go benchmark format (golang.org/design/14313-benchmark-format), with units declared: benchstat reads it.

`assume=exact` holds for a unit, not for a line, so counts that depend on the path have a unit of their own.
Times have Go's own unit.
"""

from __future__ import annotations

import re

from ferrule.gate.formats.measured import measured
from ferrule.gate.verdict import Report

EXACT, PATH, TIME = "instr/op", "path-instr/op", "ns/op"
_UNIT = {"path": PATH, "time": TIME}


def render(report: Report) -> str:
    """The whole file: one line for each boot or pair."""
    lines = [f"Unit {EXACT} better=lower assume=exact", *(f"Unit {unit} better=lower" for unit in (PATH, TIME))]
    for _, one, value in measured(report):
        unit = _UNIT.get(one.kind or "", EXACT)
        name = f"Benchmark{_name(one.workload)}/guest={re.sub(r'[^!-~]', '_', one.guest)}"
        lines += [f"{name} {max(one.n, 1)} {count!r} {unit}" for count in one.boots or (value,)]
    return "\n".join(lines) + "\n"


def _name(workload: str) -> str:
    """`pipe_bandwidth[size=4096,cross_core]` -> `Pipe_bandwidth/size=4096/place=cross_core`."""
    base, _, inside = workload.partition("[")
    parts = [part if "=" in part else f"place={part}" for part in inside.rstrip("]").split(",") if part]
    return "/".join([base[:1].upper() + base[1:], *parts])
