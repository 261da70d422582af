"""Opens an SSH connection: connects, checks the server's key and logs in, within a time limit."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import paramiko

from ferrule.errors import HostKeyRejected, TransportError, UsageError
from ferrule.transports.ssh_address import Address
from ferrule.transports.ssh_keys import fingerprint

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # its failures are raised as our own errors

WEAK = {
    "ciphers": ["3des-cbc"],
    "kex": ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1"],
    "keys": ["ssh-rsa"],
    "macs": ["hmac-sha1", "hmac-sha1-96", "hmac-md5", "hmac-md5-96"],
}
ALIASES = "names, jumps and keys of ~/.ssh/config are not read: give the host's own name or address"
KEEPALIVE = 15  # seconds between empty messages, so that firewalls do not drop an idle connection


def connect(
    address: Address, key: paramiko.PKey | None, pinned: Sequence[paramiko.PKey], timeout: float
) -> paramiko.Transport:
    """A connection that is logged in.

    Raises:
        UsageError: the server wants a key and `key` is None.
        HostKeyRejected: the server's key is not one of the pinned keys.
        TransportError: no connection, no common algorithm, login refused, or too slow.
    """
    ends = time.monotonic() + timeout
    try:
        sock = socket.create_connection((address.host, address.port), max(timeout, 0.001))
    except OSError as error:
        more = f"; {ALIASES}" if isinstance(error, socket.gaierror) else ""
        raise TransportError(f"{address}: cannot connect: {error.strerror or error}{more}") from error
    except UnicodeError as error:  # the name cannot be encoded for a resolver
        raise TransportError(f"{address}: cannot connect: not a valid host name") from error
    # Without TCP_NODELAY each small exchange waits for the peer's delayed acknowledgement: 40 ms instead of 3.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection = paramiko.Transport(sock, disabled_algorithms=WEAK)
    try:
        with within(address, ends - time.monotonic(), "connecting", connection):
            _greet(connection, address, pinned)
            _log_in(connection, address, key)
            connection.set_keepalive(KEEPALIVE)
    except BaseException:
        connection.close()
        raise
    return connection


def _greet(connection: paramiko.Transport, address: Address, pinned: Sequence[paramiko.PKey]) -> None:
    options = connection.get_security_options()
    wanted = {pin.get_name().replace("ssh-rsa", "rsa-sha2") for pin in pinned}
    # The pinned types go first, so that a server with several keys shows a pinned one.
    options.key_types = sorted(options.key_types, key=lambda kind: not kind.startswith(tuple(wanted)))
    connection.start_client()
    shown = connection.get_remote_server_key()
    if all(shown.asbytes() != pin.asbytes() for pin in pinned):
        pins = ", ".join(fingerprint(pin) for pin in pinned)
        raise HostKeyRejected(
            f"{address}: shows {shown.get_name()} {fingerprint(shown)}, pinned is {pins}; "
            "find out why before you change --host-key"
        )


def _log_in(connection: paramiko.Transport, address: Address, key: paramiko.PKey | None) -> None:
    """Log in with the key; without one try to log in with no authentication, which test machines may allow."""
    if key is not None:
        connection.auth_publickey(address.user, key)
        return
    try:
        connection.auth_none(address.user)
    except paramiko.AuthenticationException as error:
        asked = ", ".join(getattr(error, "allowed_types", ())) or "no more"
        raise UsageError(
            f"{address}: no --identity FILE, and the server demands one (it asks for {asked}): "
            "give the private key to log in with (agent and default keys are not used)"
        ) from error


@contextmanager
def within(
    address: Address, seconds: float, doing: str, connection: paramiko.Transport, *, wrap: bool = True
) -> Iterator[None]:
    """Limit the time of a block of library calls: some of them wait for the server without limit.

    At the deadline the connection is closed, which wakes every waiter.
    """
    timer = threading.Timer(max(seconds, 0.0), connection.close)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (paramiko.SSHException, EOFError, OSError) as error:
        if timer.finished.is_set():
            raise TransportError(f"{address}: {doing}: no answer within {seconds:.1f} s") from error
        if not wrap:
            raise
        raise TransportError(f"{address}: {doing}: {error or 'the connection was cut'}") from error
    finally:
        timer.cancel()
