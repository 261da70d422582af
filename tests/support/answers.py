"""What a run without a number must say, read from the sources: what a port lacks, and what its OS has no such thing as.

No list here names a workload: one that calls an operation that its port lacks is refused by that operation's name, and
every other one is right. What a kernel itself refuses or does wrongly stands with the kernel's model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ferrule.payload import operations
from ferrule.payload.registry import workloads

from tests.support.places import ROOT

FOR_A_PARAMETER = frozenset({"os_library_enter", "os_library_leave", "os_policy"})  # nobody asks for these by default
# Likewise, but of these workloads alone: threads that sleep, are busy or take turns beside them.
BESIDE = dict.fromkeys(("idle", "wakeup_latency", "yield"), frozenset({"os_thread_start"}))


@dataclass(frozen=True)
class Kernel:
    """What a kernel, or a way of starting a program on it, answers whatever its port has."""

    without: Mapping[str, str] = field(default_factory=dict)  # operation -> absent | not_ported
    refuses: Mapping[str, str] = field(default_factory=dict)  # workload -> the operation that gets an errno
    wrong: frozenset[str] = frozenset()  # workloads that do something else there


def absent(os: str) -> set[str]:
    """The operations that a port says have no meaning on its OS."""
    text = (ROOT / "guest" / "os" / os / "port.h").read_text()
    found = re.search(r"#define OS_ABSENT((?:[^\n]*\\\n)*[^\n]*\n)", text)
    return set(" ".join(re.findall(r'"([^"]*)"', found[1])).split()) if found else set()


def faults(os: str, ends: Mapping[str, Mapping[str, str]], kernel: Kernel | None = None) -> list[str]:
    """By workload the end of its run: those that are not what the sources and the kernel's model make of them."""
    kernel = kernel or Kernel()
    lacks, nothing = operations.ports()[os], absent(os)
    found = []
    for name, end in ends.items():
        called = [call for call in operations.calls(workloads()[name].path) if call not in BESIDE.get(name, ())]
        missing = {call: "absent" if call in nothing else "not_ported" for call in called if call in lacks}
        missing |= {call: status for call, status in kernel.without.items() if call in called}
        if not _right(end, missing, kernel.refuses.get(name), name in kernel.wrong):
            found.append(f"{name}: {dict(end)}, missing {missing}")
    return found


def _right(end: Mapping[str, str], missing: Mapping[str, str], refused: str | None, wrong: bool) -> bool:
    status, operation = end["status"], end.get("operation")
    if (status, operation) == ("unsupported", "scale"):
        return True  # needs more CPUs than there are: no kernel was asked
    if refused or wrong:
        return (status, operation) == (("unsupported", refused) if refused else ("wrong", "verify"))
    if missing.keys() - FOR_A_PARAMETER:
        return (status, operation) in [(status, call) for call, status in missing.items()]
    return status == "ok" or (status == "absent" and "seen" in end)  # it has the call, but not what would be measured
