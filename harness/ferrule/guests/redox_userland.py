"""Redox with its userland: a disk image of yours in QEMU, driven by typing at its serial console; or by redoxer."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from pathlib import Path
from typing import Final

from ferrule.errors import FerruleError, GuestNotStarted, TransportError, UsageError
from ferrule.guests.redox import IMAGE, KERNEL, SETTINGS
from ferrule.guests.redoxer import RedoxerGuest
from ferrule.images import guestfile
from ferrule.images.guestfile import UserFile
from ferrule.machine import accel, qemu
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.booted import conditions, failure
from ferrule.machine.divider import Announced
from ferrule.machine.guest import Ending, Execution, Guest
from ferrule.machine.options import GuestOptions
from ferrule.records.samples import Accel
from ferrule.transports.typed import Shell

ARCH: Final = "x86_64"
TABLE: Final = "redox"  # in guests.toml: shared with the guest redox
NEEDS: Final = (guestfile.optional(KERNEL), IMAGE)
BOOT_SECONDS: dict[Accel, float] = {"kvm": 90.0, "tcg": 300.0, "icount": 900.0}
LEAST_MEMORY: Final = 256  # MiB
USER, PASSWORD = "root", "password"
PAYLOAD: Final = "/tmp/ferrule"  # noqa: S108 - in the guest
BLOCK: Final = 65536  # bytes; the size of the payload's disk is a multiple
TAIL_LINES: Final = 12
_DISK = re.compile(r"\bdisk\.[\w.-]+")


def create(name: str, options: GuestOptions) -> Guest:
    """A guest from the image if one is named, else by redoxer. Honours accel, boot_seconds, memory, smp, guest files.

    Raises:
        UsageError: an option that it cannot honour.
        ToolMissing: neither an image nor redoxer; says what to do.
    """
    if name != "redox_userland":
        raise UsageError(f"--guest {name}: takes no address; write `redox_userland`, or ssh://user@host:port")
    options.homes(name, (0,) if options.smp in (None, 1) else ())
    program = qemu.find(ARCH)
    if _unnamed(options) and (redoxer := shutil.which("redoxer")):
        obstacle = "redoxer chooses its machine; name an image to count instructions"
        return RedoxerGuest(redoxer, accel.choose(options, program, obstacle), options)
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the redox_userland guest needs {LEAST_MEMORY} MiB")
    found = guestfile.find(TABLE, NEEDS, options, SETTINGS)
    login = (found.settings.get("user", USER), found.settings.get("password", PASSWORD))
    return ImageGuest(
        program, accel.choose(options, program, accel.one_cpu(options)), found.files[IMAGE.key], login, options
    )


def unavailable(options: GuestOptions) -> str | None:
    """Why this guest is not available here; None when it is."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    if _unnamed(options) and shutil.which("redoxer"):
        return None
    reason = guestfile.unavailable(TABLE, NEEDS, options, SETTINGS)
    return reason and reason.removeprefix("redox: ")  # the table's name, which is another guest's


def _unnamed(options: GuestOptions) -> bool:
    """Whether no image is named; False for a wrong guests.toml, so that its error is reported later."""
    try:
        guestfile.find(TABLE, NEEDS, options, SETTINGS)
    except guestfile.Unnamed:
        return True
    except FerruleError:
        return False
    return False


