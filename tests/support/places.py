"""Where tests find what is theirs: the checkout, and workloads that are wrong on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
WORKLOADS: Final = ROOT / "tests" / "workloads"  # faults/, floor/, team/ and traps/
FAULTS: Final = WORKLOADS / "faults"
METRICS: Final = ROOT / "results" / "metrics.yml"
