"""The key of a run: one name for it in plans, records and tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Params = tuple[tuple[str, int], ...]
# How many do a run at once: parameters of every workload, except one that has a parameter of that name itself.
SCALE: Final = ("threads", "procs")
SCALE_MOST: Final = 64


@dataclass(frozen=True, order=True)
class RunKey:
    """One run: a workload, its parameters as asked, and where its ends run."""

    workload: str
    params: Params = ()
    place: str = "same_core"

    def __str__(self) -> str:
        """`context_switch[procs=2,size=0,cross_core]`; the default place `same_core` is left out."""
        parts = [f"{key}={value}" for key, value in self.params]
        if self.place != "same_core":
            parts.append(self.place)
        return f"{self.workload}[{','.join(parts)}]" if parts else self.workload
