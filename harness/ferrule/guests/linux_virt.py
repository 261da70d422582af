"""Common code of the Linux guests on QEMU's `virt` boards: one CPU, one serial port, a raw Image, our initramfs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferrule.errors import FerruleError, UsageError
from ferrule.guests.linux import LEAST_MEMORY, classify
from ferrule.images import init, initramfs, rawimage
from ferrule.machine import qemu
from ferrule.machine.accel import Choice
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.booted import conditions
from ferrule.machine.divider import Divided
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_init
from ferrule.payload.toolchain import target_compiler
from ferrule.records.samples import Accel

BOOT_SECONDS: dict[Accel, float] = {"tcg": 120.0, "icount": 240.0}
# Memory layout must not be random. With a random stack offset each call would also draw a random number, which takes
# 9000 instructions until the kernel has collected randomness.
_WORDS: Final[Mapping[Accel, str]] = {
    "tcg": "",
    "icount": "nokaslr norandmaps randomize_kstack_offset=off random.trust_cpu=off ",
}


@dataclass(frozen=True)
class Board:
    """A `virt` board and its guest."""

    name: str  # of the guest
    arch: str
    machine: str  # QEMU's -M
    cpu: str
    console: str  # its one serial port, for records and for the kernel's messages
    words: str = ""  # further words of the kernel's command line
    devices: tuple[str, ...] = ()
    counter: str | None = None  # the counter that the payload reads, as in payload.build.Counting


def create(board: Board, name: str, options: GuestOptions) -> VirtGuest:
    """The guest. It honours accel, boot_seconds, memory, linux_kernel, linux_append, sha256; may fetch a kernel.

    Raises:
        UsageError: an option that it cannot honour, or a kernel that is not an Image for it.
        InfrastructureError: no QEMU for it, or no kernel available.
    """
    if name != board.name:
        raise UsageError(f"--guest {name}: the {board.name} guest takes no address; write `{board.name}`")
    if options.transport not in ("serial", "console"):
        raise UsageError(
            f"--transport {options.transport}: the {board.name} guest knows serial and console, which are the same"
        )
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the {board.name} guest needs {LEAST_MEMORY} MiB")
    if options.smp not in (None, 1):
        raise UsageError(f"--smp {options.smp}: the {board.name} guest has one CPU")
    if options.accel == "kvm":
        raise UsageError(f"--accel kvm: the {board.name} guest is emulated; use --accel tcg or icount")
    program = qemu.find(board.arch)
    if options.accel != "auto":
        choice = Choice(options.accel, "as asked")
    else:
        choice = Choice("tcg" if options.verify_only else "icount", f"{board.name} is emulated")
    return VirtGuest(board, program, choice, rawimage.choose(board.arch, options), options)


def lacking(board: Board, options: GuestOptions) -> str | None:
    """Why the guest is not available here; None when it is, as far as known without a download."""
    try:
        qemu.find(board.arch)
        target_compiler(board.arch)
    except FerruleError as error:
        return str(error)
    return rawimage.unavailable(board.arch, options)


class VirtGuest:
    """See machine.guest.Guest."""

    os = "linux"
    fresh_boots = True

    def __init__(
        self, board: Board, program: str, choice: Choice, kernel: rawimage.Kernel, options: GuestOptions
    ) -> None:
        self._board, self._program, self._choice, self._kernel, self._options = board, program, choice, kernel, options
        self.name, self.arch, self.counter = board.name, board.arch, board.counter
        self.cpus = options.homes(board.name, (0,))
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        return {
            **conditions(self._choice, self.machine(Path("initrd"))),
            "kernel.file": self._kernel.image.name,
            "kernel.boot": f"{rawimage.KERNELS_NAME[self.arch]} Image",
            "kernel.origin": self._kernel.origin,
            "kernel.sha256": self._kernel.sha256,
        }

    def machine(self, initrd: Path) -> qemu.Machine:
        """The machine that boots an initial file system."""
        words = f"console={Path(self._board.console).name} quiet panic=-1 {_WORDS[self.accel]}{self._board.words}"
        append = f" {self._options.linux_append}" if self._options.linux_append else ""
        return qemu.Machine(
            self._program,
            self.accel,
            self._kernel.image,
            initrd=initrd,
            command_line=words.rstrip() + append,
            memory=self._options.memory,
            board=self._board.machine,
            cpu=self._board.cpu,
            devices=self._board.devices,
            ports={qemu.RESULTS: "file"},
            plugin=self._options.plugin,
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Divided:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest."""
        image = initramfs.archive(
            [
                initramfs.character_device("dev/console", 5, 1),
                initramfs.folder("tmp", 0o1777),
                initramfs.file("init", build_init(self.arch).image, 0o755),
                initramfs.file(init.FILE, init.command_line(self._board.console, processes)),
                initramfs.file("payload", payload, 0o755),
            ]
        )
        return boot_of(Divided, self.machine, image, classify)

    def close(self) -> None:
        """Nothing is kept between boots."""
