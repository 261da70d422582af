"""Kernels and images of an OS that we do not ship: the user names them in guests.toml or by --guest-file.

guests.toml has one table per guest; paths are relative to its folder:

    [guest.redox]
    kernel = "kernels/redox"
    sha256 = "9f86d081..."        optional: of the first file that the guest asks for
    image_sha256 = "60303ae2..."  optional: of the file of that key
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ferrule import paths, tomlfile
from ferrule.errors import ToolMissing, UsageError
from ferrule.images import filetype
from ferrule.images.filetype import Form
from ferrule.machine.options import GuestOptions

DEFAULT: Final = "guests.toml"  # in the folder that the user works in
_HASH: Final = "sha256"


@dataclass(frozen=True)
class Need:
    """A file that a guest needs from the user."""

    key: str  # in guests.toml
    what: str  # "the kernel's ELF file of 2026-07 or later"
    upstream: str  # where a user gets it
    required: bool = True
    command: str = ""  # the ferrule command that makes it
    form: Form = ""  # of the file; empty: any


def optional(need: Need) -> Need:
    """The same need, not required: for a guest that shares the table of a guest that requires the file."""
    return replace(need, required=False)


class Unnamed(ToolMissing):
    """A file that a guest needs is named nowhere."""


@dataclass(frozen=True)
class UserFile:
    """An existing file with its checked SHA-256."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Found:
    """The user's files and settings for one guest."""

    files: Mapping[str, UserFile]  # by Need.key; those that are not required may be missing
    settings: Mapping[str, str] = field(default_factory=dict)


def find(
    guest: str,
    needs: Sequence[Need],
    options: GuestOptions,
    settings: Collection[str] = (),
    made: Mapping[str, Path] = MappingProxyType({}),
) -> Found:
    """The files that a guest needs, and the settings in its table (`settings`: the keys that it may have).

    `made`: files by key that are used where the user names none.

    Raises:
        Unnamed: a required file is not named: says where to get it and what to write.
        UsageError: a named file is missing, is of another type or has another SHA-256, or guests.toml is not as above.
    """
    named, hashes, values = _named(guest, needs, options, settings, made)
    _check_forms(guest, needs, named)
    files = {key: checked(guest, key, path, hashes.get(key)) for key, path in named.items()}
    return Found(files, values)


def unavailable(
    guest: str,
    needs: Sequence[Need],
    options: GuestOptions,
    settings: Collection[str] = (),
    made: Mapping[str, Path] = MappingProxyType({}),
) -> str | None:
    """Which file is not named, and what to do; None when all are named and have the right type.

    Raises:
        UsageError: a named file is missing, or guests.toml is not as above: an error, not a reason to skip the guest.
    """
    try:
        named, _, _ = _named(guest, needs, options, settings, made)
    except Unnamed as error:
        return str(error)
    _check_forms(guest, needs, named)
    return None


def tables(options: GuestOptions) -> tuple[Path, dict[str, dict[str, str]]]:
    """The path of the user's guests.toml and its tables by guest; no tables where there is no such file.

    Raises:
        UsageError: as read() does.
    """
    file = options.guests_file or paths.workplace() / DEFAULT
    return file, read(file) if options.guests_file or file.exists() else {}


def check_keys(
    file: Path, guest: str, table: Mapping[str, str], needs: Sequence[Need], settings: Collection[str]
) -> None:
    """Refuse keys in a guest's table that the guest does not read.

    Raises:
        UsageError: names the key and the known keys.
    """
    known = [*(need.key for need in needs), *settings, *_hash_keys(needs)]
    for key in table:
        if key not in known:
            raise UsageError(f"{file}: guest.{guest}.{key}: unknown key; there are {', '.join(known)}")


def _hash_keys(needs: Sequence[Need]) -> dict[str, str]:
    """Key of a hash -> key of the file that it is of."""
    return {_HASH: needs[0].key} | {f"{need.key}_{_HASH}": need.key for need in needs}


def read(file: Path) -> dict[str, dict[str, str]]:
    """The tables of a guests.toml by guest.

    Raises:
        UsageError: it cannot be read, is not TOML, or holds something other than texts in tables [guest.NAME].
    """
    parsed = tomlfile.read(file)
    tables = parsed.pop("guest", {})
    for key in parsed:
        raise UsageError(f"{file}: {key}: unknown; write tables [guest.NAME] only")
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{file}: guest: must be tables, [guest.NAME]")
    for name, table in tables.items():
        for key, value in table.items():
            if not isinstance(value, str):
                raise UsageError(f'{file}: guest.{name}.{key}: must be a text in quotes, "..."')
    return tables


