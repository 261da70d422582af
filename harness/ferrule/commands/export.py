"""`ferrule initramfs | disk | transcript`: the Linux payload for a kernel that you boot yourself, and its records.

For kernels that compile their initial file system in, or mount a disk of their own: the image holds the payload,
an init that runs it, and the arguments that init reads; records go to a serial port, whose output is the transcript.
"""

from __future__ import annotations

import argparse
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tabulate import tabulate

from ferrule.errors import EXIT_OK, FerruleError, UsageError
from ferrule.payload.key import RunKey

PORT: Final = "/dev/ttyS0"


def add_initramfs(command: ArgumentParser) -> None:
    """Flags of the archive."""
    _add(command, "initrd.cpio")
    command.set_defaults(action=lambda parsed: _write(parsed, "initramfs"))


def add_disk(command: ArgumentParser) -> None:
    """Flags of the disk."""
    _add(command, "root.ext2")
    command.set_defaults(action=lambda parsed: _write(parsed, "disk"))


def add_transcript(command: ArgumentParser) -> None:
    """Flags of the reader."""
    command.add_argument("file", type=Path, metavar="FILE", help="the port's output; other lines may be between")
    command.set_defaults(action=read)


def _add(command: ArgumentParser, name: str) -> None:
    add = command.add_argument
    add("--out", type=Path, required=True, metavar="FILE", help=f"where to write it, e.g. {name}")
    add("--arch", default="x86_64", choices=("x86_64", "aarch64", "riscv64"), help="of the payload (default: x86_64)")
    add("--port", default=PORT, metavar="PATH", help=f"where records go in the guest (default: {PORT})")
    add("--workload", metavar="NAMES", help="as for ferrule run (default: all)")
    add("--processes", type=_positive, default=1, metavar="N", help="how often the payload runs (default: 1)")
    add("--measure", action="store_true", help="take samples, too; without it every workload is only verified")


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text}: must be a number from 1 to 65535")
    return int(text)


def _write(parsed: Namespace, form: str) -> int:
    image = made(form, parsed)
    try:
        parsed.out.write_bytes(image)
    except OSError as error:
        raise UsageError(f"--out {parsed.out}: {error.strerror}") from None
    where = "/init" if form == "initramfs" else "/sbin/init"
    print(f"{parsed.out}: {len(image)} bytes; its first program is {where}, records go to {parsed.port}")
    return EXIT_OK


def made(form: str, parsed: Namespace) -> bytes:
    """The image.

    Raises:
        UsageError: no such workload, or a port that is not a path below /dev/.
        BuildFailed: the payload does not compile.
    """
    from ferrule.images import ext2, init, initramfs
    from ferrule.payload.build import build_init, build_payload, patch_plan
    from ferrule.payload.plan import Plan, PlannedRun

    if not parsed.port.startswith("/dev/") or any(letter.isspace() for letter in parsed.port):
        raise UsageError(f"--port {parsed.port}: must be a path below /dev/")
    runs = tuple(PlannedRun(key) for key in _keys(parsed.workload))
    plan = Plan(run="export", processes=parsed.processes, verify_only=not parsed.measure, runs=runs)
    payload = patch_plan(build_payload("linux", parsed.arch).image, plan.render())
    command_line = init.command_line(parsed.port, parsed.processes)
    program = build_init(parsed.arch).image
    if form == "disk":
        return ext2.image({"sbin/init": program, "payload": payload, init.FILE: command_line}, init.FOLDERS)
    return initramfs.archive(
        [
            initramfs.character_device("dev/console", 5, 1),
            *(initramfs.folder(name, 0o1777 if name == "tmp" else 0o755) for name in init.FOLDERS),
            initramfs.file("init", program, 0o755),
            initramfs.file("payload", payload, 0o755),
            initramfs.file(init.FILE, command_line),
        ]
    )


def _keys(asked: str | None) -> list[RunKey]:
    from ferrule.payload.registry import find, workloads
    from ferrule.payload.selection import parse_key, variants_of

    if asked is None:
        return [RunKey(row.name) for row in workloads().values() if not row.hidden]
    return [
        key
        for name, params, place in parse_key(asked)
        for key in variants_of(find(name), params, (place or "same_core",))
    ]


def read(parsed: Namespace) -> int:
    """Print the outcome of every run in a transcript.

    Raises:
        UsageError: the file cannot be read, or holds no record of a run.
    """
    from ferrule.records.stream import MARK, Decoder, Record

    try:
        lines = parsed.file.read_bytes().splitlines()
    except OSError as error:
        raise UsageError(f"{parsed.file}: {error.strerror}") from None
    text = b"".join(line[line.index(MARK) :].rstrip(b"\r") + b"\n" for line in lines if MARK in line)
    decoder = Decoder()
    records = [event for event in [*decoder.feed(text), *decoder.close()] if isinstance(event, Record)]
    began = {(one.process, one.fields["i"]): one.fields for one in records if one.kind == "begin"}
    if not began:
        raise UsageError(f"{parsed.file}: no record of a run in it{_of_init(lines)}")
    ends = {(one.process, one.fields["i"]): one.fields for one in records if one.kind == "end"}
    rows = [
        (key[0], fields["workload"], ends.get(key, {}).get("status", "not finished"), _why(ends.get(key, {})))
        for key, fields in began.items()
    ]
    print(tabulate(rows, headers=("process", "workload", "status", "why")))
    if not any(one.kind == "done" for one in records):
        raise FerruleError(f"{parsed.file}: the payload did not finish")
    return EXIT_OK


def _of_init(lines: Sequence[bytes]) -> str:
    """Our init's last message, and the remedy where the processor lacks an instruction."""
    from ferrule.images import init

    messages = init.messages(b"\n".join(lines).decode(errors="replace"))
    if not messages:
        return ""
    helps = "; under QEMU's emulation give -cpu max: the payload needs rdtscp" if "by signal 4" in messages[-1] else ""
    return f"; its init reported: {messages[-1]}{helps}"


def _why(fields: Mapping[str, str]) -> str:
    return " ".join(f"{key} {fields[key]}" for key in ("operation", "error", "seen") if key in fields)
