"""SSH: programs and bytes to any host with a server, a POSIX shell and nothing else. Never used to measure.

Every script sent is a constant; what varies rides along as quoted positional parameters, so nothing is interpolated.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import shlex
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import paramiko

from ferrule.errors import HostKeyRejected, TransportError
from ferrule.transports.ssh_address import Address
from ferrule.transports.ssh_keys import fingerprint, identity_key, pinned_keys
from ferrule.transports.ssh_process import GRACE, SshProcess

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # its failures reach the user as typed errors

WEAK = {
    "ciphers": ["3des-cbc"],
    "kex": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1"],
    "keys": ["ssh-rsa"],
    "macs": ["hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"],
}
KEEPALIVE = 15  # seconds between empty messages, so that firewalls do not forget a long quiet run
NO_SFTP = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError)  # or one that is locked into other folders
REQUEST = 32768  # bytes an SFTP write; every server must take that many
OUTPUT_LIMIT = 1 << 20  # bytes a helper command may say

FOLDER = """umask 077; t=${TMPDIR:-/tmp}; d=$(mktemp -d "$t/ferrule.XXXXXXXXXX" 2>/dev/null) || d=$t/$0
[ -d "$d" ] || mkdir "$d" || exit; cd "$d" && pwd -P"""
RECEIVE = 'umask 077; cat >"$0.tmp" && chmod 700 "$0.tmp" && mv "$0.tmp" "$0"'
DIGEST = 'command -v sha256sum >/dev/null 2>&1 || exit 127; sha256sum <"$0"'
START = """cd "${0%/*}" || exit 126
if command -v setsid >/dev/null 2>&1; then setsid "$@" & else "$@" & fi; echo $! >"$0"; wait $!"""
KILL = 'p=$(cat "$0") && { kill -s KILL -- "-$p" 2>/dev/null || kill -s KILL "$p" 2>/dev/null; }'


@dataclass(frozen=True)
class Completed:
    """What a finished helper command left behind."""

    status: int | None  # None: the server named no status
    out: bytes
    err: str  # its tail


class SshTransport:
    """One connection to one host, with one private folder on it for as long as the connection lasts."""

    def __init__(self, address: Address, host_key: Path, identity: Path | None, *, timeout: float = 30.0) -> None:
        """Connect and log in, all within `timeout` seconds.

        Raises:
            UsageError: a key file is missing or unusable.
            HostKeyRejected: the server's key is none of those that `host_key` pins.
            TransportError: no connection, no common algorithm, login refused, or too slow.
        """
        self.address = address
        self._key, self._pinned = identity_key(identity), pinned_keys(host_key, address)
        self._folder = ""
        self._started = 0
        self._connection = self._dial(timeout)

    def __str__(self) -> str:
        """The host's address, for error messages."""
        return str(self.address)

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as this side knows."""
        return self._connection.is_active()

    @property
    def folder(self) -> str:
        """The private folder (mode 0700, fresh, absolute path); made on first use, removed by close().

        Raises:
            TransportError: the host let none be made.
        """
        if not self._folder:
            made = self.run(["sh", "-c", FOLDER, f"ferrule.{secrets.token_hex(8)}"])
            path = made.out.decode(errors="replace").removesuffix("\n")
            if made.status != 0 or not re.fullmatch(r"/(.*/)?ferrule\.\w+", path):
                raise TransportError(f"{self}: cannot make a private folder: {_said(made)}")
            self._folder = path
        return self._folder

    def describe(self) -> dict[str, str]:
        """What the two sides agreed on: server software and the fingerprint of its key."""
        return {
            "ssh.server": self._connection.remote_version,
            "ssh.host_key": fingerprint(self._connection.get_remote_server_key()),
        }

    def run(
        self, command: Sequence[str], *, stdin: bytes = b"", timeout: float = 30.0, limit: int = OUTPUT_LIMIT
    ) -> Completed:
        """Run a helper command to its end, all within `timeout` seconds.

        Raises:
            TransportError: too slow, more than `limit` bytes of output, or the connection was cut.
        """
        ends = time.monotonic() + timeout
        process = SshProcess(self._execute(command, stdin, timeout), self)
        out = bytearray()
        try:
            while chunk := process.read(ends - time.monotonic()):
                out += chunk
                if len(out) > limit:
                    raise TransportError(f"{self}: {command[0]} said more than {limit} bytes")
            return Completed(process.status(max(ends - time.monotonic(), 0.0)), bytes(out), process.stderr())
        except TimeoutError as error:
            raise TransportError(f"{self}: {command[0]} did not end within {timeout:g} s") from error
        finally:
            process.close()

    def put(self, data: bytes, name: str, *, timeout: float = 60.0) -> str:
        """Store `data` as an executable file of the private folder and prove that it arrived; returns its path.

        Not to be called while a program runs: the connection may have to be made anew.

        Raises:
            TransportError: it could not be stored, or what arrived has another SHA-256.
        """
        path = f"{self.folder}/{name}"
        ends = time.monotonic() + timeout
        try:
            self._put_by_sftp(data, path, timeout)
        except NO_SFTP:
            # A message of ours that crosses the server's closing of the channel makes some servers hang up.
            self._connection.close()
            self._connection = self._dial(ends - time.monotonic())
            stored = self.run(["sh", "-c", RECEIVE, path], stdin=data, timeout=ends - time.monotonic())
            if stored.status != 0:
                raise TransportError(f"{self}: cannot store {path}: {_said(stored)}") from None
        want, left = hashlib.sha256(data).hexdigest(), ends - time.monotonic()
        seen = self.run(["sh", "-c", DIGEST, path], timeout=left)
        got = seen.out[:64].decode(errors="replace")
        if seen.status == 127:  # no such tool there: read everything back
            back = self.run(["cat", path], timeout=ends - time.monotonic(), limit=len(data) + 1)
            got = hashlib.sha256(back.out).hexdigest()
        if got != want:
            raise TransportError(f"{self}: {path} arrived damaged: SHA-256 {got or _said(seen)}, sent {want}")
        return path

    def remove(self, path: str) -> None:
        """Remove a file that put() stored.

        Raises:
            TransportError: the host was too slow or the connection was cut.
        """
        self.run(["rm", "-f", "--", path], timeout=GRACE)

    def start(self, command: Sequence[str], *, timeout: float = 30.0) -> SshProcess:
        """Start a program in the private folder, in a process group of its own where the host has setsid.

        Raises:
            TransportError: the server did not accept it within `timeout` seconds.
        """
        self._started += 1
        pidfile = f"{self.folder}/{self._started}.pid"
        channel = self._execute(["sh", "-c", START, pidfile, *command], b"", timeout)
        return SshProcess(channel, self, lambda: self._kill(pidfile))

    def close(self) -> None:
        """Remove the private folder (as well as the host allows) and hang up. May be called twice."""
        try:
            if self._folder and self.alive:
                with suppress(TransportError):
                    self.run(["rm", "-rf", "--", self._folder], timeout=GRACE)
        finally:
            self._folder = ""
            self._connection.close()

    def __enter__(self) -> SshTransport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _kill(self, pidfile: str) -> None:
        with suppress(TransportError):
            self.run(["sh", "-c", KILL, pidfile], timeout=GRACE)

    def _dial(self, timeout: float) -> paramiko.Transport:
        ends = time.monotonic() + timeout
        try:
            sock = socket.create_connection((self.address.host, self.address.port), max(timeout, 0.001))
        except OSError as error:
            raise TransportError(f"{self}: cannot connect: {error.strerror or error}") from error
        # Without it each small exchange waits for the peer's delayed acknowledgement: 40 ms instead of 3.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = paramiko.Transport(sock, disabled_algorithms=WEAK)
        try:
            with self._within(ends - time.monotonic(), "connecting", connection):
                self._greet(connection)
                connection.auth_publickey(self.address.user, self._key)
                connection.set_keepalive(KEEPALIVE)
        except BaseException:
            connection.close()
            raise
        return connection

    def _greet(self, connection: paramiko.Transport) -> None:
        options = connection.get_security_options()
        wanted = {pin.get_name().replace("ssh-rsa", "rsa-sha2") for pin in self._pinned}
        # The pinned types go first, so that a server with several keys shows the one that can be checked.
        options.key_types = sorted(options.key_types, key=lambda kind: not kind.startswith(tuple(wanted)))
        connection.start_client()
        shown = connection.get_remote_server_key()
        if all(shown.asbytes() != pin.asbytes() for pin in self._pinned):
            pins = ", ".join(fingerprint(pin) for pin in self._pinned)
            raise HostKeyRejected(
                f"{self}: shows {shown.get_name()} {fingerprint(shown)}, pinned is {pins}; "
                "find out why before you change --host-key"
            )

    def _execute(self, command: Sequence[str], stdin: bytes, timeout: float) -> paramiko.Channel:
        with self._within(timeout, f"starting {command[0]}", self._connection):
            channel = self._connection.open_session()
            channel.fileno()  # before the first byte: from now on it can be waited for
            if not stdin:  # an end-of-file message may come too late for a short program's channel: see put()
                channel.exec_command(f"{shlex.join(command)} </dev/null")
                return channel
            channel.exec_command(shlex.join(command))
            channel.sendall(stdin)
            channel.shutdown_write()
            return channel

    def _put_by_sftp(self, data: bytes, path: str, timeout: float) -> None:
        with self._within(timeout, f"storing {path}", self._connection, wrap=False):
            client = paramiko.SFTPClient.from_transport(self._connection)
            if client is None:
                raise EOFError
            with client, client.open(f"{path}.tmp", "wb") as file:
                for begin in range(0, len(data), REQUEST):
                    file.write(data[begin : begin + REQUEST])
                file.chmod(0o700)
                file.close()
                client.posix_rename(f"{path}.tmp", path)

    @contextmanager
    def _within(
        self, seconds: float, doing: str, connection: paramiko.Transport, *, wrap: bool = True
    ) -> Iterator[None]:
        """Bound a block of library calls: some of them wait for the server without limit.

        At the deadline the connection is closed under them, which wakes every waiter.
        """
        timer = threading.Timer(max(seconds, 0.0), connection.close)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (paramiko.SSHException, EOFError, OSError) as error:
            if timer.finished.is_set():
                raise TransportError(f"{self}: {doing}: no answer within {seconds:.1f} s") from error
            if not wrap:
                raise
            raise TransportError(f"{self}: {doing}: {error or 'the connection was cut'}") from error
        finally:
            timer.cancel()


def _said(completed: Completed) -> str:
    """A finished command in one line for an error message."""
    lines = completed.err.strip().splitlines()
    return lines[-1] if lines else f"exit status {completed.status}"
