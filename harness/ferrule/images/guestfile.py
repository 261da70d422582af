"""What a user has of an OS that is not ours to ship: kernels and images, named in guests.toml or by --guest-file.

guests.toml holds a table a guest; paths are relative to its folder:

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
    """A file that a guest asks of the user."""

    key: str  # in guests.toml
    what: str  # "the kernel's ELF file of 2026-07 or later"
    upstream: str  # where a user gets it
    required: bool = True
    command: str = ""  # of ours that makes it
    form: Form = ""  # of the file; empty: any


def optional(need: Need) -> Need:
    """The same, for a guest that shares the table of one that needs it."""
    return replace(need, required=False)


class Unnamed(ToolMissing):
    """A file that a guest needs is named nowhere."""


@dataclass(frozen=True)
class UserFile:
    """A file that is there, its content checked."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Found:
    """What the user has for one guest."""

    files: Mapping[str, UserFile]  # by Need.key; those that are not required may be missing
    settings: Mapping[str, str] = field(default_factory=dict)


def find(
    guest: str,
    needs: Sequence[Need],
    options: GuestOptions,
    settings: Collection[str] = (),
    made: Mapping[str, Path] = MappingProxyType({}),
) -> Found:
    """The files that a guest needs, and the further texts that its table may hold (`settings`: their keys).

    `made` holds files by key that are at hand without being named: one that is named goes before.

    Raises:
        Unnamed: one that is required is not named: says where to get it and what to write.
        UsageError: one that is named is not there, is something else or has another SHA-256, or guests.toml is not as
            above.
    """
    named, hashes, said = _named(guest, needs, options, settings, made)
    _of_their_forms(guest, needs, named)
    files = {key: checked(guest, key, path, hashes.get(key)) for key, path in named.items()}
    return Found(files, said)


def unavailable(
    guest: str,
    needs: Sequence[Need],
    options: GuestOptions,
    settings: Collection[str] = (),
    made: Mapping[str, Path] = MappingProxyType({}),
) -> str | None:
    """Which file is named nowhere, with what to do; None when all are, as far as shows without reading them.

    Raises:
        UsageError: one that is named is not there, or guests.toml is not as above: that is no guest to be skipped.
    """
    try:
        named, _, _ = _named(guest, needs, options, settings, made)
    except Unnamed as error:
        return str(error)
    _of_their_forms(guest, needs, named)
    return None


def tables(options: GuestOptions) -> tuple[Path, dict[str, dict[str, str]]]:
    """The user's guests.toml and its tables by guest; no tables where nobody has written one.

    Raises:
        UsageError: as read() does.
    """
    file = options.guests_file or paths.workplace() / DEFAULT
    return file, read(file) if options.guests_file or file.exists() else {}


def check_keys(
    file: Path, guest: str, table: Mapping[str, str], needs: Sequence[Need], settings: Collection[str]
) -> None:
    """Refuse what a guest's table holds and the guest does not read.

    Raises:
        UsageError: names the key and those that there are.
    """
    known = [*(need.key for need in needs), *settings, *_hash_keys(needs)]
    for key in table:
        if key not in known:
            raise UsageError(f"{file}: guest.{guest}.{key}: unknown key; there are {', '.join(known)}")


def _hash_keys(needs: Sequence[Need]) -> dict[str, str]:
    """Keys that hold a hash, with those of the files that it is of."""
    return {_HASH: needs[0].key} | {f"{need.key}_{_HASH}": need.key for need in needs}


def read(file: Path) -> dict[str, dict[str, str]]:
    """The tables of a guests.toml by guest.

    Raises:
        UsageError: it cannot be read, is no TOML, or holds something else than texts in tables [guest.NAME].
    """
    said = tomlfile.read(file)
    tables = said.pop("guest", {})
    for key in said:
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
        UsageError: one is not of that form, or names a key twice.
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
    """Paths by key, hashes by key, and settings; the flag goes before the file, and both before what was made."""
    file, held = tables(options)
    table = held.get(guest, {})
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
        if key in table and of not in flags:  # the file's hash is not that of another file named by the flag
            if re.fullmatch("[0-9a-fA-F]{64}", table[key]) is None:
                raise UsageError(f"{file}: guest.{guest}.{key}: is not 64 hexadecimal digits")
            hashes[of] = table[key].lower()
    return named, hashes, {key: table[key] for key in settings if key in table}


def _advice(guest: str, need: Need) -> str:
    """One line: what, where from, and the exact line to write."""
    ours = f"make it: {need.command}; or " if need.command else ""
    return (
        f"{guest}: needs {need.what}; {ours}get it: {need.upstream}; then give --guest-file {guest}.{need.key}=FILE,"
        f' or write into {DEFAULT}: guest.{guest}.{need.key} = "FILE"'
    )


def _of_their_forms(guest: str, needs: Sequence[Need], named: Mapping[str, Path]) -> None:
    """Refuse files that are not there or are something else, before anything boots them.

    Raises:
        UsageError: says what one is, and what is wanted.
    """
    for need in needs:
        if (path := named.get(need.key)) is None:
            continue
        _exists(guest, need.key, path)
        try:
            wrong = filetype.departure(path, need.form)
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
        UsageError: it is not there, cannot be read, or has another than the expected one.
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
