"""Linux for AArch64 in QEMU (virt): Debian's standard kernel, or an arm64 Image of yours with Linux's ABI."""

from __future__ import annotations

from typing import Final

from ferrule.guests import linux_virt
from ferrule.guests.linux_virt import Board, VirtGuest
from ferrule.machine.options import GuestOptions

BOARD: Final = Board(
    name="linux_aarch64",
    arch="aarch64",
    machine="virt,dtb-randomness=off",
    # A core without a random number instruction. One tick of its counter is 1 ns: one instruction under icount.
    cpu="cortex-a72,cntfrq=1000000000",
    console="/dev/ttyAMA0",
)


def create(name: str, options: GuestOptions) -> VirtGuest:
    """See linux_virt.create()."""
    return linux_virt.create(BOARD, name, options)


def lacking(options: GuestOptions) -> str | None:
    """See linux_virt.lacking()."""
    return linux_virt.lacking(BOARD, options)
