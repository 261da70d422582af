"""Aero in QEMU: your boot CD, and a generated disk with the payload as the system's first program."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ferrule.errors import FerruleError, UsageError
from ferrule.images import ext2, gpt, guestfile
from ferrule.images.guestfile import Need, UserFile
from ferrule.machine import accel, qemu
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.booted import conditions, failure
from ferrule.machine.divider import Announced
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey
from ferrule.records.samples import Accel

ARCH: Final = "x86_64"
KERNEL: Final = Need(
    "kernel",
    "Aero's boot CD (kernel and loader as one .iso: target/aero.iso of its build)",
    "https://github.com/Andy-Python-Programmer/aero, built as its README says",
    form="cd",
)
NEEDS: Final = (KERNEL,)
BOOT_SECONDS: dict[Accel, float] = {"kvm": 30.0, "tcg": 90.0, "icount": 120.0}
LEAST_MEMORY: Final = 128  # MiB
SHARED_BYTES: Final = 4096  # size of the file SHARED, which processes map to share memory
OBJECT_BYTES: Final = 16 << 20  # size of the file OBJECT, which serves as a memory object

# paths on the disk; guest/os/aero/start.c has the same
INIT, COUNT, SHARED, OBJECT = "usr/bin/init", "ferrule/processes", "ferrule/shared", "ferrule/object"
# FRAGILE: processes that wait for each other other than by sockets: the kernel of 2025-04 sometimes loses a wake-up. A
# process that signals itself has hung, too.
AGING: Final = frozenset(("thread_create", "process_create", "process_execute"))
FRAGILE: Final = frozenset(
    (
        *("context_switch", "eventfd_pingpong", "futex_pingpong", "message_latency", "pipe_bandwidth", "pipe_latency"),
        "signal_self",
    )
)
_END: Final = "ferrule-init: end"
_STATUS = re.compile(r"ferrule-init: (process \d+ ended with status (\d+))")


def create(name: str, options: GuestOptions) -> AeroGuest:
    """The Aero guest. It honours the options accel, boot_seconds, memory, guest files. Probes the accelerator."""
    if name != "aero":
        raise UsageError(f"--guest {name}: the aero guest takes no address; write `aero`")
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the aero guest needs {LEAST_MEMORY} MiB")
    if options.smp not in (None, 1):
        raise UsageError(f"--smp {options.smp}: Aero halts every CPU but the first; leave it out")
    program = qemu.find(ARCH)
    kernel = guestfile.find("aero", NEEDS, options).files[KERNEL.key]
    return AeroGuest(program, accel.choose(options, program), kernel, options)


def unavailable(options: GuestOptions) -> str | None:
    """Why this guest is not available here; None when it is."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    return guestfile.unavailable("aero", NEEDS, options)


def disk(payload: bytes, processes: int) -> bytes:
    """The disk with Aero's root file system: the folders that its kernel requires, and the payload as init."""
    files = {INIT: payload, COUNT: str(processes).encode(), SHARED: bytes(SHARED_BYTES), OBJECT: bytes(OBJECT_BYTES)}
    return gpt.disk(ext2.image(files, ["dev", "proc", "tmp"], size=2 * OBJECT_BYTES))


class AeroGuest:
    """See machine.guest.Guest."""

    name = "aero"
    os = "aero"
    arch = ARCH
    fresh_boots = True

    def __init__(self, program: str, choice: accel.Choice, kernel: UserFile, options: GuestOptions) -> None:
        self._program, self._choice, self._kernel, self._options = program, choice, kernel, options
        self.accel = choice.accel
        self.cpus = options.homes(self.name, (0,))  # Aero runs everything on CPU 0
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]

    def breaks_on(self, key: RunKey) -> bool:
        """See machine.guest.Fragile."""
        return key.workload in FRAGILE and key.place != "cross_core"  # which is refused at once on one CPU

    def ages_on(self, key: RunKey) -> bool:
        """See machine.guest.Ages: the frame allocator and the address spaces search lists that grow."""
        return key.workload in AGING

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        cd = self._kernel.path.name
        return {
            **conditions(self._choice, self.machine(Path(cd), Path("disk"))),
            "kernel.file": cd,
            "kernel.sha256": self._kernel.sha256,
        }

    def machine(self, cd: Path, disk: Path) -> qemu.Machine:
        """The machine for Aero's drivers: a VGA, the disk at an NVMe controller, and no network card."""
        return qemu.Machine(
            self._program,
            self.accel,
            None,
            memory=self._options.memory,
            plugin=self._options.plugin,
            devices=(
                *("-vga", "std", "-boot", "d", "-cdrom", qemu.in_option(cd)),
                *("-drive", f"file={qemu.in_option(disk)},if=none,id=disk,format=raw,cache=unsafe"),
                *("-device", "nvme,drive=disk,serial=ferrule"),
            ),
            ports={qemu.RESULTS: "file"},
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> AeroBoot:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest."""
        cd = self._kernel.path.absolute()
        return boot_of(AeroBoot, lambda image: self.machine(cd, image), disk(payload, processes), classify)

    def close(self) -> None:
        """Nothing is kept between boots."""


class AeroBoot(Announced):
    """One boot. It ends with init's last message, as the kernel may hang when it powers off."""

    def ending(self) -> Ending:
        """See machine.guest.Execution."""
        return classify(0, self.console(), "") if self.over() else super().ending()

    def over(self) -> bool:
        """See Announced."""
        return _END in self._qemu.console.text()


def classify(status: int, console: str, errors: str) -> Ending:
    """How a boot ended, from QEMU's return code, the guest's console output and QEMU's messages."""
    ended = _STATUS.findall(console)
    if status == 0 and _END in console and ended:
        detail, last = ended[-1]
        return Ending(last == "0", detail)
    return Ending(False, failure(status, errors) or "the guest reset itself or powered off")
