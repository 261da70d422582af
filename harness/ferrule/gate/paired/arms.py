"""What is compared: `--base` and `--candidate` as a guest each, with the payload that it runs.

`self` is our own payload on the guest as it is; a folder is another checkout, whose payload is built; a file is
a finished payload (an ELF file with a plan section), or else a kernel for the guest to boot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from ferrule import elf, guests, paths
from ferrule.errors import UsageError
from ferrule.machine.guest import Execution, Guest, Scatters
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import PLAN_SECTION, Payload, build_for, build_id
from ferrule.records.samples import Accel

Name = Literal["base", "candidate"]
NAMES: Final[tuple[Name, Name]] = ("base", "candidate")
SELF: Final = "self"
_ARCHES: Final = {"x64": "x86_64", "AArch64": "aarch64", "RISC-V": "riscv64"}  # as pyelftools names them
_EMULATED: Final = ("tcg", "icount")


class Side:
    """A guest under the name of its arm: two arms of one guest are two guests to a campaign."""

    def __init__(self, guest: Guest, name: Name) -> None:
        self.guest, self.name = guest, str(name)
        self.os, self.arch, self.fresh_boots = guest.os, guest.arch, guest.fresh_boots
        self.accel: Accel = guest.accel
        self.boot_seconds, self.cpus = guest.boot_seconds, guest.cpus

    def __getattr__(self, name: str) -> object:
        """Attributes that only some guests have: whether they break on a run, their library."""
        return getattr(self.guest, name)

    def describe(self) -> dict[str, str]:
        """See machine.guest.Guest."""
        return self.guest.describe()

    def execute(self, payload: bytes, processes: int, boot: int) -> Execution:
        """See machine.guest.Guest."""
        return self.guest.execute(payload, processes, boot)

    def scatter(self, seed: int) -> None:
        """Draw the layout of the guest's next processes, where that can be done."""
        if isinstance(self.guest, Scatters):
            self.guest.scatter(seed)

    def close(self) -> None:
        """See machine.guest.Guest."""
        self.guest.close()


@dataclass(frozen=True)
class Arm:
    """One side of the comparison."""

    side: Side
    payload: Payload
    what: str  # a description for readers


def make(name: Name, given: str, guest: str, options: GuestOptions, extra: Sequence[Path]) -> Arm:
    """The arm that `--base` or `--candidate` asks for.

    Raises:
        UsageError: there is no such file or folder, or this guest cannot run it.
        InfrastructureError: the guest is not available, or the payload does not build.
    """
    flag, path = f"--{name} {given}", Path(given)
    if given != SELF and not path.exists():
        raise UsageError(
            f"{flag}: no such file or folder; give self, a checkout, a payload or a kernel;"
            " two stored runs are compared with --history"
        )
    kernel = path if given != SELF and path.is_file() and not is_payload(path) else None
    made = guests.create(guest, with_kernel(options, guest, kernel, flag))
    if made.accel in _EMULATED:
        raise UsageError(f"--guest {guest}: {made.accel} gives emulated time, which is not time; use --tier exact here")
    if given != SELF and kernel is None and path.is_file():
        payload = _prebuilt(path, made.os, made.arch, flag)
        what = f"payload {path.name}"
    elif kernel is None and given != SELF:
        with paths.rooted(path.absolute()):
            payload = build_for(made, extra)
        what = f"payload of {path}"
    else:
        payload = build_for(made, extra)
        what = f"kernel {kernel.name}" if kernel else "our own payload"
    return Arm(Side(made, name), payload, f"{what}, build {payload.build_id[:12]}")


def is_payload(path: Path) -> bool:
    """Whether a file is a payload of ours: an ELF file with a plan section."""
    try:
        with elf.reading(path.read_bytes()) as file:
            return file.get_section_by_name(PLAN_SECTION) is not None
    except elf.Broken:
        return False
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None


def _prebuilt(path: Path, os: str, arch: str, flag: str) -> Payload:
    """A finished payload. Its compiler is left empty here: its own hello record reports it."""
    image = path.read_bytes()
    try:
        with elf.reading(image) as file:
            machine = file.get_machine_arch()
    except elf.Broken as error:
        raise UsageError(f"{flag}: {path}: {error}") from None
    if (its := _ARCHES.get(machine, machine)) != arch:
        raise UsageError(f"{flag}: is a payload for {its}, the guest is {arch}")
    return Payload(path, image, build_id(image), "", "", arch, os)


def with_kernel(options: GuestOptions, guest: str, kernel: Path | None, flag: str) -> GuestOptions:
    """The options under which this guest boots that kernel."""
    if kernel is None:
        return options
    if guest == "linux":
        return replace(options, linux_kernel=kernel)
    if guest.partition("://")[0] in ("local", "ssh", "floor"):
        raise UsageError(f"{flag}: is no payload, and the {guest} guest boots no kernel of yours")
    return replace(options, guest_files={**options.guest_files, (guest, "kernel"): kernel})