def parse_files(texts: Sequence[str]) -> dict[tuple[str, str], Path]:
    """Values of --guest-file, `GUEST.KEY=FILE` each, by (guest, key).

    Raises:
        UsageError: a value is not of that form, or a key is given twice.
    """
    found: dict[tuple[str, str], Path] = {}
    for text in texts:
        match = re.fullmatch(r"([^.=]+)\.([^.=]+)=(.+)", text, re.DOTALL)
        if match is None:
            raise UsageError(f"--guest-file {text}: write GUEST.KEY=FILE, e.g. redox.kernel=kernels/redox")
        guest, key, path = match.groups()
        if (guest, key) in found:
            raise UsageError(f"--guest-file {text}: {guest}.{key} is given twice")
        found[guest, key] = Path(path)
    return found


def _named(
    guest: str,
    needs: Sequence[Need],
    options: GuestOptions,
    settings: Collection[str],
    made: Mapping[str, Path],
) -> tuple[dict[str, Path], dict[str, str], dict[str, str]]:
    """Paths by key, hashes by key, and settings; --guest-file overrides guests.toml, and both override `made`."""
    file, by_guest = tables(options)
    table = by_guest.get(guest, {})
    hash_keys = _hash_keys(needs)
    keys = [need.key for need in needs]
    check_keys(file, guest, table, needs, settings)
    flags = {key: path for (name, key), path in options.guest_files.items() if name == guest}
    for key in flags:
        if key not in keys:
            raise UsageError(f"--guest-file {guest}.{key}: unknown key; there are {', '.join(keys)}")
    named = {**made, **{key: file.parent / table[key] for key in keys if key in table}, **flags}
    for need in needs:
        if need.required and need.key not in named:
            raise Unnamed(_advice(guest, need))
    hashes = {}
    for key, of in hash_keys.items():
        if key in table and of not in flags:  # a hash in guests.toml is not for a file from --guest-file
            if re.fullmatch("[0-9a-fA-F]{64}", table[key]) is None:
                raise UsageError(f"{file}: guest.{guest}.{key}: is not 64 hexadecimal digits")
            hashes[of] = table[key].lower()
    return named, hashes, {key: table[key] for key in settings if key in table}


def _advice(guest: str, need: Need) -> str:
    """One line: what is needed, where to get it, and the exact line to write."""
    ours = f"make it: {need.command}; or " if need.command else ""
    return (
        f"{guest}: needs {need.what}; {ours}get it: {need.upstream}; then give --guest-file {guest}.{need.key}=FILE,"
        f' or write into {DEFAULT}: guest.{guest}.{need.key} = "FILE"'
    )


def _check_forms(guest: str, needs: Sequence[Need], named: Mapping[str, Path]) -> None:
    """Refuse files that are missing or of a wrong type, before a machine boots them.

    Raises:
        UsageError: says what the file is, and what is wanted.
    """
    for need in needs:
        if (path := named.get(need.key)) is None:
            continue
        _exists(guest, need.key, path)
        try:
            wrong = filetype.mismatch(path, need.form)
        except OSError as error:
            raise UsageError(f"guest.{guest}.{need.key}: {path}: {error.strerror or error}") from None
        if wrong is not None:
            raise UsageError(f"guest.{guest}.{need.key}: {path}: {wrong}; give {need.what}")


def _exists(guest: str, key: str, path: Path) -> None:
    if not path.exists():
        raise UsageError(f"guest.{guest}.{key}: {path}: no such file")


def checked(guest: str, key: str, path: Path, expected: str | None = None) -> UserFile:
    """A file with its SHA-256.

    Raises:
        UsageError: it is missing, cannot be read, or has another SHA-256 than `expected`.
    """
    _exists(guest, key, path)
    try:
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"guest.{guest}.{key}: {path}: {error.strerror or error}") from None
    if expected is not None and digest != expected:
        raise UsageError(f"guest.{guest}.{key}: {path}: its SHA-256 is {digest}, not {expected}")
    return UserFile(path, digest)
