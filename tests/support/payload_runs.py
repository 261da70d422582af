"""Running the payload in tests: natively and under qemu-user, its records decoded and grouped by run."""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from ferrule.errors import ToolMissing
from ferrule.payload.build import Payload, build_payload
from ferrule.records.stream import Damage, Decoder, Record

ARCHES = ("x86_64", "aarch64", "riscv64")
SECONDS = 60


@cache
def payload(arch: str = platform.machine(), *extra: Path) -> Payload:
    """The payload, built once per test session; warnings are errors. Skips where no compiler makes code for `arch`."""
    try:
        return build_payload("linux", arch, extra_workloads=extra, strict=True)
    except ToolMissing as missing:
        pytest.skip(str(missing))


def command(built: Payload) -> list[str]:
    """The command that starts the payload here. Skips where its emulator is not installed."""
    if built.arch == platform.machine():
        return [str(built.path)]
    emulator = shutil.which(f"qemu-{built.arch}-static") or shutil.which(f"qemu-{built.arch}")
    if emulator is None:
        pytest.skip(f"qemu-{built.arch}-static is not installed: apt-get install qemu-user-static")
    return [emulator, str(built.path)]


def of_another_os(end: Record) -> bool:
    """Whether a run was refused because it calls an operation that Linux, or qemu-user, does not have at all."""
    if end.fields.get("operation") in ("scale", "os_cgroup_join"):
        return True  # more CPUs than this machine has, or rights or control groups that it does not give
    # Under qemu-user a program cannot execute one of its own architecture or install a system call filter; a
    # booted guest has no shell.
    lacking = {"os_process_execute": "8", "os_process_spawn": "8", "os_process_shell": "8", "os_call_filter": "38"}
    if "error" in end.fields and lacking.get(end.fields["operation"]) == end.fields["error"]:
        return True
    return end.fields["status"] in ("not_ported", "absent")


@dataclass(frozen=True)
class Output:
    """A payload's records, its messages and its exit status."""

    status: int
    records: list[Record]
    stderr: str

    def kind(self, kind: str) -> list[Record]:
        return [record for record in self.records if record.kind == kind]

    def facts(self) -> dict[str, str]:
        """Values of `fact` records by name."""
        return {one.fields["name"]: one.fields["value"] for one in self.kind("fact")}

    def ends(self) -> dict[str, Record]:
        """`end` records by workload; each workload must have been run once."""
        names = {record.fields["i"]: record.fields["workload"] for record in self.kind("begin")}
        ends = {names[record.fields["i"]]: record for record in self.kind("end")}
        assert len(ends) == len(self.kind("end"))
        return ends

    def of(self, workload: str, kind: str) -> list[Record]:
        """Records of one kind of one workload's run."""
        (index,) = {r.fields["i"] for r in self.kind("begin") if r.fields["workload"] == workload}
        return [record for record in self.kind(kind) if record.fields["i"] == index]


def output_of(built: Payload, *arguments: str, stdin: str = "", allow_cut: bool = False) -> Output:
    """Run the payload to its end; damage in its stream fails the test unless `allow_cut`."""
    done = subprocess.run(
        [*command(built), *arguments], input=stdin.encode(), capture_output=True, check=False, timeout=SECONDS
    )
    decoder = Decoder()
    events = [*decoder.feed(done.stdout), *decoder.close()]
    damage = [event for event in events if isinstance(event, Damage)]
    assert allow_cut or not damage, damage
    return Output(done.returncode, [event for event in events if isinstance(event, Record)], done.stderr.decode())


def quick(names: Sequence[str]) -> list[str]:
    """Plan text for one short run of each of these."""
    return ["batches=3\nwarm=1\ntarget_ns=20000\neach=50\n" + "".join(f"w {name}\n" for name in names)]
