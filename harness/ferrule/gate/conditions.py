"""The parts of a baseline's key: everything that changes an instruction count and is not under test.

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

STATISTIC: Final = "mode-2"  # changes when counts are computed in another way, or taken after other runs
KERNEL_HASH: Final = "kernel.sha256"
BUILD: Final = "kernel.build"
KERNEL_WORDS: Final = "kernel.append"  # --linux-append
_NOT_COMPARED: Final = (".reason", ".file", ".origin")  # endings of facts that are for readers only
# Files in QEMU's command: the kernel is identified by its hash, or is under test; the payload's name is irrelevant.
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
    if kernel_build and KERNEL_HASH in key:  # every fact of the kernel is under test, and is in the record
        key = unnamed(key) | {BUILD: kernel_build}
        if words:  # how a build is configured is under test, also where it is part of QEMU's command
            key["machine"] = key["machine"].replace(f" {words} ", " ", 1)
    return key


def unnamed(key: Mapping[str, str]) -> dict[str, str]:
    """A key without the kernel's facts: for a baseline that was accepted before its kernel had a name."""
    return {name: text for name, text in key.items() if not name.startswith("kernel.")}


def complete(key: Mapping[str, str], reported: Conditions) -> dict[str, str]:
    """The whole key, with the conditions that the guest reported."""
    digest = key.get(KERNEL_HASH, "")
    build = "-".join(filter(None, (reported.kernel, digest[:12])))
    return {BUILD: build, "cpu.model": reported.cpu_model, **key}


def record(guest: Guest, payload: Payload, reported: Conditions) -> dict[str, str]:
    """What is under test, and what a reader may want to know: stored, never compared."""
    facts = guest.describe()
    found = {"payload": payload.build_id, "kernel": reported.kernel}
    for name in (KERNEL_HASH, KERNEL_WORDS, "kernel.origin"):
        if name in facts:
            found[name] = facts[name]
    if "kernel.version" in reported.facts:
        found["kernel.version"] = reported.facts["kernel.version"]
    return found
