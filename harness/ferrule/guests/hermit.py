"""Hermit in QEMU: the payload linked against its kernel (a library, yours or built here), booted by our loader."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from ferrule import kernels
from ferrule.core import clock
from ferrule.errors import FerruleError, UsageError
from ferrule.images import guestfile
from ferrule.images.guestfile import Found, Need
from ferrule.machine import accel, children, qemu
from ferrule.machine.booted import boot as boot_of
from ferrule.machine.booted import failure
from ferrule.machine.divider import Divided
from ferrule.machine.guest import Ending
from ferrule.machine.options import GuestOptions
from ferrule.payload import archive
from ferrule.payload.build import build_loader
from ferrule.records.samples import Accel

ARCH: Final = "x86_64"
KERNEL: Final = Need(
    "kernel",
    "Hermit's kernel, libhermit.a of a release build with the features loader, acpi, pci, fsgsbase and mman (with"
    " kernel-stack each call also switches stacks with interrupts off, and costs more)",
    "https://github.com/hermit-os/kernel, cargo xtask build --arch x86_64 --release --no-default-features --features"
    " loader,acpi,pci,fsgsbase,mman",
    command=kernels.made_by("hermit"),
    form="archive",
)
LOADER: Final = Need(
    "loader",
    "Hermit's own loader for multiboot, hermit-loader-x86_64-multiboot, in place of ours",
    "a release of https://github.com/hermit-os/loader",
    required=False,
    form="elf",
)
NEEDS: Final = (KERNEL, LOADER)
SETTINGS: Final = ("features",)  # the kernel's features, for the user to name: not all show in the library
BOOT_SECONDS: dict[Accel, float] = {"kvm": 30.0, "tcg": 60.0, "icount": 60.0}
LEAST_MEMORY: Final = 64  # MiB
ICOUNT_MHZ: Final = 1000  # shift=0: an instruction is a nanosecond, and the counter counts nanoseconds

# Features that show in the library: by a function that programs may call, or by the name of an internal function.
_CALLS: Final = {"mman": "sys_mmap", "net": "sys_socket", "newlib": "sys_recmutex_init"}
_OWN: Final = {"kernel-stack": b"call_with_stack", "smp": b"boot_application_processors"}

OURS: Final = "guest/boot/hermit"  # our loader, used where the user names none
_REFUSED = re.compile(r"^ferrule-loader: (.*)$", re.MULTILINE)
_EXIT = re.compile(r"^exit status (-?\d+)\s*$", re.MULTILINE)
_PANIC = re.compile(r"^\[(?:\d+|LOADER)\](?:\[PANIC\])?:? *(.*panicked at .*)$", re.MULTILINE)
_QUIET: Final = ("env=HERMIT_LOG_LEVEL_FILTER=error", "env=NO_COLOR=1")
_ERROR = re.compile(r"^(?:\[[ .\d]+\])?\[\d+\]\[ERROR[^\]]*\] (.*?)(?: \w+ \{)?$", re.MULTILINE)
_DEBUG_OK: Final = 3  # QEMU's exit status after a successful shutdown of the guest; the guest's own status is lost


def create(name: str, options: GuestOptions) -> HermitGuest:
    """The Hermit guest. It honours accel, boot_seconds, memory, smp and the guest files. Probes the accelerator."""
    if name != "hermit":
        raise UsageError(f"--guest {name}: the hermit guest takes no address; write `hermit`")
    if options.memory < LEAST_MEMORY:
        raise UsageError(f"--memory {options.memory}: the hermit guest needs {LEAST_MEMORY} MiB")
    program = qemu.find(ARCH)
    found = guestfile.find("hermit", NEEDS, options, SETTINGS, kernels.files("hermit"))
    return HermitGuest(program, accel.choose(options, program, accel.one_cpu(options)), found, options)


def unavailable(options: GuestOptions) -> str | None:
    """Why this guest is not available here; None when it is."""
    try:
        qemu.find(ARCH)
    except FerruleError as error:
        return str(error)
    return guestfile.unavailable("hermit", NEEDS, options, SETTINGS, kernels.files("hermit"))


def features(library: Path) -> tuple[str, ...]:
    """The kernel's features as far as they show in its library; others may be on.

    Raises:
        UsageError: it cannot be read or is not a library.
    """
    calls, content = archive.symbols(library), library.read_bytes()
    seen = [name for name, call in _CALLS.items() if call in calls]
    return tuple(sorted([*seen, *(name for name, part in _OWN.items() if part in content)]))


@functools.cache
def host_mhz() -> int | None:
    """The rate of this host's TSC in MHz, which is also the guest's under plain TCG; None without a TSC."""
    timing = clock.characterise()
    return round(timing.hz / 1e6) if timing.counter == "tsc" and timing.hz else None


class HermitGuest:
    """See machine.guest.Guest. It is also a Linked guest: the kernel is a part of the payload."""

    name = "hermit"
    os = "hermit"
    arch = ARCH
    fresh_boots = True

    def __init__(self, program: str, choice: accel.Choice, found: Found, options: GuestOptions) -> None:
        self._program, self._choice, self._found, self._options = program, choice, found, options
        self.accel = choice.accel
        self.boot_seconds = options.boot_seconds or BOOT_SECONDS[self.accel]
        self.cpus = options.homes(self.name, (0,))  # its threads stay on CPU 0
        self.library = found.files[KERNEL.key].path
        named = found.files.get(LOADER.key)
        self._loader = named.path.absolute() if named else build_loader("hermit", ARCH).path
        given = found.settings.get("features")
        self._features = given or f"{' '.join(features(self.library)) or 'none'} (seen in the library)"

    def describe(self) -> dict[str, str]:
        """Conditions: the same text in every boot of the same machine."""
        kernel, loader = self._found.files[KERNEL.key], self._found.files.get(LOADER.key)
        return {
            "accel.reason": self._choice.reason,
            "kernel.file": kernel.path.name,
            "kernel.sha256": kernel.sha256,
            "kernel.features": self._features,
            **kernels.facts(kernel.path),
            **({"loader.file": loader.path.name, "loader.sha256": loader.sha256} if loader else {"loader.file": OURS}),
            "process": "a boot of its own",
            "qemu.version": qemu.version(self._program),
            "qemu.command": qemu.conditions(self.machine(Path("payload"), 0)),
        }

    def machine(self, payload: Path, process: int) -> qemu.Machine:
        """The machine that runs one process: the loader gets the payload as its initial RAM disk."""
        # Without -freq the kernel measures the rate against a timer, which is wrong in an emulator on a busy host.
        mhz = {"icount": ICOUNT_MHZ, "tcg": host_mhz()}.get(self.accel)
        words = [*([f"-freq {mhz}"] if mhz else []), *_QUIET, "--", f"process={process}"]
        return qemu.Machine(
            self._program,
            self.accel,
            self._loader,
            initrd=payload,
            command_line=" ".join(words),
            memory=self._options.memory,
            plugin=self._options.plugin,
            smp=self._options.smp or 1,
            ports={qemu.RESULTS: "file"},
        )

    def execute(self, payload: bytes, processes: int, boot: int) -> Boots:  # noqa: ARG002 - all boots are equal
        """See machine.guest.Guest. Every process is a boot of its own: the payload and the kernel are one program."""

        def start(process: int) -> Divided:
            return boot_of(Divided, lambda image: self.machine(image, process), payload, classify)

        return Boots(start, processes)

    def close(self) -> None:
        """Nothing is kept between boots."""


class Boots:
    """See machine.guest.Execution: one boot per process; each starts after the previous one ended with success."""

    def __init__(self, start: Callable[[int], Divided], processes: int) -> None:
        self._start, self._processes = start, processes
        self._process, self._now = 0, start(0)

    def read(self, timeout: float) -> bytes:
        """See machine.guest.Execution."""
        deadline = time.monotonic() + timeout
        while not (records := self._now.read(max(0.0, deadline - time.monotonic()))):
            if self._process + 1 >= self._processes or not self._now.ending().clean:
                break
            self._now.close()
            self._process += 1
            self._now = self._start(self._process)
        return records

    def console(self) -> str:
        """Output of loader, kernel and QEMU in the current boot."""
        return self._now.console()

    @property
    def pid(self) -> int:
        """QEMU's process in the current boot."""
        return self._now.pid

    def ending(self) -> Ending:
        """How the last boot ended."""
        return self._now.ending()

    def close(self) -> None:
        """See machine.guest.Execution."""
        self._now.close()

    def __enter__(self) -> Boots:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def classify(status: int, console: str, errors: str) -> Ending:
    """How a boot ended, from QEMU's return code and the output of loader, kernel and QEMU."""
    exits = _EXIT.findall(console)
    if refused := _REFUSED.search(console):
        detail = refused[1].strip()
    elif panic := _PANIC.search(console):
        detail = panic[1].strip()
    elif exits:
        words = [f"exit status {exits[-1]}", *_ERROR.findall(console)[-1:]]
        return Ending(status == _DEBUG_OK and exits[-1] == "0", ": ".join(words).rstrip(": "))
    elif status > 0 and not errors.strip():
        detail = f"the guest shut down without a message (QEMU: {children.ending_text(status)})"
    else:
        detail = failure(status, errors) or "the guest reset itself"
    return Ending(False, detail)
