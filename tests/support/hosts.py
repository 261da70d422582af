"""Folders that look like a host's /proc and /sys, with the number, model and topology of CPUs that a test needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from ferrule.machine import host, probe
from ferrule.machine.probe import Texts

CPU = "sys/devices/system/cpu"
XEON = {"vendor_id": "GenuineIntel", "cpu family": "6", "model": "143", "model name": "Xeon", "stepping": "8"}
CGROUP2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n"


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\n") else f"{text}\n")


def host_of(
    folder: Path,
    cores: Sequence[Sequence[int]],
    *,
    packages: Mapping[int, int] | None = None,
    processor: Mapping[str, str] | Mapping[int, Mapping[str, str]] = XEON,
    online: str = "",
    allowed: str = "",
    files: Mapping[str, str] | None = None,
) -> Path:
    """A host with these cores, each a list of the CPUs that are its threads.

    `packages` by CPU; `processor`: the lines of /proc/cpuinfo, of all CPUs or by CPU; `online`, `allowed`: lists as the
    kernel writes them, by default all; `files`: further files.
    """
    numbers = sorted(cpu for core in cores for cpu in core)
    every = probe.ranges(numbers)
    up = probe.listed(online or every)
    write(folder, {f"{CPU}/present": every, f"{CPU}/online": online or every})
    write(folder, {"proc/self/status": f"Name:\tsh\nCpus_allowed_list:\t{allowed or online or every}\n"})
    blocks = []
    for cpu in sorted(up):
        lines = processor.get(cpu, processor)  # type: ignore[call-overload]
        blocks.append("".join(f"{key}\t: {value}\n" for key, value in {"processor": cpu, **lines}.items()))
    write(folder, {"proc/cpuinfo": "\n".join(blocks)})
    for number, core in enumerate(cores):
        for cpu in up & set(core):
            topology = f"{CPU}/cpu{cpu}/topology"
            write(
                folder,
                {
                    f"{topology}/thread_siblings_list": ",".join(map(str, sorted(up & set(core)))),
                    f"{topology}/core_id": str(number),
                    f"{topology}/physical_package_id": str((packages or {}).get(cpu, 0)),
                },
            )
    write(folder, files or {})
    return folder


def look(folder: Path) -> Texts:
    """All that Ferrule reads from such a host."""
    return host.look(partial(probe.here, root=str(folder)))
