"""JSON of github-action-benchmark's tool `customSmallerIsBetter`: a list of name, unit, value, range, extra."""

from __future__ import annotations

import json

from ferrule.gate.formats.measured import measured
from ferrule.gate.verdict import Report, figure


def render(report: Report) -> str:
    """The whole file."""
    rows = [
        {
            "name": name,
            "unit": f"{one.unit}/op",
            "value": value,
            "range": f"{figure(min(one.boots, default=value))}..{figure(max(one.boots, default=value))}",
            "extra": f"{one.kind}; {one.verdict.value}: {one.why}",
        }
        for name, one, value in measured(report)
    ]
    return json.dumps(rows, indent=2, allow_nan=False) + "\n"
