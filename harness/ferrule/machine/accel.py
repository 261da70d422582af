"""Finds out which accelerator works here by booting a probe: that /dev/kvm exists does not prove that KVM works.

The probe is a Multiboot image built here. It does bounded work and reports through the debug port. The work matters:
a KVM that emulates every instruction (nested virtualisation does) can run six instructions and still hangs on real
kernels.
"""

from __future__ import annotations

import functools
import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ferrule import files
from ferrule.errors import UsageError
from ferrule.machine import children, qemu
from ferrule.machine.options import GuestOptions
from ferrule.records.samples import Accel

DEADLINE = 3.0  # seconds; where KVM works the probe takes 0.2, most of it firmware
_ANSWER = 0x10
EXPECTED_STATUS = _ANSWER << 1 | 1

_LOAD = 0x100000  # where the image goes: 1 MiB
_MAGIC, _FLAGS = 0x1BADB002, 1 << 16  # Multiboot specification 0.6.96, 3.1.1; bit 16: addresses are in the header


@dataclass(frozen=True)
class Choice:
    """The accelerator to use and why."""

    accel: Accel
    reason: str


def image() -> bytes:
    """The probe: multiboot header with addresses (so that no ELF is needed), then 32-bit code."""
    code = b"".join(
        [
            b"\xb9\x00\x00\x00\x01",  #  mov ecx, 0x1000000: 16 million turns take 10 ms where instructions really run,
            b"\x49",  #                    dec ecx             minutes where the host's kernel emulates each of them
            b"\x75\xfd",  #                jnz (the dec)
            b"\x66\xba\xf4\x00",  #        mov dx, 0xf4:       isa-debug-exit
            b"\xb0\x10",  #                mov al, 0x10
            b"\xee",  #                    out dx, al:         QEMU ends here with status 0x21
            b"\xf4",  #                    hlt:                where nothing listens at the port
            b"\xeb\xfd",  #                jmp (the hlt)
        ]
    )
    entry = _LOAD + 32
    end = entry + len(code)
    header = struct.pack("<8I", _MAGIC, _FLAGS, -(_MAGIC + _FLAGS) & 0xFFFFFFFF, _LOAD, _LOAD, end, end, entry)
    return header + code


def probe(accel: Accel, program: str, deadline: float = DEADLINE) -> tuple[bool, str]:
    """Boot the image under an accelerator. Returns whether it gave the right answer in time, and the reason as text."""
    with files.scratch() as folder:
        kernel = folder / "probe"
        kernel.write_bytes(image())
        machine = qemu.Machine(program, accel, kernel, memory=64)
        output = folder / "output"
        with output.open("wb") as sink:
            child = children.start(
                qemu.command(machine), stdout=sink.fileno(), stderr=sink.fileno(), env=qemu.environment()
            )
        try:
            status = child.wait(deadline)
        except subprocess.TimeoutExpired:
            return False, f"{accel} boots nothing within {deadline:g} s"
        finally:
            children.kill(child)
        if status == EXPECTED_STATUS:
            return True, f"{accel} booted a probe"
        lines = output.read_text(errors="replace").strip().splitlines()
        return False, f"{accel}: {lines[-1] if lines else children.ending_text(status)}"


@functools.cache
def _kvm(program: str) -> tuple[bool, str]:
    """The result of probing KVM; the probe runs once per process."""
    device = Path("/dev/kvm")
    if not device.exists():
        return False, "no /dev/kvm"
    if not os.access(device, os.R_OK | os.W_OK):
        return False, "no permission to open /dev/kvm (group kvm?)"
    return probe("kvm", program)


def choose(options: GuestOptions, program: str, obstacle: str | None = None) -> Choice:
    """The accelerator for a QEMU guest: as asked; else kvm where it works, else icount, which counts instructions.

    Times measured under plain tcg are the emulator's, not a CPU's. So tcg is chosen only where instructions cannot be
    counted, or where no numbers are wanted and several CPUs are useful.

    Args:
        options: what the user asks of guests.
        program: QEMU.
        obstacle: why instructions cannot be counted in this guest's machine; None where they can.

    Raises:
        UsageError: the accelerator that was asked for does not work here, or not for this machine.
    """
    if options.accel == "icount" and obstacle is not None:
        raise UsageError(f"--accel icount: {obstacle}")
    if options.accel in ("tcg", "icount"):
        return Choice(options.accel, "as asked")
    works, reason = _kvm(program)
    if works:
        return Choice("kvm", reason)
    if options.accel == "kvm":
        raise UsageError(f"--accel kvm: {reason}; use --accel tcg or icount here")
    if options.verify_only or obstacle is not None:
        return Choice("tcg", reason if obstacle is None else f"{reason}; {obstacle}")
    return Choice("icount", reason)


def one_cpu(options: GuestOptions) -> str | None:
    """Why instructions cannot be counted on the number of CPUs asked for; None for one CPU."""
    smp = options.smp or 1
    return f"QEMU counts instructions on one CPU only, not {smp}" if smp > 1 else None
