"""What pytest-benchmark's `extra_info` holds for a summary: plain JSON types, what its own statistics lack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule.records.samples import Conditions
from ferrule.report.codec import encode
from ferrule.stats.flags import Flag
from ferrule.stats.scaling import scaling
from ferrule.stats.stopping import width
from ferrule.stats.summary import Summary


def extra_info(
    summary: Summary, conditions: Conditions, *, among: Sequence[Summary] = (), **campaign: object
) -> dict[str, Any]:
    """Conditions, meaning, interval, tails, flags and the hierarchy that a flat list of samples lacks.

    Args:
        summary: what was measured.
        conditions: under which.
        among: other results of the same guest, one of which may be this run with a single worker.
        campaign: budget, seed and the like, stored as they are.
    """
    interval = summary.interval
    return {
        "unit": summary.unit,
        "functional_only": Flag.FUNCTIONAL in summary.flags,
        "workload": summary.key.workload,
        "params": dict(summary.params),
        "place_asked": summary.key.place,
        "place": summary.place,
        "meaning": encode(summary.meaning),
        "estimate": summary.estimate,
        "low": summary.low,
        "high": summary.high,
        "confidence": summary.confidence,
        "core_cycles": encode(summary.cycles),
        "method": summary.method,
        "scope": interval.scope,
        "boots": summary.n_boots,
        "processes": summary.n_processes,
        "batches": summary.batches,
        "boot_of_process": list(summary.boots),
        "operations_per_batch": list(summary.batch_sizes),
        "subtraction_u": summary.subtraction,
        "variance_components": encode(summary.components),
        "contamination": summary.contamination,
        "tails": encode(summary.tails),
        "throughput": encode(summary.throughput),
        "scaling": encode(scaling(summary, among)),
        "host_ppm": summary.host_ppm,
        "involuntary_switches": summary.involuntary,
        "surroundings": encode(summary.surroundings),
        "half_width": width(summary),
        "ended": summary.ended,
        "flags": {flag.name.lower(): flag.value for flag in summary.flags},
        "conditions": encode(conditions),
        **campaign,
    }
