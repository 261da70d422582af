"""Redox in QEMU, bare: a kernel of yours, and the payload as its first program."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Final

from ferrule.errors import FerruleError, UsageError
from ferrule.images import guestfile
from ferrule.images.guestfile import Need
from ferrule.machine import accel, qemu
from ferrule.machine.booted import Booted, conditions, debug_code, failure
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.payload.key import RunKey
from ferrule.records.samples import Accel

ARCH = "x86_64"
KERNEL = Need(
    "kernel",
    "a Redox kernel of 2026-02 or later (the ELF file kernel, x86_64)",
    "usr/lib/boot/kernel of a daily image (https://static.redox-os.org/img/x86_64/)",
    form="elf64",
)
IMAGE = Need(  # for the guest redox_userland: the two share a table of guests.toml
    "image",
    "a Redox disk image (harddrive.img, x86_64), or redoxer on PATH (cargo install redoxer)",
    "https://static.redox-os.org/img/x86_64/ (a running Redox needs neither: --guest ssh://root@HOST:PORT)",
    form="disk",
)
SETTINGS = ("user", "password")  # also for redox_userland: the login at an image's console
NEEDS = (KERNEL, guestfile.optional(IMAGE))
AGING: Final = frozenset(("thread_create", "process_create", "fd_passing", "scheme_open_close"))  # these allocate
BOOT_SECONDS: dict[Accel, float] = {"kvm": 20.0, "tcg": 60.0, "icount": 90.0}
MEMORY = range(64, 2049)  # MiB; the loader maps 4 GiB, and above 2 GiB some memory has higher addresses
LARGEST_KERNEL = 32 << 20  # bytes that guest/os/redox/boot/loader.c maps
KERNEL_SPACE = 0xFFFFFFFF80000000  # address where the kernel's file is mapped

# Codes that the payload writes to the debug port (guest/boot/end.h, os/redox/ending.h): each begins a range.
END_STATUS, END_FAULT, END_LOADER, END_ERA, END_START = 0x20, 0x40, 0x60, 0x61, 0x62
_MESSAGE = re.compile(r"ferrule: (.*)")
_WHY = {
    END_LOADER: "its loader refused the kernel",
    END_ERA: "the kernel's system calls are those from before 2026-01",
    END_START: "the kernel did not let the payload start",
}


def create(name: str, options: GuestOptions) -> RedoxGuest:
    """The Redox guest. It honours accel, boot_seconds, cpus, memory, smp and the user's files; probes the accelerator.

    Raises:
        UsageError: an option that it cannot honour, or a file that is not a kernel.
        ToolMissing: no QEMU, or no kernel named; says what to do.
    """
    if name != "redox":
        raise UsageError(f"--guest {name}: the redox guest takes no address; write `redox`")
    if options.memory not in MEMORY:
        raise UsageError(f"--memory {options.memory}: the redox guest takes {MEMORY.start} to {MEMORY.stop - 1} MiB")
    program = qemu.find(ARCH)
    kernel = guestfile.find("redox", NEEDS, options, SETTINGS).files["kernel"]
    check_kernel(kernel.path)
    return RedoxGuest(program, accel.choose(options, program, accel.one_cpu(options)), kernel, options)


def unavailable(options: GuestOptions) -> str | None:
    """Why this guest is not available here; None when it is."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    return guestfile.unavailable("redox", NEEDS, options, SETTINGS)


def check_kernel(path: Path) -> None:
    """Refuse a file before a boot that the loader would refuse after it.

    Raises:
        UsageError: not an ELF file for x86-64, not linked to a Redox kernel's address, or too large.
    """
    content = path.read_bytes()
    if len(content) < 64 or content[:5] != b"\x7fELF\x02":
        raise UsageError(f"guest.redox.kernel: {path}: not a 64-bit ELF file")
    machine, entry = struct.unpack_from("<H", content, 18)[0], struct.unpack_from("<Q", content, 24)[0]
    if machine != 62:  # EM_X86_64
        raise UsageError(f"guest.redox.kernel: {path}: not for x86_64 (ELF machine {machine})")
    if not KERNEL_SPACE <= entry < KERNEL_SPACE + LARGEST_KERNEL:
        raise UsageError(f"guest.redox.kernel: {path}: not a Redox kernel: it is entered at {entry:#x}")
    if len(content) > LARGEST_KERNEL:
        size = len(content) >> 20
        raise UsageError(f"guest.redox.kernel: {path}: {size} MiB; strip it (objcopy --strip-debug), at most 32 MiB")


class RedoxGuest:
    """See machine.guest.Guest. The payload's file is both loader and first program; the kernel is a file of its own."""

    name = "redox"
    os = "redox"
    arch = ARCH
    fresh_boots = True

    def __init__(self, program: str, choice: accel.Choice, kernel: guestfile.UserFile, options: GuestOptions) -> None:
        self._program, self._choice, self._kernel, self._options = program, choice, kernel, options
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]
        self._smp = options.smp or 1  # with more, nothing can be pinned: guest/os/redox/README.md
        self.cpus = options.homes(self.name, (0,) if self._smp == 1 else ())

    def ages_on(self, key: RunKey) -> bool:
        """See machine.guest.Ages: the kernel's heap searches a list that grows with every context ever made."""
        return key.workload in AGING

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        return {
            **conditions(self._choice, self.machine(Path("payload"))),
            "kernel.file": self._kernel.path.name,
            "kernel.sha256": self._kernel.sha256,
        }

    def machine(self, image: Path) -> qemu.Machine:
        """The machine that boots an image file with the kernel."""
        return qemu.Machine(
            self._program,
            self.accel,
            image,
            initrd=self._kernel.path,
            memory=self._options.memory,
            plugin=self._options.plugin,
            smp=self._smp,
            ports={qemu.CONSOLE: "file", qemu.RESULTS: "file"},
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Booted:  # noqa: ARG002 - in the plan
        """See machine.guest.Guest. The payload's start code reads the number of processes from the plan in it."""
        return boot_of(Booted, self.machine, payload, classify)

    def close(self) -> None:
        """Nothing is kept between boots."""


def classify(status: int, console: str, errors: str) -> Ending:
    """How a boot ended, from QEMU's return code and the output of kernel, payload and QEMU."""
    messages = _MESSAGE.findall(console)
    code = debug_code(status) or 0
    if code in _WHY:
        detail = _WHY[code] + (f": {messages[-1].strip()}" if messages else "")
    elif END_FAULT <= code < END_LOADER:
        detail = f"exception {code - END_FAULT} in the payload"
    elif END_STATUS <= code < END_FAULT:
        return Ending(code == END_STATUS, f"exit status {code - END_STATUS}")
    else:
        detail = failure(status, errors) or "the guest reset itself"
    return Ending(False, detail)
