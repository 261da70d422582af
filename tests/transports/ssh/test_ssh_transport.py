"""The SSH transport against a real server in this process, set up like different kinds of servers."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest
from ferrule.errors import HostKeyRejected, TransportError
from ferrule.transports.ssh_address import Address

from tests.support.patience import PATIENCE, eventually

if TYPE_CHECKING:
    from tests.transports.ssh.conftest import Server

PAYLOAD = b'#!/bin/sh\necho "$1"\n'


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that is not reaped yet counts)."""
    return eventually(lambda: _ended(pid))


def _ended(pid: int) -> bool:
    try:
        return re.search(r"^State:\s+[ZX]", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE) is not None
    except OSError:
        return True


def test_run_carries_all_bytes_and_the_status(server: Server) -> None:
    data = bytes(range(256)) * 2000
    with server.connect() as transport:
        done = transport.run(["sh", "-c", 'cat; echo "$0" >&2; exit 3', "it's; $HOME `x` \n*"], stdin=data)
    assert (done.status, done.out, done.err) == (3, data, "it's; $HOME `x` \n*")


def test_nothing_is_sent_late_by_the_kernel(server: Server) -> None:
    with server.connect() as transport:
        sock = transport._connection.sock  # there is no public way to see the option
        assert isinstance(sock, socket.socket)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_both_streams_are_drained(server: Server) -> None:
    flood = "head -c 5000000 /dev/zero >&2; head -c 5000000 /dev/zero; echo last >&2"
    with server.connect() as transport:
        done = transport.run(["sh", "-c", flood], timeout=20, limit=5_000_000)
        assert (done.status, len(done.out)) == (0, 5_000_000)
        assert done.err.endswith("last")
        with pytest.raises(TransportError, match="printed more than 1000 bytes"):
            transport.run(["sh", "-c", flood], timeout=20, limit=1000)


def test_endless_stderr_does_not_outlast_the_deadline(server: Server) -> None:
    with server.connect() as transport, pytest.raises(TransportError, match=r"did not end within 0.5 s"):
        transport.run(["sh", "-c", "exec yes >&2"], timeout=0.5)


def test_a_hanging_command_meets_its_deadline(server: Server) -> None:
    with server.connect() as transport:
        with pytest.raises(TransportError, match=r"sleep did not end within 0.3 s"):
            transport.run(["sleep", "1000"], timeout=0.3)
        assert transport.run(["true"]).status == 0  # the connection still works


