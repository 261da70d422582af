"""This Linux host: the payload as a pinned child process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from ferrule import children
from ferrule.errors import UsageError
from ferrule.guests.base import Ending
from ferrule.guests.options import GuestOptions
from ferrule.samples import Accel
from ferrule.transports.local import LocalPayload

_ARCHES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64", "riscv64": "riscv64"}


# Words of the kernel's command line that move numbers; the others are nobody's business.
_CMDLINE = {
    *("clocksource", "cpuidle.off", "idle", "init_on_alloc", "intel_idle.max_cstate", "intel_pstate", "irqaffinity"),
    *("isolcpus", "mce", "mitigations", "nohz", "nohz_full", "nosmt", "nowatchdog", "page_poison", "preempt"),
    *("processor.max_cstate", "pti", "rcu_nocbs", "spectre_v2", "threadirqs", "transparent_hugepage", "tsc"),
}


def create(name: str, options: GuestOptions) -> LocalGuest:
    """The host as a guest. `options` it honours: cpus, boot_seconds."""
    if name != "local":
        raise UsageError(f"--guest {name}: the local guest takes no address; write `local`")
    if reason := unavailable(options):
        raise UsageError(f"--guest local: {reason}")
    return LocalGuest(_ARCHES[platform.machine().lower()], options)


def unavailable(options: GuestOptions) -> str | None:  # noqa: ARG001 - part of the registry's contract
    """Why this guest cannot be had here; None when it can."""
    if sys.platform != "linux":
        return f"this host runs {platform.system()}; the local guest needs Linux"
    if platform.machine().lower() not in _ARCHES:
        return f"no payload is built for {platform.machine()}; there are {', '.join(sorted(set(_ARCHES.values())))}"
    return None


class LocalGuest:
    """See base.Guest. In a virtual machine `metal` still says that time is real; describe() names the hypervisor."""

    name = "local"
    os = "linux"
    accel: Accel = "metal"
    fresh_boots = False

    def __init__(self, arch: str, options: GuestOptions) -> None:
        self.arch = arch
        self.boot_seconds = options.boot_seconds or 10.0
        allowed = os.sched_getaffinity(0)
        self.cpus = homes(allowed) if options.cpus is None else options.cpus
        if missing := [cpu for cpu in self.cpus if cpu not in allowed]:
            raise UsageError(f"--cpu {missing[0]}: not among the CPUs this process may use ({_ranges(allowed)})")

    def describe(self) -> dict[str, str]:
        """Conditions of this host; what it does not tell is left out."""
        return dict(_host_facts(self.cpus))

    def execute(self, payload: bytes, processes: int, boot: int) -> LocalExecution:  # noqa: ARG002 - part of the protocol
        """See base.Guest. `boot` changes nothing here: the host is not booted anew."""
        return LocalExecution(payload, processes)

    def close(self) -> None:
        """Nothing is kept."""


class LocalExecution:
    """See base.Execution. Processes are started one after the other, each when the one before ended with status 0."""

    def __init__(self, payload: bytes, processes: int) -> None:
        self._processes = processes
        self._process = 0
        self._ending: Ending | None = None
        self._payload = LocalPayload(payload)
        try:
            self._payload.start(["process=0"])
        except BaseException:
            self.close()
            raise

    def read(self, timeout: float) -> bytes:
        """See base.Execution."""
        deadline = time.monotonic() + timeout
        while self._ending is None:
            if data := self._payload.streams.read(deadline):
                return data
            status = self._payload.streams.wait()
            self._process += 1
            if status != 0 or self._process >= self._processes:
                self._ending = Ending(status == 0, children.ending_text(status))
            else:
                self._payload.start([f"process={self._process}"])
        return b""

    def console(self) -> str:
        """What the payload wrote to stderr."""
        return self._payload.console.text()

    def ending(self) -> Ending:
        """How the last process ended."""
        return self._ending or Ending(False, "killed before its end")

    def close(self) -> None:
        """See base.Execution."""
        self._payload.close()

    def __enter__(self) -> LocalExecution:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def homes(allowed: Iterable[int]) -> tuple[int, ...]:
    """Where the ends of a run live: the last CPU allowed, then the last one on another core.

    Interrupts and housekeeping prefer the first CPUs. A second thread of the same core serves only when there is no
    other; describe() tells (host.siblings).
    """
    first, *others = sorted(allowed, reverse=True)
    siblings = _parse_ranges(_read(_cpu(first) / "topology/thread_siblings_list"))
    second = [cpu for cpu in others if cpu not in siblings] or others
    return (first, *second[:1])


def _host_facts(cpus: tuple[int, ...]) -> Iterable[tuple[str, str]]:
    system = platform.uname()
    yield "host.kernel", f"{system.system} {system.release} {system.version}"
    yield "host.load", " ".join(_read(Path("/proc/loadavg")).split()[:3])
    yield "host.cpus_allowed", _ranges(os.sched_getaffinity(0))
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
        if text := _read(path):
            yield fact, text
    words = [word for word in _read(Path("/proc/cmdline")).split() if word.partition("=")[0] in _CMDLINE]
    yield "host.cmdline", " ".join(words)
    flaws = sorted(Path("/sys/devices/system/cpu/vulnerabilities").glob("*"))
    states = {path.name: state for path in flaws if (state := _read(path)) != "Not affected"}
    yield "host.mitigations", "; ".join(f"{flaw}: {state}" for flaw, state in states.items())
    yield from _cgroup_facts()


def hypervisor() -> str:
    """Who runs this host: `none` on metal, else the maker's name as firmware or CPUID (by lscpu) tells it."""
    flags = [line for line in _read(Path("/proc/cpuinfo")).splitlines() if line.startswith("flags")]
    if not any("hypervisor" in line.split() for line in flags):
        return "none"
    names = [_read(Path("/sys/class/dmi/id") / key) for key in ("sys_vendor", "product_name")]
    return " ".join(name for name in names if name) or _lscpu("Hypervisor vendor") or "unnamed"


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


def _parse_ranges(text: str) -> set[int]:
    """`0,4-6` -> {0, 4, 5, 6}: the kernel's list format (Documentation/admin-guide/kernel-parameters)."""
    pairs = [part.partition("-") for part in text.split(",") if part]
    return {cpu for low, _, high in pairs for cpu in range(int(low), int(high or low) + 1)}


def _ranges(cpus: Iterable[int]) -> str:
    return ",".join(str(cpu) for cpu in sorted(cpus))
