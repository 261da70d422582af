"""A host that payloads run on, this one or another: what its kernel tells and a payload cannot know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from ferrule import programs
from ferrule.machine import probe, quota
from ferrule.machine.probe import Read, Said
from ferrule.machine.processors import Processors
from ferrule.records.conditions import KINDS, PLACEMENT
from ferrule.records.facts import TEXT
from ferrule.records.fields import clean

# Words of the kernel's command line that move numbers; the others are nobody's business.
_CMDLINE: Final = {
    *("clocksource", "cpuidle.off", "idle", "init_on_alloc", "intel_idle.max_cstate", "intel_pstate", "irqaffinity"),
    *("isolcpus", "mce", "mitigations", "nohz", "nohz_full", "nosmt", "nowatchdog", "page_poison", "preempt"),
    *("processor.max_cstate", "pti", "rcu_nocbs", "spectre_v2", "threadirqs", "transparent_hugepage", "tsc"),
}
_CPU: Final = "/sys/devices/system/cpu"
_FILES: Final = {
    "host.boost": f"{_CPU}/cpufreq/boost",
    "host.no_turbo": f"{_CPU}/intel_pstate/no_turbo",
    "host.smt": f"{_CPU}/smt/active",
    "host.isolated": f"{_CPU}/isolated",
    "host.clocksource": "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "host.thp": "/sys/kernel/mm/transparent_hugepage/enabled",
}


def look(files: Read = probe.here) -> Said:
    """All files that facts are made of: those of the machine, then those of our control groups on it."""
    said = dict(files(probe.FILES, exact=False))
    return said | quota.read(files, said)


def facts(said: Said, cpus: Sequence[int]) -> dict[str, str]:
    """What moves numbers and a payload cannot know; what the host does not tell is left out.

    Args:
        said: its files, from look().
        cpus: where the ends are pinned; empty: nowhere, and all CPUs that may be used are told of.
    """
    return {name: clean(value, TEXT) for name, value in _facts(said, cpus) if value}


def _facts(said: Said, cpus: Sequence[int]) -> Iterable[tuple[str, str]]:
    found = Processors(said)
    yield "host.kernel", " ".join(said.get(f"/proc/sys/kernel/{key}", "") for key in ("ostype", "osrelease", "version"))
    yield "host.load", " ".join(said.get("/proc/loadavg", "").split()[:3])
    yield "host.cpus_allowed", probe.ranges(found.allowed)
    yield "host.hypervisor", hypervisor(said)
    yield from found.about(cpus[:1] or sorted(found.allowed)).items()
    yield PLACEMENT, found.placement(cpus)
    yield KINDS, found.kinds(cpus)
    if cpus:
        yield "host.siblings", probe.ranges(found[cpus[0]].threads)
    for fact, path in _FILES.items():
        yield fact, said.get(path, "")
    words = [word for word in said.get("/proc/cmdline", "").split() if word.partition("=")[0] in _CMDLINE]
    yield "host.cmdline", " ".join(words)
    flaws = {PurePosixPath(path).name: state for path, state in said.items() if f"{_CPU}/vulnerabilities/" in path}
    yield "host.mitigations", "; ".join(f"{flaw}: {state}" for flaw, state in flaws.items() if state != "Not affected")
    yield from quota.facts(said)


def hypervisor(said: Said) -> str:
    """Who runs a host: `none` on metal, else the maker's name as firmware tells it; empty where nothing does.

    Only x86 CPUs say whether there is one; elsewhere the firmware's maker stands here, on metal too.
    """
    flags = probe.field(said.get("/proc/cpuinfo", ""), "flags")
    if flags and "hypervisor" not in flags.split():
        return "none"
    return " ".join(filter(None, (said.get(f"/sys/class/dmi/id/{key}") for key in ("sys_vendor", "product_name"))))


def of_payload(facts: Mapping[str, str]) -> dict[str, str]:
    """A host's facts where a payload is a process of it: the processor that it names is the host's first one."""
    found = dict(facts)
    if "host.cpu.model" in found:
        found["cpu.model"] = found.pop("host.cpu.model")
    return found


def here(cpus: Sequence[int]) -> dict[str, str]:
    """The facts of this host. Where its firmware is silent, CPUID names the hypervisor (by lscpu)."""
    found = facts(look(), cpus)
    if "host.hypervisor" not in found:
        found["host.hypervisor"] = _lscpu("Hypervisor vendor") or "unknown"
    return found


def _lscpu(key: str) -> str:
    return probe.field(programs.said(["lscpu"], {"LC_ALL": "C"}) or "", key)
