"""Facts about a host that payloads run on, this one or another: read from its kernel, not visible to a payload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from ferrule import programs
from ferrule.machine import probe, quota
from ferrule.machine.probe import Read, Texts
from ferrule.machine.processors import Processors
from ferrule.records.conditions import KINDS, PLACEMENT
from ferrule.records.facts import TEXT
from ferrule.records.fields import clean

# Words of the kernel's command line that change results; the others may be private and are not recorded.
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


def look(files: Read = probe.here) -> Texts:
    """All files that facts are read from: those of the machine, then those of our control groups on it."""
    texts = dict(files(probe.FILES, exact=False))
    return texts | quota.read(files, texts)


def facts(texts: Texts, cpus: Sequence[int]) -> dict[str, str]:
    """Facts that change results and that a payload cannot know; what the host does not report is left out.

    Args:
        texts: the host's files, from look().
        cpus: where the ends are pinned; empty: nowhere, and the facts cover all CPUs that may be used.
    """
    return {name: clean(value, TEXT) for name, value in _facts(texts, cpus) if value}


def _facts(texts: Texts, cpus: Sequence[int]) -> Iterable[tuple[str, str]]:
    found = Processors(texts)
    yield (
        "host.kernel",
        " ".join(texts.get(f"/proc/sys/kernel/{key}", "") for key in ("ostype", "osrelease", "version")),
    )
    yield "host.load", " ".join(texts.get("/proc/loadavg", "").split()[:3])
    yield "host.cpus_allowed", probe.ranges(found.allowed)
    yield "host.hypervisor", hypervisor(texts)
    yield from found.about(cpus[:1] or sorted(found.allowed)).items()
    yield PLACEMENT, found.placement(cpus)
    yield KINDS, found.kinds(cpus)
    if cpus:
        yield "host.siblings", probe.ranges(found[cpus[0]].threads)
    for fact, path in _FILES.items():
        yield fact, texts.get(path, "")
    words = [word for word in texts.get("/proc/cmdline", "").split() if word.partition("=")[0] in _CMDLINE]
    yield "host.cmdline", " ".join(words)
    flaws = {PurePosixPath(path).name: state for path, state in texts.items() if f"{_CPU}/vulnerabilities/" in path}
    yield "host.mitigations", "; ".join(f"{flaw}: {state}" for flaw, state in flaws.items() if state != "Not affected")
    yield from quota.facts(texts)


def hypervisor(texts: Texts) -> str:
    """The hypervisor below a host: `none` on bare metal, else the vendor's name from the firmware; empty if unknown.

    Only x86 CPUs report whether there is one. Elsewhere this is the firmware's vendor, on bare metal too.
    """
    flags = probe.field(texts.get("/proc/cpuinfo", ""), "flags")
    if flags and "hypervisor" not in flags.split():
        return "none"
    return " ".join(filter(None, (texts.get(f"/sys/class/dmi/id/{key}") for key in ("sys_vendor", "product_name"))))


def of_payload(facts: Mapping[str, str]) -> dict[str, str]:
    """A host's facts for a payload that is a process of it: `host.cpu.model` becomes the payload's `cpu.model`."""
    found = dict(facts)
    if "host.cpu.model" in found:
        found["cpu.model"] = found.pop("host.cpu.model")
    return found


def here(cpus: Sequence[int]) -> dict[str, str]:
    """The facts of this host. Where the firmware names no vendor, CPUID names the hypervisor (by lscpu)."""
    found = facts(look(), cpus)
    if "host.hypervisor" not in found:
        found["host.hypervisor"] = _lscpu("Hypervisor vendor") or "unknown"
    return found


def _lscpu(key: str) -> str:
    return probe.field(programs.output(["lscpu"], {"LC_ALL": "C"}) or "", key)
