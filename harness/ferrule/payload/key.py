"""What is measured: the name of one run, the same in a plan, in a record and in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Params = tuple[tuple[str, int], ...]
# How many do a run at once: parameters of every workload, less one that has a parameter of that name itself.
SCALE: Final = ("threads", "procs")
SCALE_MOST: Final = 64


@dataclass(frozen=True, order=True)
class RunKey:
    """What is measured: a workload, its parameters as asked, and where its ends run."""

    workload: str
    params: Params = ()
    place: str = "same_core"

    def __str__(self) -> str:
        """`context_switch[procs=2,size=0,same_core]`; the place is left out where only one end exists."""
        parts = [f"{key}={value}" for key, value in self.params]
        if self.place != "same_core":
            parts.append(self.place)
        return f"{self.workload}[{','.join(parts)}]" if parts else self.workload
