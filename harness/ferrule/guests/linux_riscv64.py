"""Linux for RISC-V (64 bit) in QEMU (virt): Debian's standard kernel, or a riscv Image of yours with Linux's ABI."""

from __future__ import annotations

from typing import Final

from ferrule.guests import linux_virt
from ferrule.guests.linux_virt import Board, VirtGuest
from ferrule.machine.options import GuestOptions

BOARD: Final = Board(
    name="linux_riscv64",
    arch="riscv64",
    machine="virt",
    cpu="rv64",
    console="/dev/ttyS0",
    # The board's `time` ticks every 100 ns, under icount every 100 instructions. So the payload reads `cycle`.
    counter="CYCLES",
    words="initcall_blacklist=pmu_sbi_devinit",
    devices=("-seed", "1"),  # without it the device tree has a random number of the host
)


def create(name: str, options: GuestOptions) -> VirtGuest:
    """See linux_virt.create()."""
    return linux_virt.create(BOARD, name, options)


def lacking(options: GuestOptions) -> str | None:
    """See linux_virt.lacking()."""
    return linux_virt.lacking(BOARD, options)
