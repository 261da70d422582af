"""CPU limits of a program's control groups: quotas of cgroup versions 1 and 2, up the whole path, and cpusets.

A quota stops a program in the middle of a batch and nothing in a sample shows it. Any group above ours may have one:
the tightest counts. In a container the path ends at the container's own mount; groups above it cannot be seen.
(Documentation/admin-guide/cgroup-v2.rst; cgroup-v1/cpusets.rst; scheduler/sched-bwc.rst)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ferrule.machine.probe import Read, Texts, listed

MEMBERSHIP: Final = ("/proc/self/cgroup", "/proc/self/mountinfo")
_V2 = ("cpu.max", "cpu.weight", "cpu.stat", "cpuset.cpus.effective", "cpuset.cpus.partition", "memory.max")
_V1: Final = {
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "cpu.stat"),
    "cpuset": ("cpuset.effective_cpus", "cpuset.cpus"),
}
_REPORTED: Final = (*_V2[1:2], *_V2[3:], "cpu.shares", "cpuset.effective_cpus")  # of our own groups, unchanged
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")
_DEEPEST: Final = 64  # nested groups


@dataclass(frozen=True)
class Limit:
    """One group's quota: microseconds of CPU time in each period, all CPUs together."""

    group: str  # as in the program's path
    folder: str
    quota: int
    period: int

    @property
    def cpus(self) -> float:
        """The quota as a number of CPUs."""
        return self.quota / self.period

    def __str__(self) -> str:
        return f"{self.cpus:.3g} CPUs ({self.quota} of {self.period} us, group {self.group})"


def _folders(texts: Texts) -> Iterator[tuple[str, str, str]]:
    """Controller (empty: version 2), group and folder of every group that this program is in, its own first."""
    mounts = list(_mounts(texts.get(MEMBERSHIP[1], "")))
    for line in texts.get(MEMBERSHIP[0], "").splitlines():
        _, _, rest = line.partition(":")
        names, colon, path = rest.partition(":")
        if not colon:
            continue
        for controller in [""] if not names else [name for name in names.split(",") if name in _V1]:
            inside = [(root, at) for kind, root, at in mounts if controller in kind]
            ours = [one for one in inside if one[0] == "/" or path == one[0] or path.startswith(f"{one[0]}/")]
            for root, at in (ours or inside)[:1]:
                below = path.removeprefix(root.rstrip("/")) if ours and ".." not in path else ""
                steps = [step for step in below.split("/") if step][:_DEEPEST]
                for count in range(len(steps), -1, -1):
                    tail = "".join(f"/{step}" for step in steps[:count])
                    yield controller, f"{root.rstrip('/')}{tail}" or "/", f"{at}{tail}"


def _mounts(mountinfo: str) -> Iterator[tuple[frozenset[str], str, str]]:
    """Controllers, the mounted group and the mount point of each cgroup mount: proc_pid_mountinfo(5)."""
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        words, kind = before.split(" "), after.split(" ")
        if not dash or len(words) < 5 or len(kind) < 3 or kind[0] not in ("cgroup", "cgroup2"):
            continue
        root, at = (re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), word) for word in words[3:5])
        yield frozenset([""] if kind[0] == "cgroup2" else kind[2].split(",")), root, at


def read(files: Read, texts: Texts) -> dict[str, str]:
    """All files that concern the groups of this program; `texts` holds the files of MEMBERSHIP."""
    names = [f"{at}/{name}" for controller, _, at in _folders(texts) for name in _V1.get(controller, _V2)]
    return dict(files(names, exact=True)) if names else {}


def limits(texts: Texts) -> list[Limit]:
    """Quotas on our path, the nearest first."""
    found = []
    for controller, group, at in _folders(texts):
        if controller == "":
            quota, _, period = texts.get(f"{at}/cpu.max", "").partition(" ")
        elif controller == "cpu":
            quota, period = (texts.get(f"{at}/cpu.cfs_{name}_us", "") for name in ("quota", "period"))
        else:
            continue
        if _NUMBER.fullmatch(quota) and _NUMBER.fullmatch(period):
            found.append(Limit(group, at, int(quota), int(period)))
    return found


def facts(texts: Texts) -> Iterator[tuple[str, str]]:
    """The tightest quota, all quotas where there are several, and further limits of our own groups."""
    if found := limits(texts):
        yield "host.quota", str(min(found, key=lambda limit: limit.cpus))
        if len(found) > 1:
            yield "host.quotas", "; ".join(map(str, found))
    elif any(path.endswith(("/cpu.max", "/cpu.cfs_quota_us", "/cpu.stat")) for path in texts):
        yield "host.quota", "none"
    reported: set[str] = set()
    for _, _, at in _folders(texts):
        for name in _REPORTED:
            if name not in reported and (text := texts.get(f"{at}/{name}")):
                reported.add(name)
                yield f"host.cgroup.{name}", text


def cpuset(texts: Texts) -> set[int]:
    """The CPUs that our groups allow, isolated ones included; empty where no group has a cpuset."""
    found = dict(facts(texts))
    names = ("cpuset.cpus.effective", "cpuset.effective_cpus")
    return next((cpus for name in names if (cpus := listed(found.get(f"host.cgroup.{name}", "")))), set())


def counters(texts: Texts) -> list[str]:
    """Files that count how often each group with a quota was stopped."""
    return [f"{limit.folder}/cpu.stat" for limit in limits(texts)]


def throttled(texts: Texts) -> int | None:
    """Periods in which groups with a quota were stopped so far, from their counter files; None without such a file."""
    stats = [text for path, text in texts.items() if path.endswith("/cpu.stat")]
    counts = re.findall(r"^nr_throttled ([0-9]{1,18})$", "\n".join(stats), re.MULTILINE)
    return sum(map(int, counts)) if counts else None
