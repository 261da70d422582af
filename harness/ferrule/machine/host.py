"""This host: where the ends of a run should live, and what the payload cannot know about the machine below it."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

# Words of the kernel's command line that move numbers; the others are nobody's business.
_CMDLINE = {
    *("clocksource", "cpuidle.off", "idle", "init_on_alloc", "intel_idle.max_cstate", "intel_pstate", "irqaffinity"),
    *("isolcpus", "mce", "mitigations", "nohz", "nohz_full", "nosmt", "nowatchdog", "page_poison", "preempt"),
    *("processor.max_cstate", "pti", "rcu_nocbs", "spectre_v2", "threadirqs", "transparent_hugepage", "tsc"),
}


def homes(allowed: Iterable[int], siblings: Iterable[int] | None = None) -> tuple[int, ...]:
    """Where the ends of a run live: the last CPU allowed, then the last one on another core.

    `siblings` are the CPUs of that last one's core; None: this host's own files tell.

    Interrupts and housekeeping prefer the first CPUs. A second thread of the same core serves only when there is no
    other; describe() tells (host.siblings).
    """
    first, *others = sorted(allowed, reverse=True)
    same = parse_ranges(_read(_cpu(first) / "topology/thread_siblings_list")) if siblings is None else set(siblings)
    second = [cpu for cpu in others if cpu not in same] or others
    return (first, *second[:1])


def facts(cpus: Sequence[int]) -> dict[str, str]:
    """What moves numbers and a payload cannot know; what the host does not tell is left out.

    Args:
        cpus: where things will run; the first one's governor and siblings are told.
    """
    return {name: value for name, value in _facts(cpus) if value}


def _facts(cpus: Sequence[int]) -> Iterable[tuple[str, str]]:
    system = platform.uname()
    yield "host.kernel", f"{system.system} {system.release} {system.version}"
    yield "host.load", " ".join(_read(Path("/proc/loadavg")).split()[:3])
    yield "host.cpus_allowed", ranges(os.sched_getaffinity(0))
    yield "host.hypervisor", hypervisor()
    home = _cpu(cpus[0]) if cpus else _cpu(0)
    for fact, path in {
        "host.cpu_driver": home / "cpufreq/scaling_driver",
        "host.governor": home / "cpufreq/scaling_governor",
        "host.boost": Path("/sys/devices/system/cpu/cpufreq/boost"),
        "host.no_turbo": Path("/sys/devices/system/cpu/intel_pstate/no_turbo"),
        "host.smt": Path("/sys/devices/system/cpu/smt/active"),
        "host.isolated": Path("/sys/devices/system/cpu/isolated"),
        "host.siblings": home / "topology/thread_siblings_list",
        "host.clocksource": Path("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "host.thp": Path("/sys/kernel/mm/transparent_hugepage/enabled"),
    }.items():
        yield fact, _read(path)
    words = [word for word in _read(Path("/proc/cmdline")).split() if word.partition("=")[0] in _CMDLINE]
    yield "host.cmdline", " ".join(words)
    flaws = sorted(Path("/sys/devices/system/cpu/vulnerabilities").glob("*"))
    states = {path.name: state for path in flaws if (state := _read(path)) != "Not affected"}
    yield "host.mitigations", "; ".join(f"{flaw}: {state}" for flaw, state in states.items())
    yield from _cgroup_facts()


def hypervisor() -> str:
    """Who runs this host: `none` on metal, else the maker's name as firmware or CPUID (by lscpu) tells it.

    Only x86 CPUs say whether there is one; elsewhere the firmware's maker stands here, on metal too.
    """
    flags = next((line for line in _read(Path("/proc/cpuinfo")).splitlines() if line.startswith("flags")), None)
    if flags is not None and "hypervisor" not in flags.split():
        return "none"
    names = [_read(Path("/sys/class/dmi/id") / key) for key in ("sys_vendor", "product_name")]
    return " ".join(name for name in names if name) or _lscpu("Hypervisor vendor") or "unknown"


def _lscpu(key: str) -> str:
    try:
        done = subprocess.run(["lscpu"], capture_output=True, text=True, timeout=5, env={"LC_ALL": "C"}, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    fields = dict(line.partition(":")[::2] for line in done.stdout.splitlines())
    return fields.get(key, "").strip()


def _cgroup_facts() -> Iterable[tuple[str, str]]:
    """Limits of our own cgroup (v2): a quota throttles in the middle of a batch, and nothing in a sample shows it."""
    line = next((text for text in _read(Path("/proc/self/cgroup")).splitlines() if text.startswith("0::")), "")
    folder = Path("/sys/fs/cgroup") / line.removeprefix("0::").lstrip("/")
    for key in ("cpu.max", "cpu.weight", "cpuset.cpus.effective", "memory.max"):
        if text := _read(folder / key):
            yield f"host.cgroup.{key}", text


def _cpu(number: int) -> Path:
    return Path(f"/sys/devices/system/cpu/cpu{number}")


def _read(path: Path) -> str:
    """A small file of the kernel's, stripped; empty when it is not there or not for us."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def parse_ranges(text: str) -> set[int]:
    """`0,4-6` -> {0, 4, 5, 6}: the kernel's list format (Documentation/admin-guide/kernel-parameters)."""
    pairs = [part.partition("-") for part in text.split(",") if part]
    return {cpu for low, _, high in pairs for cpu in range(int(low), int(high or low) + 1)}


def ranges(cpus: Iterable[int]) -> str:
    """CPU numbers for people."""
    return ",".join(str(cpu) for cpu in sorted(cpus))
