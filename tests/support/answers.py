"""The expected end of each workload's run, read from the sources: which operations a port lacks or declares absent.

No workload is listed here: one that calls an operation which its port lacks must end with that operation's name, and
every other one must succeed. What a kernel itself refuses or does wrongly is listed with that kernel's model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ferrule.payload import operations
from ferrule.payload.registry import workloads

from tests.support.places import ROOT

FOR_A_PARAMETER = frozenset({"os_library_enter", "os_library_leave", "os_policy"})  # not called by default
# Not called by default by these workloads either: extra threads that sleep, are busy or yield.
BESIDE = dict.fromkeys(("idle", "wakeup_latency", "yield"), frozenset({"os_thread_start"}))


@dataclass(frozen=True)
class Kernel:
    """Results that depend on the kernel, or on how a program is started there, and not on the port."""

    without: Mapping[str, str] = field(default_factory=dict)  # operation -> absent | not_ported
    refuses: Mapping[str, str] = field(default_factory=dict)  # workload -> the operation that gets an errno
    wrong: frozenset[str] = frozenset()  # workloads whose operation does something else there


def absent(os: str) -> set[str]:
    """The operations that a port declares in OS_ABSENT: they have no meaning on its OS."""
    text = (ROOT / "guest" / "os" / os / "port.h").read_text()
    found = re.search(r"#define OS_ABSENT((?:[^\n]*\\\n)*[^\n]*\n)", text)
    return set(" ".join(re.findall(r'"([^"]*)"', found[1])).split()) if found else set()


def faults(os: str, ends: Mapping[str, Mapping[str, str]], kernel: Kernel | None = None) -> list[str]:
    """One line for each run whose end is not the expected one; `ends`: the end of each run, by workload."""
    kernel = kernel or Kernel()
    lacks, meaningless = operations.ports()[os], absent(os)
    found = []
    for name, end in ends.items():
        called = [call for call in operations.calls(workloads()[name].path) if call not in BESIDE.get(name, ())]
        missing = {call: "absent" if call in meaningless else "not_ported" for call in called if call in lacks}
        missing |= {call: status for call, status in kernel.without.items() if call in called}
        if not _right(end, missing, kernel.refuses.get(name), name in kernel.wrong):
            found.append(f"{name}: {dict(end)}, missing {missing}")
    return found


def _right(end: Mapping[str, str], missing: Mapping[str, str], refused: str | None, wrong: bool) -> bool:
    status, operation = end["status"], end.get("operation")
    if (status, operation) == ("unsupported", "scale"):
        return True  # needs more CPUs than there are: no call was made
    if refused or wrong:
        return (status, operation) == (("unsupported", refused) if refused else ("wrong", "verify"))
    if missing.keys() - FOR_A_PARAMETER:
        return (status, operation) in [(status, call) for call, status in missing.items()]
    return status == "ok" or (status == "absent" and "seen" in end)  # the call exists, but not what it would measure
