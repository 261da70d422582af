"""Speedscope's JSON, a profile of type `sampled` whose weights are instructions an operation.

The schema: https://www.speedscope.app/file-format-schema.json
"""

from __future__ import annotations

import json

from ferrule.anatomy.profile import Profile

SUFFIX = ".speedscope.json"


def render(profile: Profile) -> str:
    """One sample for each way to call a function."""
    ways = list(profile.ways())
    weights = [node.own for _, node in ways]
    file = {
        "$schema": "https://www.speedscope.app/file-format-schema.json",
        "exporter": "ferrule anatomy",
        "name": profile.title,
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": one.name, "file": one.group} for one in profile.functions]},
        "profiles": [
            {
                "type": "sampled",
                "name": f"{profile.title}, instructions an operation",
                "unit": "none",
                "startValue": 0,
                "endValue": sum(weights),
                "samples": [way for way, _ in ways],
                "weights": weights,
            }
        ],
    }
    return json.dumps(file, indent=1) + "\n"
