"""QEMU: its command line as a pure function of a frozen record (Machine), and the process with its serial ports."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferrule import apt, programs
from ferrule.errors import InfrastructureError, ToolMissing, TransportError
from ferrule.machine import children
from ferrule.machine.streams import Streams
from ferrule.machine.transcript import Transcript
from ferrule.records.samples import Accel

DEBUG_PORT = 0xF4  # isa-debug-exit: the guest writes v there and QEMU ends with status (v << 1) | 1
PC = "q35"
CONSOLE, RESULTS = "console", "results"  # serial ports; a guest that drives only one port has no CONSOLE
PIPE_BYTES = 1 << 20  # of the results' pipe: an unprivileged user's limit (fs.pipe-max-size)

# A guest that breaks out of QEMU is in a process that can start no other and gain no rights (qemu(1), -sandbox).
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
_KEPT = ("TMPDIR", "LD_LIBRARY_PATH")  # where `snapshot=on` writes; libraries of a QEMU that the user built

# What turns each accelerator on. Under icount one virtual nanosecond is one instruction (shift=0), idle time is
# skipped instead of slept (sleep=off), and neither wall clock nor random numbers of the host reach the guest.
_ACCEL: dict[Accel, tuple[str, ...]] = {
    "kvm": ("-accel", "kvm", "-cpu", "host"),
    "tcg": ("-accel", "tcg", "-cpu", "max"),
    "icount": (
        *("-accel", "tcg,thread=single", "-cpu", "max,-rdrand,-rdseed"),
        *("-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"),
    ),
}


@dataclass(frozen=True)
class Machine:
    """A machine, by default an x86-64 PC, with serial ports and no device besides what `devices` adds."""

    program: str
    accel: Accel
    kernel: Path | None  # None: the firmware boots from one of the `devices`
    initrd: Path | None = None
    command_line: str = ""  # the kernel's
    memory: int = 512  # MiB
    board: str = PC
    cpu: str = ""  # QEMU's -cpu; empty: the accelerator's default above
    smp: int = 1
    devices: tuple[str, ...] = ()  # further arguments, as they are
    # serial ports in the guest's order: name -> chardev, e.g. file,path=/dev/fd/5; Qemu chooses the chardevs itself
    ports: Mapping[str, str] = field(default_factory=dict)
    plugin: str = ""  # a measuring plugin that QEMU loads: it changes nothing in the machine and is not a condition
    typed: bool = False  # the results' port takes what Qemu.type() sends: it is QEMU's standard input and output
    passed: tuple[int, ...] = ()  # open descriptors that QEMU inherits; `devices` or a file name refer to /dev/fd/5


def arguments(machine: Machine) -> list[str]:
    """The command line: the same list for the same machine."""
    argv = [machine.program, "-M", machine.board, *_ACCEL[machine.accel]]
    if machine.cpu:
        argv[argv.index("-cpu") + 1] = machine.cpu
    argv += ["-m", str(machine.memory), "-smp", str(machine.smp)]
    argv += ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    if machine.board == PC:
        argv += ["-device", f"isa-debug-exit,iobase={DEBUG_PORT:#x},iosize=4"]
    for name, chardev in machine.ports.items():
        kind, _, rest = chardev.partition(",")
        argv += ["-chardev", f"{kind},id={name}" + (f",{rest}" if rest else ""), "-serial", f"chardev:{name}"]
    argv += machine.devices
    if machine.plugin:
        argv += ["-plugin", machine.plugin]
    if machine.kernel is not None:
        argv += ["-kernel", str(machine.kernel)]
    if machine.initrd is not None:
        argv += ["-initrd", str(machine.initrd)]
    if machine.command_line:
        argv += ["-append", machine.command_line]
    return argv


def in_option(path: Path) -> str:
    """A file name as part of a QEMU option, with its commas doubled as QEMU requires."""
    return str(path).replace(",", ",,")


def command(machine: Machine) -> list[str]:
    """The command line as it is run: sandboxed, and with a name that shows in a process list who started it."""
    name = ["-name", f"ferrule-{os.getpid()},debug-threads=on"]
    return [*arguments(machine), *name, *(("-sandbox", SANDBOX) if confines(machine.program) else ())]


def environment() -> dict[str, str]:
    """QEMU's environment: nothing of ours that a guest could see or that changes what QEMU does."""
    kept = {name: text for name in _KEPT if (text := os.environ.get(name))}
    return {"PATH": os.defpath, "LC_ALL": "C", **kept}


@functools.cache
def confines(program: str) -> bool:
    """Whether this QEMU can block system calls that it does not need: it must be built with seccomp."""
    return programs.output([program, "-sandbox", SANDBOX, "-version"]) is not None


