"""Linux in QEMU: Debian's standard kernel or one of yours, and a generated initial file system."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from dataclasses import replace
from typing import Final, cast, get_args

from ferrule.errors import FerruleError, UsageError
from ferrule.guests.linux_ssh import OverSsh, SshBoot
from ferrule.images import dropbear, guestfile, init, initramfs, kernels
from ferrule.images.guestfile import Need
from ferrule.images.kernels import Kernel
from ferrule.images.modules import without_signature
from ferrule.machine import accel, host, qemu
from ferrule.machine.booted import Booted, debug_code, failure
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.divider import Divided
from ferrule.machine.guest import Ending, Execution
from ferrule.machine.options import GuestOptions, TransportChoice
from ferrule.payload.build import build_init
from ferrule.records.samples import Accel
from ferrule.transports.base import BootTransport, Cargo
from ferrule.transports.console import ConsoleTransport
from ferrule.transports.ninep import NinePTransport
from ferrule.transports.serial import SerialTransport

ARCH = "x86_64"
TRANSPORTS: dict[str, type[BootTransport]] = {
    "serial": SerialTransport,
    "console": ConsoleTransport,
    "9p": NinePTransport,
    "ssh": SshBoot,
}
BOOT_SECONDS: dict[Accel, float] = {"kvm": 30.0, "tcg": 120.0, "icount": 240.0}
SHARE_MODULES = ("virtio_pci", "9pnet_virtio", "9p")
NETWORK_MODULES = ("virtio_pci", "virtio_net")

# Under emulation the TSC is the emulator's: the kernel has no better clock to check it against and must not try.
# Under icount memory layout must not be random, as the counts would change with it.
_WORDS: dict[Accel, str] = {
    "kvm": "",
    "tcg": "tsc=reliable",
    "icount": "tsc=reliable nokaslr norandmaps random.trust_cpu=off",
}
# A guest linux:NAME is named after its kernel; its table in guests.toml is [guest."linux:NAME"].
LABELLED: Final = True
KERNEL: Final = Need("kernel", "a kernel with Linux's ABI", "its own build", required=False)
NEEDS: Final = (KERNEL,)
SETTINGS: Final = ("append", "transport")  # as --linux-append and --transport
_LABEL = re.compile(r"linux:[a-z0-9][a-z0-9_.-]{0,30}")
LEAST_MEMORY: Final = 96  # MiB; with less Debian's kernel never finishes to unpack itself, or panics
_PANIC = re.compile(r"Kernel panic - not syncing: .*|Uncaught panic:\s+.*")  # Linux's, Asterinas's
_POWER_DOWN = "reboot: Power down"


def create(name: str, options: GuestOptions) -> LinuxGuest:
    """The Linux guest. It honours all options but those of SSH hosts. Probes the accelerator, may fetch a kernel."""
    options = labelled(name, options)
    if options.transport not in TRANSPORTS:
        raise UsageError(f"--transport {options.transport}: the linux guest knows {', '.join(TRANSPORTS)}")
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the linux guest needs {LEAST_MEMORY} MiB")
    program = qemu.find(ARCH)
    choice = accel.choose(options, program, _uncountable(options))
    if options.transport == "ssh":
        dropbear.source()
    return LinuxGuest(name, program, choice, kernels.choose(options), options)


def labelled(name: str, options: GuestOptions) -> GuestOptions:
    """The options of a guest named after its kernel, e.g. linux:asterinas: from its table, else the command line.

    Raises:
        UsageError: an invalid name, or no kernel is named for it.
    """
    if name == "linux":
        return options
    if _LABEL.fullmatch(name) is None:
        raise UsageError(f"--guest {name}: write linux, or linux:NAME with a name of a-z, 0-9, _, . and -")
    found = guestfile.find(name, NEEDS, options, SETTINGS)
    kernel = found.files[KERNEL.key].path if KERNEL.key in found.files else options.linux_kernel
    if kernel is None:
        raise UsageError(f"--guest {name}: which kernel? give --linux-kernel FILE, or --guest-file {name}.kernel=FILE")
    settings = found.settings
    transport = get_args(TransportChoice)
    if (asked := settings.get("transport", options.transport)) not in transport:
        raise UsageError(f"guest.{name}.transport: {asked}: must be one of {', '.join(transport)}")
    append = settings.get("append", options.linux_append)
    return replace(options, linux_kernel=kernel, linux_append=append, transport=cast(TransportChoice, asked))


def _uncountable(options: GuestOptions) -> str | None:
    """Why instructions cannot be counted in this machine; None where they can."""
    if options.transport == "ssh":
        return "with --transport ssh a network card's interrupts would be counted; use --accel tcg or kvm"
    return accel.one_cpu(options)


def unavailable(options: GuestOptions) -> str | None:
    """Why this guest is not available here; None when it is, as far as known without a download."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    return kernels.unavailable(options)