class ImageGuest:
    """See machine.guest.Guest. Every boot starts from the unchanged image: the guest's writes are discarded."""

    name = "redox_userland"
    os = "redox"
    arch = ARCH
    fresh_boots = True

    def __init__(
        self, program: str, choice: accel.Choice, image: UserFile, login: tuple[str, str], options: GuestOptions
    ) -> None:
        self._program, self._choice, self._image, self._login, self._options = program, choice, image, login, options
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]
        self._smp = options.smp or 1
        self.cpus = options.homes(self.name, (0,) if self._smp == 1 else ())

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        image = self._image.path.name
        return {
            **conditions(self._choice, self.machine(Path(image), Path("payload"))),
            "image.file": image,
            "image.sha256": self._image.sha256,
            "transport": "typed",
        }

    def machine(self, image: Path, cargo: Path) -> qemu.Machine:
        """The image on one disk, the payload, raw, on another. With a display its loader would wait for a key."""
        drives = {"system": image, "cargo": cargo}
        devices: list[str] = []
        for name, path in drives.items():
            devices += ["-drive", f"file={qemu.in_option(path)},if=none,id={name},format=raw,snapshot=on"]
            devices += ["-device", f"virtio-blk-pci,drive={name}" + (",bootindex=0" if name == "system" else "")]
        return qemu.Machine(
            self._program,
            self.accel,
            None,
            memory=self._options.memory,
            plugin=self._options.plugin,
            smp=self._smp,
            devices=tuple(devices),
            ports={qemu.RESULTS: "file"},
            typed=True,
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Execution:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest."""
        cargo = payload + bytes(-len(payload) % BLOCK)
        system = self._image.path.absolute()
        booted = boot_of(TypedBoot, lambda file: self.machine(system, file), cargo, classify)
        try:
            booted.begin(cargo, processes, self._login, time.monotonic() + self.boot_seconds)
        except TransportError as error:
            tail = "\n".join(booted.console().splitlines()[-TAIL_LINES:])
            booted.close()
            raise GuestNotStarted(self.name, str(error), tail=tail) from error
        except BaseException:
            booted.close()
            raise
        return booted

    def close(self) -> None:
        """Nothing is kept between boots."""


class TypedBoot(Announced):
    """One boot: a shell at the console starts the payload's processes, one after the other."""

    def begin(self, cargo: bytes, processes: int, login: tuple[str, str], ends: float) -> None:
        """Log in, fetch the payload from its disk, start the first process.

        Raises:
            TransportError: no prompt, or no disk with the payload; says which.
        """
        self._shell = Shell(self._hear, self._qemu.type)
        if login[1] != PASSWORD:  # the default password is public
            self._qemu.console.hide(login[1])
        self._left = processes
        self._process = 0
        self._status: int | None = None
        self._shell.log_in(*login, ends)
        self._fetch(cargo, ends)
        self._start()

    def _hear(self, timeout: float) -> bytes:
        chunk = self._qemu.streams.read(time.monotonic() + timeout)
        self._qemu.console.add(chunk)
        return chunk

    def _fetch(self, cargo: bytes, ends: float) -> None:
        """Copy the payload from the guest's disk whose content has the payload's digest."""
        wanted = hashlib.sha256(cargo).hexdigest()
        _, output = self._shell.run("ls /scheme", ends)
        disks = sorted(set(_DISK.findall(output)))
        for disk in disks:
            self._shell.run(f"dd if=/scheme/{disk}/0 of={PAYLOAD} bs={BLOCK} count={len(cargo) // BLOCK}", ends)
            _, output = self._shell.run(f"sha256sum {PAYLOAD}", ends)
            if wanted in output:
                status, _ = self._shell.run(f"chmod +x {PAYLOAD}", ends)
                if status:
                    raise TransportError(f"chmod +x {PAYLOAD} ended with status {status}")
                return
        raise TransportError(f"no disk of the guest holds the payload: {', '.join(disks) or 'there is none'}")

    def _start(self) -> None:
        self._end = re.compile(self._shell.start(f"{PAYLOAD} process={self._process}").pattern.decode())

    def over(self) -> bool:
        """See Announced. After a process that ended with success the next one is started."""
        if self._status is None and (end := self._end.search(self.console())):
            status = int(end[1])
            self._process += 1
            if status == 0 and self._process < self._left:
                self._start()
            else:
                self._status = status
        return self._status is not None

    def ending(self) -> Ending:
        """See machine.guest.Execution."""
        if self._status is None and not self.over():
            return super().ending()
        return Ending(self._status == 0, f"exit status {self._status}")


def classify(status: int, _console: str, errors: str) -> Ending:
    """How a boot ended that was not closed by us, which should not happen."""
    return Ending(False, failure(status, errors) or "the guest reset itself or powered off")
