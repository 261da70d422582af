"""Small files in which a kernel reports facts, of this host or another: the same names, read here or by a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

Texts = Mapping[str, str]  # path -> the file's text, stripped; files that are missing or not readable are left out

ROOT: Final = "/"
LARGEST: Final = 8 << 20  # bytes that all files together may hold: /proc/cpuinfo has over 1 KiB a CPU
_CPU: Final = "/sys/devices/system/cpu/"
_EACH: Final = f"{_CPU}cpu[0-9]*/"
FILES: Final = (  # shell patterns
    *(f"/proc/{name}" for name in ("cpuinfo", "loadavg", "cmdline", "self/status", "self/cgroup", "self/mountinfo")),
    *(f"/proc/sys/kernel/{name}" for name in ("ostype", "osrelease", "version")),
    *(f"{_CPU}{name}" for name in ("present", "online", "isolated", "smt/active", "vulnerabilities/*")),
    *(f"{_CPU}{name}" for name in ("cpufreq/boost", "intel_pstate/no_turbo")),
    *(f"{_EACH}topology/{name}" for name in ("thread_siblings_list", "core_id", "die_id", "physical_package_id")),
    *(f"{_EACH}cpufreq/{name}" for name in ("scaling_driver", "scaling_governor", "cpuinfo_max_freq")),
    *(f"{_EACH}{name}" for name in ("cpu_capacity", "regs/identification/midr_el1")),
    "/sys/devices/cpu_*/cpus",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    *(f"/sys/class/dmi/id/{name}" for name in ("sys_vendor", "product_name")),
)
_LIST: Final = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*")
_LIST_LENGTH: Final = 4096  # characters: limits what is read from another host


class Read(Protocol):
    """How files are read: here() with its root, or over a connection."""

    def __call__(self, names: Sequence[str], *, exact: bool) -> Texts:
        """Files by absolute path; `exact`: names are paths, not shell patterns."""
        ...


def here(names: Iterable[str] = FILES, *, exact: bool = False, root: str | None = None) -> Texts:
    """Files of this host, or of a folder `root` that is laid out like one."""
    top, found = Path(root or ROOT), dict[str, str]()
    for name in names:
        inside = name.lstrip("/")
        for path in [top / inside] if exact else sorted(top.glob(inside)):
            if text := _read(path):
                found[f"/{path.relative_to(top)}"] = text
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def marked(printed: str, mark: str) -> Texts:
    """Files as a script on another host prints them: each after a line with the mark and the file's path."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in printed.splitlines():
        if line.startswith(f"{mark} "):
            lines = found.setdefault(line.removeprefix(f"{mark} "), [])
        else:
            lines.append(line)
    return {path: text for path, lines_of_file in found.items() if (text := "\n".join(lines_of_file).strip())}


def listed(text: str) -> set[int]:
    """`0,4-6` -> {0, 4, 5, 6}: the kernel's list format (Documentation/admin-guide/kernel-parameters); else empty."""
    if len(text) > _LIST_LENGTH or _LIST.fullmatch(text) is None:
        return set()
    pairs = [part.partition("-") for part in text.split(",")]
    return {cpu for low, _, high in pairs for cpu in range(int(low), int(high or low) + 1)}


def ranges(cpus: Iterable[int]) -> str:
    """CPU numbers for people, as the kernel writes them: `0-3,8`."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ",".join(f"{run[0]}" if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def field(text: str, name: str) -> str:
    """The value of a line `name: value`, as in /proc/self/status; empty when there is none."""
    pairs = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for key, colon, value in pairs if colon and key.strip() == name), "")
