"""StarryOS in QEMU: its kernel as an EFI image, and the Linux payload on a generated disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ferrule import kernels
from ferrule.errors import FerruleError, UsageError
from ferrule.images import ext2, firmware, guestfile, init
from ferrule.images.guestfile import Need, UserFile
from ferrule.machine import accel, qemu
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.booted import conditions, failure
from ferrule.machine.divider import Divided
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_init
from ferrule.records.samples import Accel

ARCH: Final = "x86_64"
KERNEL: Final = Need(
    "kernel",
    "StarryOS's kernel as an EFI image for x86_64",
    "https://github.com/rcore-os/tgoskits, os/StarryOS",
    command=kernels.made_by("starry"),
    form="efi",
)
FIRMWARE: Final = Need(
    "firmware", "UEFI firmware (OVMF.fd)", "OVMF of any distribution", required=False, form="firmware"
)
NEEDS: Final = (KERNEL, FIRMWARE)
BOOT_SECONDS: dict[Accel, float] = {"kvm": 30.0, "tcg": 120.0, "icount": 240.0}
LEAST_MEMORY: Final = 128  # MiB; it does not start with 96

_PANIC = re.compile(r"panicked at .*")


def create(name: str, options: GuestOptions) -> StarryGuest:
    """The StarryOS guest. It honours accel, boot_seconds, memory, smp and the user's files. Probes the accelerator."""
    if name != "starry":
        raise UsageError(f"--guest {name}: the starry guest takes no address; write `starry`")
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the starry guest needs {LEAST_MEMORY} MiB")
    program = qemu.find(ARCH)
    files = dict(guestfile.find("starry", NEEDS, options, made=kernels.files("starry")).files)
    files.setdefault(FIRMWARE.key, guestfile.checked("starry", FIRMWARE.key, firmware.find()))
    return StarryGuest(program, accel.choose(options, program, accel.one_cpu(options)), files, options)


def unavailable(options: GuestOptions) -> str | None:
    """Why this guest is not available here; None when it is."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    return guestfile.unavailable("starry", NEEDS, options, made=kernels.files("starry")) or firmware.unavailable()


def disk(payload: bytes, processes: int) -> bytes:
    """The root file system: our init, the payload, and a file with init's command line, as the kernel shows none."""
    command_line = init.command_line("/dev/ttyS0", processes)
    return ext2.image({"sbin/init": build_init(ARCH).image, "payload": payload, init.FILE: command_line}, init.FOLDERS)


class StarryGuest:
    """See machine.guest.Guest. The kernel drives one serial port, for its own messages and for the records."""

    name = "starry"
    os = "linux"
    arch = ARCH
    fresh_boots = True

    def __init__(self, program: str, choice: accel.Choice, files: dict[str, UserFile], options: GuestOptions) -> None:
        self._program, self._choice, self._files, self._options = program, choice, files, options
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]
        self._smp = options.smp or 1
        self.cpus = options.homes(self.name, tuple(range(self._smp))[::-1][:2])

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        kernel, bios = (self._files[need.key] for need in NEEDS)
        return {
            **conditions(self._choice, self.machine(Path("disk"), Path(firmware.NO_TPM + bios.path.name))),
            "kernel.file": kernel.path.name,
            "kernel.sha256": kernel.sha256,
            "firmware.sha256": bios.sha256,
            **kernels.facts(kernel.path),
        }

    def machine(self, disk: Path, bios: Path) -> qemu.Machine:
        """The machine for StarryOS's drivers: UEFI, and the disk at an NVMe controller."""
        return qemu.Machine(
            self._program,
            self.accel,
            self._files[KERNEL.key].path.absolute(),
            memory=self._options.memory,
            smp=self._smp,
            devices=(
                *("-bios", str(bios)),
                *("-drive", f"file={qemu.in_option(disk)},if=none,id=disk,format=raw,cache=unsafe"),
                *("-device", "nvme,drive=disk,serial=ferrule"),
            ),
            ports={qemu.RESULTS: "file"},
            plugin=self._options.plugin,
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Divided:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest."""
        bios = firmware.without_tpm(self._files[FIRMWARE.key].path).absolute()
        return boot_of(Divided, lambda image: self.machine(image, bios), disk(payload, processes), classify)

    def close(self) -> None:
        """Nothing is kept between boots."""


def classify(status: int, console: str, errors: str) -> Ending:
    """How a boot ended, from QEMU's return code and the output of kernel, init and QEMU."""
    messages = init.messages(console)
    if panic := _PANIC.search(console):
        detail = panic[0].strip()
    elif own := failure(status, errors):
        detail = own
    elif init.FINISHED in messages:
        return Ending(True, "the guest powered off")
    else:
        detail = messages[-1] if messages else "the guest powered off too early"
    return Ending(False, detail)
