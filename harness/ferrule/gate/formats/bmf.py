"""Bencher Metric Format: benchmark -> measure -> value with lower and upper value. The range is that of all boots."""

from __future__ import annotations

import json

from ferrule.gate.formats.measured import measured
from ferrule.gate.verdict import Report


def render(report: Report) -> str:
    """The whole file."""
    found = {
        name: {
            one.unit: {
                "value": value,
                "lower_value": min(one.boots, default=value),
                "upper_value": max(one.boots, default=value),
            }
        }
        for name, one, value in measured(report)
    }
    return json.dumps(found, indent=2, sort_keys=True, allow_nan=False) + "\n"
