"""What a baseline's key is made of: all that moves an instruction count and is not under test.

Known before a boot: guest, port, instruction set, QEMU's version and its whole command line with the devices and the
kernel's command line, the kernel's hash, the payload's compiler and flags. Known after it: kernel release, CPU model.
The payload itself is under test; so are the kernel, and the words of --linux-append, when the user gave its builds a
common name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ferrule.errors import UsageError
from ferrule.machine.guest import Guest
from ferrule.payload.build import Payload
from ferrule.records.samples import Conditions

STATISTIC: Final = "mode-2"  # changes when a count is computed in another way, or after another history
KERNEL_HASH: Final = "kernel.sha256"
BUILD: Final = "kernel.build"
KERNEL_WORDS: Final = "kernel.append"  # --linux-append
_NOT_COMPARED: Final = (".reason", ".file", ".origin")  # endings of facts that are for people
# Files in QEMU's command: the kernel's is said by its hash, or is under test, and the payload's name says nothing.
_FILES: Final = re.compile(r" -(kernel|initrd|cdrom) \S+")


def known(guest: Guest, payload: Payload, kernel_build: str | None) -> dict[str, str]:
    """The part of the key that is known before a boot.

    Raises:
        UsageError: the guest does not count instructions.
    """
    if guest.accel != "icount":
        raise UsageError(f"--guest {guest.name}: the exact tier counts instructions, which only QEMU guests can")
    facts = {name: text for name, text in guest.describe().items() if not name.endswith(_NOT_COMPARED)}
    key = {
        "guest": guest.name,
        "os": guest.os,
        "arch": guest.arch,
        "accel": guest.accel,
        "statistic": STATISTIC,
        "compiler": payload.compiler,
        "flags": payload.flags,
        "qemu": facts.pop("qemu.version", ""),
        "machine": _FILES.sub("", facts.pop("qemu.command", "")),
        **facts,
    }
    words = key.pop(KERNEL_WORDS, "")
    if kernel_build and KERNEL_HASH in key:  # all that a kernel is made of is under test, and is in the record
        key = unnamed(key) | {BUILD: kernel_build}
        if words:  # how a build is configured is part of what is under test, wherever that is written down
            key["machine"] = key["machine"].replace(f" {words} ", " ", 1)
    return key


def unnamed(key: Mapping[str, str]) -> dict[str, str]:
    """A key without what says which kernel it is: for a baseline that was accepted before its kernel had a name."""
    return {name: text for name, text in key.items() if not name.startswith("kernel.")}


def complete(key: Mapping[str, str], said: Conditions) -> dict[str, str]:
    """The whole key, with what the guest said."""
    digest = key.get(KERNEL_HASH, "")
    build = "-".join(filter(None, (said.kernel, digest[:12])))
    return {BUILD: build, "cpu.model": said.cpu_model, **key}


def record(guest: Guest, payload: Payload, said: Conditions) -> dict[str, str]:
    """What is under test, and what a reader may want to know: kept, never compared."""
    facts = guest.describe()
    found = {"payload": payload.build_id, "kernel": said.kernel}
    for name in (KERNEL_HASH, KERNEL_WORDS, "kernel.origin"):
        if name in facts:
            found[name] = facts[name]
    if "kernel.version" in said.facts:
        found["kernel.version"] = said.facts["kernel.version"]
    return found
