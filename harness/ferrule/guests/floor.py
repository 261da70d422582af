"""The bare hardware in QEMU: a minimal kernel around the payload, for the least cost that any kernel can have."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ferrule.errors import FerruleError, UsageError
from ferrule.machine import accel, qemu
from ferrule.machine.booted import Booted, conditions, debug_code, failure
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.records.samples import Accel

ARCH = "x86_64"
BOOT_SECONDS: dict[Accel, float] = {"kvm": 10.0, "tcg": 30.0, "icount": 60.0}
LEAST_MEMORY = 64  # MiB: page tables of all address spaces are allocated at the start

# Codes that the kernel writes to the debug port (guest/boot/end.h, os/floor/kernel/ending.h): each begins a range.
END_STATUS, END_FAULT, END_KERNEL, END_DEADLOCK = 0x20, 0x40, 0x60, 0x7F
_FAULT = re.compile(r"floor: .*exception \d+:.*")


def create(name: str, options: GuestOptions) -> FloorGuest:
    """The floor guest. It honours the options accel, cpus, boot_seconds, memory, smp. Probes the accelerator."""
    if name != "floor":
        raise UsageError(f"--guest {name}: the floor guest takes no address; write `floor`")
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the floor guest needs {LEAST_MEMORY} MiB")
    program = qemu.find(ARCH)
    return FloorGuest(program, accel.choose(options, program), options)


def unavailable(options: GuestOptions) -> str | None:  # noqa: ARG001 - part of the registry's contract
    """Why this guest is not available here; None when it is. It needs only QEMU."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    return None


class FloorGuest:
    """See machine.guest.Guest. The payload's file is the whole image: it includes the kernel."""

    name = "floor"
    os = "floor"
    arch = ARCH
    fresh_boots = True

    def __init__(self, program: str, choice: accel.Choice, options: GuestOptions) -> None:
        self._program, self._choice, self._options = program, choice, options
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]
        # The second CPU only answers interrupts, else it halts: counts stay exact with it. Real time needs a real CPU.
        self._smp = options.smp or (2 if self.accel == "icount" else min(2, len(os.sched_getaffinity(0))))
        self.cpus = options.homes(self.name, (0,))  # the floor runs everything on CPU 0

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        return conditions(self._choice, self.machine(Path("payload")))

    def machine(self, image: Path) -> qemu.Machine:
        """The machine that boots an image file."""
        return qemu.Machine(
            self._program,
            self.accel,
            image,
            memory=self._options.memory,
            plugin=self._options.plugin,
            smp=self._smp,
            ports={qemu.CONSOLE: "file", qemu.RESULTS: "file"},
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Booted:  # noqa: ARG002 - in the plan
        """See machine.guest.Guest. The kernel reads the number of processes from the plan in the payload."""
        return boot_of(Booted, self.machine, payload, classify)

    def close(self) -> None:
        """Nothing is kept between boots."""


def classify(status: int, console: str, errors: str) -> Ending:
    """How a boot ended, from QEMU's return code, the kernel's console output and QEMU's messages."""
    fault = _FAULT.search(console)
    code = debug_code(status) or 0
    if code == END_DEADLOCK:
        detail = "every context waits for another"
    elif code >= END_FAULT:
        where = "its kernel" if code >= END_KERNEL else "the payload"
        detail = f"exception {code % 0x20} in {where}" + (f": {fault.group().strip()}" if fault else "")
    elif code >= END_STATUS:
        return Ending(code == END_STATUS, f"exit status {code - END_STATUS}")
    else:
        detail = failure(status, errors) or "the guest reset itself"
    return Ending(False, detail)