def test_a_mute_server_meets_the_deadline(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server.address = Address("bench", "127.0.0.1", mute.getsockname()[1])
        with pytest.raises(TransportError, match=r"connecting: no answer within 0.5 s"):
            server.connect(timeout=0.5)


def test_a_refused_connection_is_one_line(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        server.address = Address("bench", "127.0.0.1", free.getsockname()[1])
    with pytest.raises(TransportError, match="cannot connect: Connection refused"):
        server.connect()


def test_another_host_key_is_refused(server: Server, serve: Callable[..., Server]) -> None:
    shutil.copy(serve().folder / "host.pub", server.folder / "host.pub")
    with pytest.raises(HostKeyRejected, match=r"shows ssh-ed25519 SHA256:.*, pinned is SHA256:"):
        server.connect()
    assert not server.commands


def test_a_pinned_key_of_another_type_is_refused(server: Server) -> None:
    asyncssh.generate_private_key("ecdsa-sha2-nistp256").write_public_key(str(server.folder / "host.pub"))
    with pytest.raises(HostKeyRejected, match="shows ssh-ed25519"):
        server.connect()


def test_another_identity_is_refused(server: Server, serve: Callable[..., Server]) -> None:
    shutil.copy(serve().folder / "user", server.folder / "user")
    with pytest.raises(TransportError, match="connecting: Authentication failed"):
        server.connect()


@pytest.mark.parametrize("sftp", [True, False])
@pytest.mark.parametrize("bare", [False, True])
def test_put_start_and_clean_up(
    serve: Callable[..., Server], tmp_path: Path, bare_path: str, sftp: bool, bare: bool
) -> None:
    server = serve(sftp=sftp, path=bare_path if bare else None)
    padding = b"#" * 100_000
    with server.connect() as transport:
        path = transport.put(PAYLOAD + padding, "payload")
        assert Path(path).read_bytes() == PAYLOAD + padding
        assert Path(path).parent.stat().st_mode & 0o777 == 0o700
        process = transport.start([path, "process=7"])
        assert process.read(PATIENCE) == b"process=7\n"
        assert process.read(PATIENCE) == b""
        assert process.status() == 0
        process.close()
    assert not server.leftovers()
    assert any("cat >" in command for command in server.commands) != sftp


def test_an_sftp_server_locked_into_another_folder_is_passed_by(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(sftp=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(tmp_path)))
    with server.connect() as transport:
        assert Path(transport.put(PAYLOAD, "payload")).read_bytes() == PAYLOAD


class BadDisk(asyncssh.SFTPServer):
    """Stores the complement of the data."""

    def write(self, file_obj: object, offset: int, data: bytes) -> int | Awaitable[int]:
        return super().write(file_obj, offset, bytes(byte ^ 0xFF for byte in data))


@pytest.mark.parametrize("sftp", [BadDisk, False])
@pytest.mark.parametrize("bare", [False, True])
def test_damage_on_the_way_is_seen(
    serve: Callable[..., Server], tmp_path: Path, bare_path: str, sftp: object, bare: bool
) -> None:
    path = bare_path if bare else f"{tmp_path}/bad:{os.environ['PATH']}"
    if not sftp:  # a cat that loses a byte of what it stores
        cat = tmp_path / "tools" / "cat" if bare else tmp_path / "bad" / "cat"
        cat.parent.mkdir(exist_ok=True)
        cat.unlink(missing_ok=True)
        cat.write_text(f'#!/bin/sh\n[ $# = 0 ] || exec {shutil.which("cat")} "$@"\nexec {shutil.which("tail")} -c +2\n')
        cat.chmod(0o700)
    server = serve(sftp=sftp, path=path)
    with server.connect() as transport, pytest.raises(TransportError, match="payload arrived damaged: SHA-256"):
        transport.put(PAYLOAD, "payload")
    assert not server.leftovers()


def test_a_full_or_forbidden_folder_is_one_line(server: Server, tmp_path: Path) -> None:
    with server.connect() as transport:
        transport.folder  # noqa: B018 - makes it
        shutil.rmtree(server.leftovers()[0])
        with pytest.raises(TransportError, match=r"cannot store .*payload: .*cannot create"):
            transport.put(PAYLOAD, "payload")


@pytest.mark.parametrize("bare", [False, True])
def test_closing_kills_what_runs(serve: Callable[..., Server], tmp_path: Path, bare_path: str, bare: bool) -> None:
    server = serve(path=bare_path if bare else None)
    family = b'#!/bin/sh\nsleep 60 >/dev/null 2>&1 & echo "$$ $!"; wait\n'
    with server.connect() as transport:
        process = transport.start([transport.put(family, "payload")])
        parent, child = map(int, process.read(PATIENCE).split())
        with pytest.raises(TimeoutError):
            process.read(0.05)
        process.close()
        process.close()
        assert gone(parent)
    if bare:  # without setsid there is no group to kill
        os.kill(child, 9)
    assert gone(child)


def test_signals_are_distinguished_from_exits(server: Server) -> None:
    with server.connect() as transport:
        process = transport.start(["sh", "-c", "echo gasp >&2; kill -SEGV $$"])
        assert process.read(PATIENCE) == b""
        assert process.status() == 128 + 11
        assert "gasp" in process.stderr()


def test_a_cut_connection_is_no_clean_end(server: Server) -> None:
    with server.connect() as transport:
        process = transport.start(["sh", "-c", "echo on; exec sleep 2"])
        assert process.read(PATIENCE) == b"on\n"
        server.cut()
        with pytest.raises(TransportError, match="connection was cut before the program ended"):
            process.read(PATIENCE)
        process.close()
        with pytest.raises(TransportError):
            transport.run(["true"], timeout=2)
