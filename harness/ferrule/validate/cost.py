"""Time and memory of the verdicts, and whether the same input gives the same bytes: 200 workloads, 60 pairs.

Started as a separate program, so that the memory is that of the analysis only.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from ferrule import programs
from ferrule.errors import InfrastructureError
from ferrule.stats.pace import levels
from ferrule.stats.paired import log_ratios
from ferrule.validate.families import Family

WORKLOADS, PAIRS, VISITS, BATCHES = 200, 60, 4, 8


def measure(seed: int) -> dict[str, Any]:
    """Run the analysis twice, each in a process of its own; both must give the same digest of all verdicts.

    Raises:
        InfrastructureError: a process failed.
    """
    runs = []
    for _ in range(2):
        command = [*programs.python("from ferrule.validate.cost import main; main()"), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise InfrastructureError(f"validate: the analysis failed: {done.stderr[-500:]}")
        runs.append(json.loads(done.stdout))
    return {
        "seconds": min(run["seconds"] for run in runs),
        "megabytes": max(run["megabytes"] for run in runs),
        "same": runs[0]["digest"] == runs[1]["digest"],
    }


def _analyse(seed: int) -> dict[str, Any]:
    """From raw batches to verdicts. The samples are synthetic: only their number matters here."""
    draw = np.random.default_rng(seed)
    shape = (WORKLOADS, 2 * PAIRS, VISITS, BATCHES)
    pace = 2e4 * np.exp(draw.normal(0, 0.03, (*shape[:2], 1, 1))) * np.ones(shape)
    ticks = np.round(10.0 * pace * np.exp(draw.normal(0, 0.01, shape))).astype(np.int64)
    started = time.process_time()
    arms = [np.split(levels(ticks[at], pace[at])[0], 2) for at in range(WORKLOADS)]
    logs = {f"workload_{at}": log_ratios(*both) for at, both in enumerate(arms)}
    verdicts = Family(logs, {}).verdicts()
    seconds = time.process_time() - started
    digest = hashlib.sha256(repr(sorted(verdicts.items())).encode()).hexdigest()
    return {
        "seconds": seconds,
        "megabytes": _peak(),
        "digest": digest,
    }


def _peak() -> float:
    """Peak memory of this program in MiB. Not ru_maxrss, which still holds the parent's value from before the exec."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii", errors="replace"))
    if found is None:
        raise InfrastructureError("validate: /proc/self/status has no VmHWM, the peak of memory")
    return int(found[1]) / 1024.0


def main() -> None:
    """The separate program: print the analysis of the seed that it is given."""
    print(json.dumps(_analyse(int(sys.argv[1]))))
