"""What guests need to know from the command line, checked."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ferrule.errors import UsageError
from ferrule.guests import add, available, kind
from ferrule.images import guestfile
from ferrule.machine.options import GuestOptions


def take_guests(folders: Sequence[str]) -> None:
    """Register the guests of --extra-guest; to be called before guests are listed.

    Raises:
        UsageError: a folder does not hold guests.
    """
    for folder in folders:
        add(Path(folder))


def guest_options_of(option: Namespace) -> GuestOptions:
    """What guests need to know from the command line.

    Raises:
        UsageError: an invalid value, or a missing file.
    """
    if option.smp is not None and option.smp < 1:
        raise UsageError(f"--smp {option.smp}: must be at least 1")
    if option.sha256 is not None and re.fullmatch("[0-9a-fA-F]{64}", option.sha256) is None:
        raise UsageError(f"--sha256 {option.sha256}: is not 64 hexadecimal digits")
    return GuestOptions(
        accel=option.accel,
        verify_only=option.verify_only,
        transport=option.transport,
        linux_kernel=_path(option.linux_kernel),
        linux_modules=_path(option.linux_modules),
        linux_append=option.linux_append,
        sha256=option.sha256,
        memory=option.memory,
        smp=option.smp,
        cpus=_cpus(option.cpu),
        host_key=_path(option.host_key),
        identity=_path(option.identity),
        remote_folder=_remote_folder(option.remote_folder),
        guests_file=_guests_file(option.guests_file),
        guest_files=_guest_files(option.guest_file),
    )


def _guests_file(text: str | None) -> Path | None:
    """The path, read here too: with a wrong file its guests would be skipped and the others measured.

    Raises:
        UsageError: it cannot be read, or is not a file of guests.
    """
    if text:
        guestfile.read(Path(text))
    return _path(text)


def _guest_files(texts: Sequence[str]) -> dict[tuple[str, str], Path]:
    """Files by guest and key.

    Raises:
        UsageError: not of the form GUEST.KEY=FILE, no such guest, or no such file.
    """
    found = guestfile.parse_files(texts)
    for (guest, key), path in found.items():
        if kind(guest) not in available():
            raise UsageError(f"--guest-file {guest}.{key}: no guest {guest}; there are: {', '.join(available())}")
        if not path.is_file():
            raise UsageError(f"--guest-file {guest}.{key}={path}: no such file")
    return found


def _remote_folder(text: str) -> str:
    """An absolute path on another machine.

    Raises:
        UsageError: it is not one.
    """
    if text and (not text.startswith("/") or not text.isprintable()):
        raise UsageError(f"--remote-folder {text!r}: give an absolute path on the SSH host, e.g. /var/tmp")
    return text


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _cpus(text: str | None) -> tuple[int, ...] | None:
    """`3,2` as numbers.

    Raises:
        UsageError: not a list of CPU numbers.
    """
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--cpu {text}: give CPU numbers separated by commas, e.g. --cpu 3,2") from None
