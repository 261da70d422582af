"""SSH keys from the user's files: the pinned keys of servers, and the private key to log in with."""

from __future__ import annotations

import base64
import codecs
import hashlib
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from ferrule.errors import HostKeyRejected, UsageError
from ferrule.text import visible
from ferrule.transports.ssh_address import Address


def pinned_keys(file: Path, address: Address) -> list[paramiko.PKey]:
    """Server keys that `file` pins for a host, in the file's order.

    `file` is a known_hosts file (plain or hashed names) or a server's `.pub` file, whose key counts for any host.
    Lines for other hosts are ignored. A key in a `@revoked` line is never accepted, whatever host the line is for.
    `@cert-authority` lines are ignored too, which trusts less than the file does.

    Raises:
        UsageError: the file cannot be read, or a line of it is not a key.
        HostKeyRejected: no line is for this host, so no key of the server could be accepted.
    """
    keys, revoked, passed = [], set(), ""
    for number, line in enumerate(_lines(file, "--host-key"), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        if marker not in ("", "@revoked", "@cert-authority"):
            raise UsageError(f"--host-key {file}:{number}: {visible(marker[:40])} is no marker of known_hosts")
        bare = not marker and len(words) >= 2 and words[1].startswith("AAAA")  # .pub: no host in front of the type
        try:
            entry = HostKeyEntry.from_line(" ".join(["*", *words[:2]] if bare else words[:3]))
            ours = entry is not None and (bare or _is_for(entry, address.known_as))
        except (InvalidHostKey, paramiko.SSHException, ValueError, AssertionError) as error:
            raise UsageError(f"--host-key {file}:{number}: the key is damaged") from error
        if entry is None and len(words) < 3:  # complete lines with unknown key types are ignored: they trust nothing
            raise UsageError(f"--host-key {file}:{number}: is neither a known_hosts nor a .pub line")
        if entry is not None and marker == "@revoked":
            revoked.add(entry.key.asbytes())
        elif marker:
            passed = f" (its {marker} lines are not used)"
        elif entry is not None and ours:
            keys.append(entry.key)
    if not keys:
        scan = f"ssh-keyscan -p {address.port} {address.host}"
        raise HostKeyRejected(
            f"--host-key {file}: no key for {address.known_as}{passed}; `{scan}` shows what the server has"
        )
    left = [key for key in keys if key.asbytes() not in revoked]
    if not left:
        raise HostKeyRejected(f"--host-key {file}: every key for {address.known_as} is @revoked there")
    return left


def identity_key(file: Path) -> paramiko.PKey:
    """The private key to log in with. Agents and the keys in ~/.ssh are never tried: a guest must not see them.

    Raises:
        UsageError: the file is missing, encrypted or not a private key.
    """
    try:
        return paramiko.PKey.from_path(file)
    except OSError as error:
        raise UsageError(f"--identity {file}: {error.strerror}") from error
    except (paramiko.PasswordRequiredException, TypeError) as error:  # TypeError: from the library below paramiko
        raise UsageError(
            f"--identity {file}: is encrypted; give a key without passphrase, made for this host"
        ) from error
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError) as error:
        raise UsageError(f"--identity {file}: is not a private key as ssh-keygen writes it") from error


def fingerprint(key: paramiko.PKey) -> str:
    """A key's fingerprint as OpenSSH prints it: `SHA256:` and unpadded base64 of the digest of its wire form."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def _lines(file: Path, flag: str) -> list[str]:
    """The lines of a text file. A byte order mark is skipped; a line that is not UTF-8 is read as Latin-1."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{flag} {file}: {error.strerror}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UsageError(f"{flag} {file}: is not text in UTF-8")
    return [_decoded(line) for line in content.removeprefix(codecs.BOM_UTF8).splitlines()]


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _is_for(entry: HostKeyEntry, name: str) -> bool:
    """Whether one of the entry's names is exactly `name` or its hash; patterns and negations never match."""
    return any(
        paramiko.HostKeys.hash_host(name, known) == known if known.startswith("|1|") else known == name
        for known in entry.hostnames
    )
