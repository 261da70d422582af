"""The processors of a host: which CPUs are threads of one core, which cores are fast, and each CPU's model.

A hybrid processor has cores of several kinds: Intel lists each kind's CPUs (/sys/devices/cpu_core, cpu_atom), Arm gives
every CPU a capacity and a part number. The ends of runs are pinned to the fastest kind, unless the user names CPUs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ferrule.machine.probe import Texts, listed
from ferrule.machine.probe import field as line_of
from ferrule.records.conditions import ALONE, CORES, PACKAGES, SIBLINGS

_SYS: Final = "/sys/devices/system/cpu/cpu"
_INTEL: Final = (  # folder of a kind's counters, the fastest first
    ("cpu_core", "performance core"),
    ("cpu_atom", "efficiency core"),
    ("cpu_lowpower", "low-power core"),
)
# Lines of /proc/cpuinfo -> facts. First the lines that name the processor: x86, RISC-V, Arm.
_NAMES: Final = ("model name", "uarch", "CPU part", "isa")
_IDENTITY: Final = {
    **{"vendor_id": "vendor", "cpu family": "family", "model": "model_number", "stepping": "stepping"},
    "microcode": "microcode",
    **{f"CPU {name}": name for name in ("implementer", "architecture", "variant", "part", "revision")},
    **{name: name for name in ("mvendorid", "marchid", "mimpid")},
}


@dataclass(frozen=True)
class Cpu:
    """One CPU. What the host does not report is empty; a CPU of unknown core counts as a core of its own."""

    number: int
    threads: frozenset[int]  # of its core, its own number among them
    package: str = ""
    kind: str = ""  # empty where all are of one kind
    rank: float = 0.0  # of its kind: the fastest has the highest
    about: Mapping[str, str] = field(default_factory=dict)  # fact -> text: model, family, stepping, microcode ...


class Processors:
    """All CPUs that a host reports."""

    def __init__(self, texts: Texts) -> None:
        """From the files of a host (machine/probe.py)."""
        self._texts = texts
        self.allowed = frozenset(listed(line_of(texts.get("/proc/self/status", ""), "Cpus_allowed_list")))
        self.present = frozenset(listed(texts.get("/sys/devices/system/cpu/present", "")))
        self.online = frozenset(listed(texts.get("/sys/devices/system/cpu/online", "")))
        blocks = _blocks(texts.get("/proc/cpuinfo", ""))
        numbers = self.allowed | self.present | self.online | blocks.keys()
        cores = {number: self._core(number) for number in numbers}
        kinds = _kinds(texts, blocks)
        self._cpus = {
            number: Cpu(
                number,
                self._threads(number, cores),
                self._of(number, "topology/physical_package_id"),
                *kinds.get(number, ("", 0.0)),
                self._about(number, blocks.get(number, {})),
            )
            for number in sorted(numbers)
        }

    def __getitem__(self, number: int) -> Cpu:
        return self._cpus.get(number) or Cpu(number, frozenset({number}))

    def homes(self, allowed: Iterable[int] | None = None) -> tuple[int, ...]:
        """CPUs for the ends of a run: the last CPU of the fastest kind, then the last one on another core.

        Interrupts and housekeeping prefer the first CPUs. The other core is of the same kind and package where there
        is one; a second thread of the same core is used only when there is no other core. placement() shows which.
        """
        cpus = [self[number] for number in (self.allowed if allowed is None else allowed)]
        if not cpus:
            return ()
        first = max(cpus, key=lambda cpu: (cpu.rank, cpu.number))
        second = max(
            (cpu for cpu in cpus if cpu is not first),
            key=lambda cpu: (
                cpu.number not in first.threads,
                cpu.kind == first.kind,
                cpu.package == first.package,
                cpu.rank,
                cpu.number,
            ),
            default=None,
        )
        return (first.number,) if second is None else (first.number, second.number)

    def placement(self, cpus: Sequence[int]) -> str:
        """How two ends pinned to the first two of these CPUs are placed; empty where nothing is pinned."""
        if len(set(cpus[:2])) < 2:
            return ALONE if cpus else ""
        one, other = self[cpus[0]], self[cpus[1]]
        if other.number in one.threads:
            return SIBLINGS
        return CORES if one.package == other.package else PACKAGES

    def kinds(self, cpus: Sequence[int]) -> str:
        """The kind of core that each end runs on; empty where all cores are of one kind."""
        return "; ".join(filter(None, (self[number].kind for number in cpus[:2])))

    def about(self, cpus: Iterable[int]) -> dict[str, str]:
        """Facts about these CPUs; where their texts differ, each text once."""
        found: dict[str, dict[str, None]] = {}
        for number in cpus:
            for name, text in self[number].about.items():
                found.setdefault(name, {})[text] = None
        return {name: "; ".join(texts) for name, texts in found.items()}

    def _of(self, number: int, name: str) -> str:
        return self._texts.get(f"{_SYS}{number}/{name}", "")

    def _core(self, number: int) -> tuple[str, ...]:
        return tuple(self._of(number, f"topology/{name}") for name in ("physical_package_id", "die_id", "core_id"))

    def _threads(self, number: int, cores: Mapping[int, tuple[str, ...]]) -> frozenset[int]:
        if found := listed(self._of(number, "topology/thread_siblings_list")):
            return frozenset(found | {number})
        core = cores[number]
        return frozenset({number, *(other for other in cores if cores[other] == core)} if core[-1] else {number})

    def _about(self, number: int, block: Mapping[str, str]) -> dict[str, str]:
        name = next((block[key] for key in _NAMES if block.get(key)), "")
        khz = self._of(number, "cpufreq/cpuinfo_max_freq")
        found = {
            "host.cpu.model": name,
            **{f"host.cpu.{fact}": block.get(key, "") for key, fact in _IDENTITY.items()},
            "host.cpu.max_mhz": f"{int(khz) / 1000:g}" if khz.isdecimal() and len(khz) < 12 else "",
            "host.cpu_driver": self._of(number, "cpufreq/scaling_driver"),
            "host.governor": self._of(number, "cpufreq/scaling_governor"),
        }
        return {fact: text for fact, text in found.items() if text}


def _blocks(cpuinfo: str) -> dict[int, dict[str, str]]:
    """/proc/cpuinfo by CPU. Older Arm kernels name the processor once, after all CPUs: that block applies to each."""
    found: dict[int, dict[str, str]] = {}
    block: dict[str, str] = {}
    common: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not colon:
            block = common
        elif key == "processor" and value.isdecimal() and len(value) < 6:
            block = found.setdefault(int(value), {})
        else:
            block.setdefault(key, value)
    return {number: {**common, **own} for number, own in found.items()}


def _kinds(texts: Texts, blocks: Mapping[int, Mapping[str, str]]) -> dict[int, tuple[str, float]]:
    """Kind and rank by CPU; empty where all are of one kind."""
    lists = [(name, listed(texts.get(f"/sys/devices/{folder}/cpus", ""))) for folder, name in _INTEL]
    if sum(bool(cpus) for _, cpus in lists) > 1:
        return {cpu: (name, float(-at)) for at, (name, cpus) in enumerate(lists) for cpu in cpus}
    parts = {cpu: part for cpu in blocks if (part := _part(texts, cpu, blocks[cpu]))}
    speeds = {
        cpu: (name, float(text))
        for cpu in blocks
        for name, file in (("capacity", "cpu_capacity"), ("MHz", "cpufreq/cpuinfo_max_freq"))
        if (text := texts.get(f"{_SYS}{cpu}/{file}", "")).isdecimal() and len(text) < 12
    }
    capacities = {cpu: speed for cpu, (name, speed) in speeds.items() if name == "capacity"}
    if len(set(capacities.values())) > 1:
        return {
            cpu: (", ".join(filter(None, (parts.get(cpu), f"capacity {capacities.get(cpu, 0.0):g}"))),
                  capacities.get(cpu, 0.0))
            for cpu in blocks
        }  # fmt: skip
    if len(set(parts.values())) > 1:
        return {cpu: (parts.get(cpu, "part unknown"), speeds.get(cpu, ("", 0.0))[1]) for cpu in blocks}
    return {}


def _part(texts: Texts, cpu: int, block: Mapping[str, str]) -> str:
    """Arm's part number: of the CPU itself (MIDR_EL1, bits 15 to 4), or as /proc/cpuinfo has it."""
    midr = texts.get(f"{_SYS}{cpu}/regs/identification/midr_el1", "")
    try:
        return f"part 0x{int(midr, 16) >> 4 & 0xFFF:03x}" if midr else f"part {block['CPU part']}"
    except (KeyError, ValueError):
        return ""
