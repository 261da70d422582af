"""Bencher Metric Format: benchmark -> measure -> value with lower and upper value: of all boots or pairs.

Times are under the measure that Bencher itself calls latency and counts in ns.
"""

from __future__ import annotations

import json

from ferrule.gate.formats.measured import measured
from ferrule.gate.verdict import Report

_MEASURE = {"ns": "latency"}


def render(report: Report) -> str:
    """The whole file."""
    found = {
        name: {
            _MEASURE.get(one.unit, one.unit): {
                "value": value,
                "lower_value": min(one.boots, default=value),
                "upper_value": max(one.boots, default=value),
            }
        }
        for name, one, value in measured(report)
    }
    return json.dumps(found, indent=2, sort_keys=True, allow_nan=False) + "\n"