class LinuxGuest:
    """See machine.guest.Guest."""

    os = "linux"
    arch = ARCH
    fresh_boots = True

    def __init__(self, name: str, program: str, choice: accel.Choice, kernel: Kernel, options: GuestOptions) -> None:
        self.name = name
        self._program, self._choice, self._kernel, self._options = program, choice, kernel, options
        self.accel = choice.accel
        # A bzImage's start code also loads the kernel at a random address: wanted for real time, not under emulation.
        direct = None if self.accel == "kvm" and kernel.protocol == "bzImage" else kernel.direct
        self._image = direct or kernel.image
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]
        self._smp = _smp(self.accel, options)
        self.cpus = options.homes(name, tuple(range(self._smp))[::-1][:2])

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        cargo = Cargo(program="/payload")
        below = host.here(()) if self.accel == "kvm" else {}
        unpacked = self._image is self._kernel.direct and self._kernel.protocol == "bzImage"
        return {
            **below,
            "accel.reason": self._choice.reason,
            "kernel.file": self._kernel.image.name,
            "kernel.boot": "ELF from bzImage" if unpacked else self._kernel.protocol,
            "kernel.origin": self._kernel.origin,
            "kernel.sha256": self._kernel.sha256,
            **({"kernel.append": words} if (words := self._options.linux_append) else {}),
            "qemu.version": qemu.version(self._program),
            "qemu.command": qemu.conditions(self.machine(cargo, 1)),
            "transport": self._options.transport,
        }

    def machine(self, cargo: Cargo, processes: int) -> qemu.Machine:
        """The machine that runs a cargo, still without its initial file system."""
        words = [
            "console=ttyS0 quiet panic=-1",
            _WORDS[self.accel],
            self._options.linux_append,
            f"ferrule.port=/dev/ttyS{0 if cargo.on_console else 1}",
        ]
        if cargo.share:
            words.append(f"ferrule.share={cargo.share}")
        if cargo.address:  # the program is an SSH server, which needs random numbers at once
            words.append(f"ferrule.address={cargo.address} random.trust_cpu=on")
        else:
            words.append(f"ferrule.processes={processes}")
        return qemu.Machine(
            self._program,
            self.accel,
            self._image,
            command_line=" ".join([*filter(None, words), "--", cargo.program]),
            memory=self._options.memory,
            plugin=self._options.plugin,
            smp=self._smp,
            devices=cargo.devices,
            ports=dict.fromkeys([qemu.RESULTS] if cargo.on_console else [qemu.CONSOLE, qemu.RESULTS], "file"),
        )

    def initrd(self, cargo: Cargo) -> bytes:
        """The initial file system: our init, the cargo's files, and the modules that it needs in the order of loading.

        Raises:
            UsageError: modules are needed and their folder is not known.
        """
        modules: dict[str, bytes] = {}
        wanted = (*(SHARE_MODULES if cargo.share else ()), *(NETWORK_MODULES if cargo.address else ()))
        if wanted:
            if self._kernel.modules is None:
                transport = self._options.transport
                raise UsageError(
                    f"--transport {transport}: needs this kernel's modules; name their folder by --linux-modules"
                )
            modules = self._kernel.modules.ordered(wanted)
        tree = {f"modules/{name}.ko": without_signature(image) for name, image in modules.items()}
        listing = "".join(f"/{path}\n" for path in tree)
        return initramfs.archive(
            [
                initramfs.character_device("dev/console", 5, 1),
                initramfs.folder("tmp", 0o1777),
                initramfs.file("init", build_init(ARCH).image, 0o755),
                initramfs.file("modules.list", listing.encode()),
                *initramfs.files(tree),
                *initramfs.files(cargo.files, 0o755),
            ]
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Execution:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest."""
        with ExitStack() as undo:
            transport = TRANSPORTS[self._options.transport]()
            undo.callback(transport.close)
            cargo = transport.load(payload)
            without, kind = self.machine(cargo, processes), Divided if cargo.on_console else Booted
            image = self.initrd(cargo)
            machine = boot_of(kind, lambda initrd: replace(without, initrd=initrd), image, classify, undo.pop_all())
        if isinstance(transport, SshBoot):
            return OverSsh(machine, transport, payload, processes, self.boot_seconds)
        return machine

    def when_silent(self) -> str:
        """See machine.guest.Advises."""
        if self._options.transport == "console":
            return ""
        return "a kernel that drives one serial port only (one UART) needs --transport console"

    def close(self) -> None:
        """Nothing is kept between boots."""


def _smp(accel: Accel, options: GuestOptions) -> int:
    """CPUs of the machine: two where this host has two, so that the ends can be on two CPUs; icount has only one."""
    if accel == "icount":
        return 1
    return options.smp or min(2, len(os.sched_getaffinity(0)))


def classify(status: int, console: str, errors: str) -> Ending:
    """How a boot ended, from QEMU's return code, the guest's console output and QEMU's messages."""
    messages = init.messages(console)
    code = None if status == 1 and errors.strip() else debug_code(status)
    if panic := _PANIC.search(console):
        detail = " ".join(panic.group().split())
    elif code is not None:
        detail = f"the guest wrote {code:#x} to the debug port"  # by which a kernel may power off
        if init.FINISHED in messages:
            return Ending(True, detail)
        if messages:
            detail = f"{messages[-1]} ({detail})"
    elif own := failure(status, errors):
        detail = own
    elif _POWER_DOWN not in console:
        detail = "the guest reset itself"
    elif init.FINISHED in messages:
        return Ending(True, "the guest powered off")
    else:
        detail = messages[-1] if messages else "the guest powered off too early"
    return Ending(False, detail)
