"""SSH keys as the user gives them: the server keys that are pinned, and the private key that opens the door."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, InvalidHostKey

from ferrule.errors import HostKeyRejected, UsageError
from ferrule.transports.ssh_address import Address


def pinned_keys(file: Path, address: Address) -> list[paramiko.PKey]:
    """Server keys that `file` pins for a host, in the file's order.

    `file` is known_hosts text (plain or hashed names) or a server's `.pub` file, whose key counts for any host.

    Raises:
        UsageError: the file cannot be read, or a line of it is no key. Markers (`@revoked`, `@cert-authority`) are
            refused, not skipped: leaving one out would trust more than the file says.
        HostKeyRejected: nothing in it is for this host, so no key the server shows could be accepted.
    """
    keys = []
    for number, line in enumerate(_text(file, "--host-key").splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0].startswith("@"):
            raise UsageError(f"--host-key {file}:{number}: {words[0]} lines are not supported; give plain keys")
        bare = len(words) >= 2 and words[1].startswith("AAAA")  # a .pub line: no host in front of the type
        try:
            entry = HostKeyEntry.from_line(" ".join(["*", *words[:2]] if bare else words[:3]))
            if entry and (bare or _is_for(entry, address.known_as)):
                keys.append(entry.key)
        except (InvalidHostKey, paramiko.SSHException, ValueError, AssertionError) as error:
            raise UsageError(f"--host-key {file}:{number}: the key is damaged") from error
        if entry is None and len(words) < 3:  # whole lines of key types unknown here are no harm: they trust nothing
            raise UsageError(f"--host-key {file}:{number}: is neither a known_hosts nor a .pub line")
    if not keys:
        scan = f"ssh-keyscan -p {address.port} {address.host}"
        raise HostKeyRejected(f"--host-key {file}: no key for {address.known_as}; `{scan}` shows what the server has")
    return keys


def identity_key(file: Path | None) -> paramiko.PKey:
    """The private key to log in with. Agents and the keys in ~/.ssh are never tried: a guest is not to see them.

    Raises:
        UsageError: none was given, or the file is missing, encrypted or no private key.
    """
    if file is None:
        raise UsageError(
            "no --identity FILE: give the private key to log in with (agent and default keys are not used)"
        )
    try:
        return paramiko.PKey.from_path(file)
    except OSError as error:
        raise UsageError(f"--identity {file}: {error.strerror}") from error
    except (paramiko.PasswordRequiredException, TypeError) as error:  # the second: of the library below
        raise UsageError(
            f"--identity {file}: is encrypted; give a key without passphrase, made for this host"
        ) from error
    except (paramiko.SSHException, paramiko.pkey.UnknownKeyType, ValueError) as error:
        raise UsageError(f"--identity {file}: is not a private key as ssh-keygen writes it") from error


def fingerprint(key: paramiko.PKey) -> str:
    """As OpenSSH prints it: `SHA256:` and unpadded base64 of the digest of the public key's wire form."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def _text(file: Path, flag: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{flag} {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{flag} {file}: is not text") from error


def _is_for(entry: HostKeyEntry, name: str) -> bool:
    """Whether one of the entry's names is exactly `name` or its hash; patterns and negations never match."""
    return any(
        paramiko.HostKeys.hash_host(name, known) == known if known.startswith("|1|") else known == name
        for known in entry.hostnames
    )