def conditions(machine: Machine) -> str:
    """The command line without what differs between boots and hosts: folders and descriptors."""
    bare = replace(
        machine,
        program=Path(machine.program).name,
        kernel=machine.kernel and Path(machine.kernel.name),
        initrd=machine.initrd and Path(machine.initrd.name),
        ports={name: chardev.partition(",")[0] for name, chardev in machine.ports.items()},
        plugin="",
    )
    return " ".join(arguments(bare))


def find(arch: str = "x86_64") -> str:
    """QEMU's path: `$FERRULE_QEMU`, else `qemu-system-<arch>` on PATH.

    Raises:
        ToolMissing: neither is there; ends with the command that installs it.
    """
    asked = os.environ.get("FERRULE_QEMU")
    found = shutil.which(asked or f"qemu-system-{arch}")
    if found is None:
        where = f"$FERRULE_QEMU={asked}: no such program" if asked else f"qemu-system-{arch} is not on PATH"
        package = {"x86_64": "qemu-system-x86", "riscv64": "qemu-system-misc"}.get(arch, "qemu-system-arm")
        raise ToolMissing(f"{where}; install it: {apt.install([package])}")
    return found


@functools.cache
def version(program: str) -> str:
    """The version, from the first line of `qemu --version`.

    Raises:
        InfrastructureError: it does not run.
    """
    output = programs.output([program, "--version"])
    if output is None:
        raise InfrastructureError(f"{program} --version: it does not run")
    return output.partition("\n")[0].removeprefix("QEMU emulator version ")


class Qemu:
    """A running QEMU. The machine's `results` port is the data of `streams`; all other output goes into transcripts.

    Ports are pipes, not sockets: a pipe takes single bytes as they come without filling up, so that a guest never waits
    for its serial port and an instruction count never depends on how fast this side reads.
    """

    def __init__(self, machine: Machine) -> None:
        self.console = Transcript()  # the guest's console port
        self.errors = Transcript(8192)  # QEMU's own messages
        self.streams = Streams()
        transcripts = {CONSOLE: self.console, "errors": self.errors}
        pipes = {name: os.pipe() for name in (*machine.ports, "errors")}
        ours = {name: ends[0] for name, ends in pipes.items()}
        theirs = {name: ends[1] for name, ends in pipes.items()}
        with suppress(PermissionError):  # over the limit of all pipes of an unprivileged user
            fcntl.fcntl(ours[RESULTS], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        ports = {name: f"file,path=/dev/fd/{theirs[name]}" for name in machine.ports}
        keyboard: int | None = None
        self._keyboard: int | None = None
        if machine.typed:
            ports[RESULTS] = "stdio,signal=off"
            keyboard, self._keyboard = os.pipe()
            theirs["keyboard"] = keyboard
        self.machine = replace(machine, ports=ports)
        if machine.initrd is not None and "," in str(machine.initrd):
            # QEMU wants commas doubled for a Multiboot kernel only: a name without commas works for every kernel.
            theirs["initrd"] = os.open(machine.initrd, os.O_RDONLY | os.O_CLOEXEC)
            self.machine = replace(self.machine, initrd=Path(f"/dev/fd/{theirs['initrd']}"))
        try:
            self.child = children.start(
                command(self.machine),
                env=environment(),
                stdin=subprocess.DEVNULL if keyboard is None else keyboard,
                stdout=theirs["errors" if keyboard is None else RESULTS],
                stderr=theirs["errors"],
                pass_fds=(*machine.passed, *(theirs[key] for key in (*machine.ports, "initrd") if key in theirs)),
            )
        except OSError as error:
            self._close_keyboard()
            for end in ours.values():
                os.close(end)
            raise InfrastructureError(f"{machine.program}: {error.strerror or error}") from error
        finally:
            for end in theirs.values():
                os.close(end)
        sides = {ours[name]: kept for name, kept in transcripts.items() if name in ours}
        self.streams.follow(self.child, ours[RESULTS], sides)

    def type(self, text: bytes) -> None:
        """Send text to the results' port of a machine with `typed`.

        Raises:
            TransportError: QEMU has ended.
        """
        assert self._keyboard is not None, "the machine has no `typed`"
        try:
            os.write(self._keyboard, text)
        except BrokenPipeError:
            raise TransportError("nothing can be typed any more: QEMU has ended") from None

    def close(self) -> None:
        """Kill and reap. May be called twice."""
        self._close_keyboard()
        self.streams.close()

    def _close_keyboard(self) -> None:
        if self._keyboard is not None:
            os.close(self._keyboard)
        self._keyboard = None
