"""Linux for AArch64 in QEMU (virt): Debian's standard kernel, or an arm64 Image of yours with Linux's ABI."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferrule.errors import UsageError
from ferrule.guests.linux import LEAST_MEMORY, classify
from ferrule.images import arm64, initramfs, told
from ferrule.machine import qemu
from ferrule.machine.accel import Choice
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.booted import conditions
from ferrule.machine.divider import Divided
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_init
from ferrule.records.samples import Accel

NAME: Final = "linux_aarch64"
ARCH: Final = "aarch64"
PORT: Final = "/dev/ttyAMA0"  # the machine's one PL011: records share it with the kernel's words
BOARD: Final = "virt,dtb-randomness=off"
# A core without random numbers of its own; one tick of the counter is a nanosecond, so under icount an instruction.
CPU: Final = "cortex-a72,cntfrq=1000000000"
BOOT_SECONDS: dict[Accel, float] = {"tcg": 120.0, "icount": 240.0}
# Nothing random may decide where things lie. With a random stack each call would also draw a number, for 9000
# instructions while the kernel has collected no randomness.
_WORDS: dict[Accel, str] = {"tcg": "", "icount": "nokaslr norandmaps randomize_kstack_offset=off random.trust_cpu=off "}


def create(name: str, options: GuestOptions) -> AArch64Guest:
    """The guest. It honours accel, boot_seconds, memory, linux_kernel, linux_append, sha256; may fetch a kernel.

    Raises:
        UsageError: an option it cannot honour, or a kernel that is no arm64 Image.
        InfrastructureError: no QEMU for AArch64, or no kernel available.
    """
    if name != NAME:
        raise UsageError(f"--guest {name}: the {NAME} guest takes no address; write `{NAME}`")
    if options.transport not in ("serial", "console"):
        raise UsageError(f"--transport {options.transport}: the {NAME} guest knows serial and console, which are one")
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the {NAME} guest needs {LEAST_MEMORY} MiB")
    if options.smp not in (None, 1):
        raise UsageError(f"--smp {options.smp}: the {NAME} guest has one CPU")
    if options.accel == "kvm":
        raise UsageError(f"--accel kvm: the {NAME} guest is emulated; use --accel tcg or icount")
    program = qemu.find(ARCH)
    if options.accel != "auto":
        choice = Choice(options.accel, "as asked")
    else:
        choice = Choice("tcg" if options.verify_only else "icount", f"{NAME} is emulated")
    return AArch64Guest(program, choice, arm64.choose(options), options)


class AArch64Guest:
    """See machine.guest.Guest."""

    name = NAME
    os = "linux"
    arch = ARCH
    fresh_boots = True
    cpus = (0,)

    def __init__(self, program: str, choice: Choice, kernel: arm64.Kernel, options: GuestOptions) -> None:
        self._program, self._choice, self._kernel, self._options = program, choice, kernel, options
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]

    def describe(self) -> dict[str, str]:
        """Conditions: the same text for the same machine, whatever the boot."""
        return {
            **conditions(self._choice, self.machine(Path("initrd"))),
            "kernel.file": self._kernel.image.name,
            "kernel.boot": "arm64 Image",
            "kernel.origin": self._kernel.origin,
            "kernel.sha256": self._kernel.sha256,
        }

    def machine(self, initrd: Path) -> qemu.Machine:
        """The machine that boots an initial file system."""
        append = f" {self._options.linux_append}" if self._options.linux_append else ""
        return qemu.Machine(
            self._program,
            self.accel,
            self._kernel.image,
            initrd=initrd,
            command_line=f"console=ttyAMA0 quiet panic=-1 {_WORDS[self.accel]}".rstrip() + append,
            memory=self._options.memory,
            board=BOARD,
            cpu=CPU,
            ports={qemu.RESULTS: "file"},
            plugin=self._options.plugin,
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Divided:  # noqa: ARG002 - every boot is alike
        """See machine.guest.Guest."""
        image = initramfs.archive(
            [
                initramfs.character_device("dev/console", 5, 1),
                initramfs.folder("tmp", 0o1777),
                initramfs.file("init", build_init(ARCH).image, 0o755),
                initramfs.file(told.FILE, told.words(PORT, processes)),
                initramfs.file("payload", payload, 0o755),
            ]
        )
        return boot_of(Divided, self.machine, image, classify)

    def close(self) -> None:
        """Nothing is kept between boots."""
