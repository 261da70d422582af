"""SSH: runs programs and stores files on a host that has a server and a POSIX shell. Never used while measuring.

Every script that is sent is a constant; values are passed as quoted positional parameters, never put into its text.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import paramiko

from ferrule.errors import TransportError
from ferrule.machine.probe import LARGEST, Texts, marked
from ferrule.transports import ssh_scripts
from ferrule.transports.ssh_address import Address
from ferrule.transports.ssh_keys import fingerprint, identity_key, pinned_keys
from ferrule.transports.ssh_login import connect, within
from ferrule.transports.ssh_process import GRACE, SshProcess, settle

NO_SFTP = (paramiko.SSHException, paramiko.SFTPError, EOFError, OSError)  # no SFTP, or SFTP confined to other folders
BUSY = 0.1  # seconds between two attempts to open a channel
REQUEST = 32768  # bytes per SFTP write; every server must accept that many
OUTPUT_LIMIT = 1 << 20  # bytes of output of a helper command
AROUND = 1 << 16  # bytes that a login shell may print before and after it


@dataclass(frozen=True)
class Completed:
    """Status and output of a finished helper command."""

    status: int | None  # None: the server reported no status
    out: bytes
    err: str  # the last lines of stderr


class SshTransport:
    """One connection to one host, with one private folder there, which exists as long as the connection."""

    def __init__(
        self, address: Address, host_key: Path, identity: Path | None, *, base: str = "", timeout: float = 30.0
    ) -> None:
        """Connect and log in, all within `timeout` seconds.

        Args:
            address: of the server, with the user's name.
            host_key: the file that pins the server's key.
            identity: the private key to log in with; None where the server needs none.
            base: the host's folder in which the private folder is made; empty: the first usable one.
            timeout: seconds.

        Raises:
            UsageError: a key file is missing or unusable, or the server asks for a key and none was given.
            HostKeyRejected: the server's key is none of those that `host_key` pins.
            TransportError: no connection, no common algorithm, login refused, or too slow.
        """
        self.address = address
        self._key = identity_key(identity) if identity else None
        self._pinned = pinned_keys(host_key, address)
        self._base, self._folder = base, ""
        self._started = 0
        self._connection = self._dial(timeout)

    def __str__(self) -> str:
        """The host's address, for error messages."""
        return str(self.address)

    @property
    def alive(self) -> bool:
        """Whether the connection is still open, as far as this side knows."""
        return self._connection.is_active()

    @property
    def folder(self) -> str:
        """The private folder (mode 0700, fresh, absolute path); made on first use, removed by close().

        Raises:
            TransportError: it cannot be made.
        """
        if not self._folder:
            made = self.run(["sh", "-c", ssh_scripts.FOLDER, f"ferrule.{secrets.token_hex(8)}", self._base])
            path = made.out.decode(errors="replace").removesuffix("\n")
            if made.status != 0 or not re.fullmatch(r"/(.*/)?ferrule\.\w+", path):
                why = "; ".join(dict.fromkeys(made.err.strip().splitlines())) or _reason(made)
                raise TransportError(
                    f"{self}: cannot make a private folder: {why}; name another by --remote-folder DIR"
                )
            self._folder = path
        return self._folder

    def describe(self) -> dict[str, str]:
        """Conditions: the server's software and the fingerprint of its key."""
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
        mark = secrets.token_hex(8)
        process = SshProcess(self._execute(["sh", "-c", ssh_scripts.MARKED, mark, *command], stdin, timeout), self)
        out = bytearray()
        try:
            while chunk := process.read(ends - time.monotonic()):
                out += chunk
                if len(out) > limit + AROUND:
                    raise TransportError(f"{self}: {command[0]} printed more than {limit} bytes")
            ended = process.status(max(ends - time.monotonic(), 0.0))
            own, status = ssh_scripts.between(bytes(out), mark, ended)
            if len(own) > limit:
                raise TransportError(f"{self}: {command[0]} printed more than {limit} bytes")
            return Completed(status, own, process.stderr())
        except TimeoutError as error:
            raise TransportError(f"{self}: {command[0]} did not end within {timeout:g} s") from error
        finally:
            process.close()

    def files(self, names: Sequence[str], *, exact: bool = False) -> Texts:
        """See machine.probe.Read: files of the host's kernel; none where the host has no POSIX sh.

        Raises:
            TransportError: too slow, too much output, or the connection was cut.
        """
        mark = secrets.token_hex(8)
        words = ["sh", "-c", ssh_scripts.FILES, mark, "-f" if exact else "+f", *names]
        return marked(self.run(words, limit=LARGEST).out.decode(errors="replace"), mark)

    def put(self, data: bytes, name: str, *, timeout: float = 60.0) -> str:
        """Store `data` as an executable file in the private folder and check its SHA-256 there; returns its path.

        Not to be called while a program runs: it may have to reconnect.

        Raises:
            TransportError: it could not be stored, or the stored file has another SHA-256.
        """
        path = f"{self.folder}/{name}"
        ends = time.monotonic() + timeout
        try:
            self._put_by_sftp(data, path, timeout)
        except NO_SFTP:
            # If we send a message while the server closes the channel, some servers close the connection.
            self._connection.close()
            self._connection = self._dial(ends - time.monotonic())
            stored = self.run(["sh", "-c", ssh_scripts.RECEIVE, path], stdin=data, timeout=ends - time.monotonic())
            if stored.status != 0:
                raise TransportError(f"{self}: cannot store {path}: {_reason(stored)}") from None
        want, left = hashlib.sha256(data).hexdigest(), ends - time.monotonic()
        seen = self.run(["sh", "-c", ssh_scripts.DIGEST, path], timeout=left)
        got = seen.out[:64].decode(errors="replace")
        if seen.status == 127:  # no sha256sum there: read the file back
            back = self.run(["cat", path], timeout=ends - time.monotonic(), limit=len(data) + 1)
            got = hashlib.sha256(back.out).hexdigest()
        if got != want:
            raise TransportError(f"{self}: {path} arrived damaged: SHA-256 {got or _reason(seen)}, sent {want}")
        return path

    def clear(self) -> None:
        """Remove the private folder; the next use makes another.

        Raises:
            TransportError: the host was too slow or the connection was cut.
        """
        folder, self._folder = self._folder, ""
        if folder:
            self.run(["rm", "-rf", "--", folder], timeout=GRACE)

    def start(self, command: Sequence[str], *, timeout: float = 30.0) -> SshProcess:
        """Start a program in the private folder, in a process group of its own where the host has setsid.

        Raises:
            TransportError: the server did not accept it within `timeout` seconds.
        """
        self._started += 1
        pidfile, mark = f"{self.folder}/{self._started}.pid", secrets.token_hex(8)
        words = ["sh", "-c", ssh_scripts.START, pidfile, f"{mark}:begin", *command]
        channel = self._execute(words, None, timeout)
        return SshProcess(channel, self, lambda: self._kill(pidfile), after=ssh_scripts.begin(mark))

    def close(self) -> None:
        """Remove the private folder (as far as the host allows) and disconnect. May be called twice."""
        try:
            if self.alive:
                with suppress(TransportError):
                    self.clear()
        finally:
            self._folder = ""
            self._connection.close()

    def __enter__(self) -> SshTransport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _kill(self, pidfile: str) -> bool:
        """Kill a program; False where only one channel may be open: then the watch process on the host must do it."""
        with suppress(TransportError):
            self.run(["sh", "-c", ssh_scripts.KILL, pidfile], timeout=GRACE)
            return True
        self._folder = ""  # the watch process removes the folder
        return False

    def _dial(self, timeout: float) -> paramiko.Transport:
        return connect(self.address, self._key, self._pinned, timeout)

    def _execute(self, command: Sequence[str], stdin: bytes | None, timeout: float) -> paramiko.Channel:
        """Start a command and send it `stdin`; None: its input stays open until the channel ends."""
        with within(self.address, timeout, f"starting {command[0]}", self._connection):
            channel = self._session(timeout)
            channel.fileno()  # creates the descriptor to poll; must be done before the first byte arrives
            if stdin is None:
                channel.exec_command(ssh_scripts.line(command))
                return channel
            if not stdin:  # a short program's channel may be closed before our end-of-file message: see put()
                channel.exec_command(f"{ssh_scripts.line(command)} </dev/null")
                return channel
            channel.exec_command(ssh_scripts.line(command))
            channel.sendall(stdin)
            channel.shutdown_write()
            return channel

    def _session(self, timeout: float) -> paramiko.Channel:
        """A new channel. A server that allows one at a time may not yet have closed the previous one: try again."""
        ends = time.monotonic() + timeout
        while True:
            try:
                return self._connection.open_session()
            except paramiko.ChannelException:
                if time.monotonic() + BUSY >= ends:
                    raise
                time.sleep(BUSY)

    def _put_by_sftp(self, data: bytes, path: str, timeout: float) -> None:
        with within(self.address, timeout, f"storing {path}", self._connection, wrap=False):
            client = paramiko.SFTPClient.from_transport(self._connection)
            if client is None:
                raise EOFError
            with client, client.open(f"{path}.tmp", "wb") as file:
                for begin in range(0, len(data), REQUEST):
                    file.write(data[begin : begin + REQUEST])
                file.chmod(0o700)
                file.close()
                client.posix_rename(f"{path}.tmp", path)
                if channel := client.get_channel():
                    channel.shutdown_write()  # the SFTP server ends then; wait for its close before the next channel
                    settle(channel, GRACE)


def _reason(completed: Completed) -> str:
    """Why a finished command failed, in one line for an error message."""
    lines = completed.err.strip().splitlines()
    return lines[-1] if lines else f"exit status {completed.status}"
