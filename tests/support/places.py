"""Paths that tests use: the checkout, and the tests' own workloads, some of them wrong on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
WORKLOADS: Final = ROOT / "tests" / "workloads"  # faults/, floor/, team/ and traps/
FAULTS: Final = WORKLOADS / "faults"
METRICS: Final = ROOT / "results" / "metrics.yml"
