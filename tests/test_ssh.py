"""The SSH transport and guest against a real server in this process, in all the shapes that servers come in."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any, TypeVar

import asyncssh
import pytest
from ferrule import guests
from ferrule.errors import HostKeyRejected, TransportError, UsageError
from ferrule.guests import GuestOptions
from ferrule.transports.ssh import SshTransport
from ferrule.transports.ssh_address import Address

T = TypeVar("T")
PAYLOAD = b'#!/bin/sh\necho "$1"\n'


class Server:
    """An SSH server with an event loop in a thread of its own; commands run as children of this process."""

    def __init__(self, folder: Path, *, sftp: Callable[..., object] | bool = True, path: str | None = None) -> None:
        self.folder, self._sftp, self._path = folder, sftp, path or os.environ["PATH"]
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.commands: list[str] = []
        self.deaf = False  # accept sessions no more, but do not refuse them either
        self.host_key = self._key("host")
        self.identity = self._key("user")
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._acceptor = self._call(self._listen())
        self.address = Address("bench", "127.0.0.1", self._acceptor.get_port())

    def connect(self, **options: float) -> SshTransport:
        return SshTransport(self.address, self.folder / "host.pub", self.folder / "user", **options)

    def options(self) -> GuestOptions:
        return GuestOptions(host_key=self.folder / "host.pub", identity=self.folder / "user")

    def cut(self) -> None:
        """Drop every connection without a word."""
        for connection in self.connections:
            self.loop.call_soon_threadsafe(connection.abort)

    def close(self) -> None:
        self._call(self._finish())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def _key(self, name: str) -> asyncssh.SSHKey:
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(self.folder / name))
        key.write_public_key(str(self.folder / f"{name}.pub"))
        return key

    def _call(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Door(self),
            server_host_keys=[self.host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(self.identity.export_public_key().decode()),
            process_factory=self._run,
            sftp_factory=self._sftp,
            encoding=None,
        )

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        if process.command is None:  # a subsystem that is not served
            process.exit(1)
            return
        self.commands.append(process.command)
        with subprocess.Popen(
            ["/bin/sh", "-c", process.command],
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={"PATH": self._path, "TMPDIR": str(self.folder)},
        ) as child:
            feed = asyncio.create_task(self._feed(process.stdin, child.stdin))
            try:
                await asyncio.gather(
                    self._carry(child.stdout, process.stdout), self._carry(child.stderr, process.stderr)
                )
                while child.poll() is None:
                    await asyncio.sleep(0.002)
                process.exit(child.returncode)
            finally:
                child.kill()
                feed.cancel()

    async def _feed(self, source: Any, pipe: Any) -> None:
        with suppress(OSError, asyncssh.Error):
            while data := await source.read(65536):
                await self.loop.run_in_executor(None, pipe.write, data)
            pipe.close()

    async def _carry(self, pipe: Any, sink: Any) -> None:
        while True:
            ready = asyncio.Event()
            self.loop.add_reader(pipe, ready.set)
            try:
                await ready.wait()
            finally:
                self.loop.remove_reader(pipe)
            if not (data := os.read(pipe.fileno(), 65536)):
                return
            sink.write(data)
            await sink.drain()

    async def _finish(self) -> None:
        self._acceptor.close()
        for connection in self.connections:
            connection.abort()
        await asyncio.sleep(0.05)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self.loop.shutdown_default_executor()


class _Door(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections.append(conn)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**options: object) -> Server:
        folder = tmp_path / f"server{len(servers)}"
        folder.mkdir()
        servers.append(Server(folder, **options))  # type: ignore[arg-type]
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def server(serve: Callable[..., Server]) -> Server:
    return serve()


def gone(pid: int, patience: float = 3.0) -> bool:
    """Whether a process is no more (or a zombie that nobody has asked for yet)."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        try:
            if re.search(r"^State:\s+[ZX]", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE):
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def leftovers(server: Server) -> list[Path]:
    return list(server.folder.glob("ferrule.*"))


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
        with pytest.raises(TransportError, match="said more than 1000 bytes"):
            transport.run(["sh", "-c", flood], timeout=20, limit=1000)


def test_endless_stderr_does_not_outlast_the_deadline(server: Server) -> None:
    with server.connect() as transport, pytest.raises(TransportError, match=r"did not end within 0.5 s"):
        transport.run(["sh", "-c", "exec yes >&2"], timeout=0.5)


def test_a_hanging_command_meets_its_deadline(server: Server) -> None:
    with server.connect() as transport:
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"sleep did not end within 0.3 s"):
            transport.run(["sleep", "3"], timeout=0.3)
        assert time.monotonic() - began < 1.5
        assert transport.run(["true"]).status == 0  # it cost that command only


def test_a_mute_server_meets_the_deadline(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server.address = Address("bench", "127.0.0.1", mute.getsockname()[1])
        began = time.monotonic()
        with pytest.raises(TransportError, match=r"connecting: no answer within 0.5 s"):
            server.connect(timeout=0.5)
        assert time.monotonic() - began < 3


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


def bare_path(folder: Path) -> str:
    """A PATH with the least that the transport may count on."""
    tools = folder / "tools"
    tools.mkdir()
    for tool in ("sh", "cat", "chmod", "mkdir", "mv", "rm", "sleep", "uname"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    return str(tools)


@pytest.mark.parametrize("sftp", [True, False])
@pytest.mark.parametrize("bare", [False, True])
def test_put_start_and_clean_up(serve: Callable[..., Server], tmp_path: Path, sftp: bool, bare: bool) -> None:
    server = serve(sftp=sftp, path=bare_path(tmp_path) if bare else None)
    padding = b"#" * 100_000
    with server.connect() as transport:
        path = transport.put(PAYLOAD + padding, "payload")
        assert Path(path).read_bytes() == PAYLOAD + padding
        assert Path(path).parent.stat().st_mode & 0o777 == 0o700
        process = transport.start([path, "process=7"])
        assert process.read(5) == b"process=7\n"
        assert process.read(5) == b""
        assert process.status() == 0
        process.close()
    assert not leftovers(server)
    assert any("cat >" in command for command in server.commands) != sftp


def test_an_sftp_server_locked_into_another_folder_is_passed_by(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(sftp=lambda channel: asyncssh.SFTPServer(channel, chroot=bytes(tmp_path)))
    with server.connect() as transport:
        assert Path(transport.put(PAYLOAD, "payload")).read_bytes() == PAYLOAD


class BadDisk(asyncssh.SFTPServer):
    """Stores the complement of what it is given."""

    def write(self, file_obj: object, offset: int, data: bytes) -> int | Awaitable[int]:
        return super().write(file_obj, offset, bytes(byte ^ 0xFF for byte in data))


@pytest.mark.parametrize("sftp", [BadDisk, False])
@pytest.mark.parametrize("bare", [False, True])
def test_damage_on_the_way_is_seen(serve: Callable[..., Server], tmp_path: Path, sftp: object, bare: bool) -> None:
    path = bare_path(tmp_path) if bare else f"{tmp_path}/bad:{os.environ['PATH']}"
    if not sftp:  # a cat that loses a byte of what it stores
        cat = tmp_path / "tools" / "cat" if bare else tmp_path / "bad" / "cat"
        cat.parent.mkdir(exist_ok=True)
        cat.unlink(missing_ok=True)
        cat.write_text(f'#!/bin/sh\n[ $# = 0 ] || exec {shutil.which("cat")} "$@"\nexec {shutil.which("tail")} -c +2\n')
        cat.chmod(0o700)
    server = serve(sftp=sftp, path=path)
    with server.connect() as transport, pytest.raises(TransportError, match="payload arrived damaged: SHA-256"):
        transport.put(PAYLOAD, "payload")
    assert not leftovers(server)


def test_a_full_or_forbidden_folder_is_one_line(server: Server, tmp_path: Path) -> None:
    with server.connect() as transport:
        transport.folder  # noqa: B018 - makes it
        shutil.rmtree(leftovers(server)[0])
        with pytest.raises(TransportError, match=r"cannot store .*payload: .*cannot create"):
            transport.put(PAYLOAD, "payload")


@pytest.mark.parametrize("bare", [False, True])
def test_closing_kills_what_runs(serve: Callable[..., Server], tmp_path: Path, bare: bool) -> None:
    server = serve(path=bare_path(tmp_path) if bare else None)
    family = b'#!/bin/sh\nsleep 60 >/dev/null 2>&1 & echo "$$ $!"; wait\n'
    with server.connect() as transport:
        process = transport.start([transport.put(family, "payload")])
        parent, child = map(int, process.read(5).split())
        with pytest.raises(TimeoutError):
            process.read(0.05)
        process.close()
        process.close()
        assert gone(parent)
    if bare:  # without setsid there is no group to kill
        os.kill(child, 9)
    assert gone(child)


def test_signals_are_told_from_exits(server: Server) -> None:
    with server.connect() as transport:
        process = transport.start(["sh", "-c", "echo gasp >&2; kill -SEGV $$"])
        assert process.read(5) == b""
        assert process.status() == 128 + 11
        assert "gasp" in process.stderr()


def test_a_cut_connection_is_no_clean_end(server: Server) -> None:
    with server.connect() as transport:
        process = transport.start(["sh", "-c", "echo on; exec sleep 2"])
        assert process.read(5) == b"on\n"
        server.cut()
        with pytest.raises(TransportError, match="connection was cut before the program ended"):
            process.read(5)
        process.close()
        with pytest.raises(TransportError):
            transport.run(["true"], timeout=2)


def test_guest_runs_process_by_process(server: Server) -> None:
    with_guest = guests.create(str(server.address), server.options())
    try:
        assert (with_guest.os, with_guest.arch, with_guest.accel) == ("linux", os.uname().machine, "remote")
        assert with_guest.describe()["ssh.host_key"] == server.host_key.get_fingerprint()
        with with_guest.execute(PAYLOAD, 3, 0) as execution:
            assert b"".join(iter(lambda: execution.read(5), b"")) == b"process=0\nprocess=1\nprocess=2\n"
            assert execution.ending() == guests.Ending(True, "exit status 0")
        failing = b'#!/bin/sh\necho "$1"; echo oh >&2; [ $1 = process=0 ]\n'
        with with_guest.execute(failing, 3, 1) as execution:
            assert b"".join(iter(lambda: execution.read(5), b"")) == b"process=0\nprocess=1\n"
            assert execution.ending() == guests.Ending(False, "exit status 1")
            assert execution.console() == "oh"
        assert not list(server.folder.glob("ferrule.*/payload"))
    finally:
        with_guest.close()
    assert not leftovers(server)


def test_guest_survives_a_cut_connection(server: Server) -> None:
    guest = guests.create(str(server.address), server.options())
    try:
        with guest.execute(b"#!/bin/sh\necho on; exec sleep 2\n", 1, 0) as execution:
            assert execution.read(5) == b"on\n"
            server.cut()
            assert execution.read(5) == b""
            assert not execution.ending().clean
            assert "connection was cut" in execution.ending().detail
        with guest.execute(PAYLOAD, 1, 1) as execution:
            assert execution.read(5) == b"process=0\n"
    finally:
        guest.close()


def test_guest_says_what_it_needs(server: Server) -> None:
    with pytest.raises(UsageError, match="no --host-key FILE"):
        guests.create(str(server.address), GuestOptions())
    with pytest.raises(UsageError, match="no --identity FILE"):
        guests.create(str(server.address), GuestOptions(host_key=server.folder / "host.pub"))


def test_guest_of_another_machine_type_is_refused(serve: Callable[..., Server], tmp_path: Path) -> None:
    tools = Path(bare_path(tmp_path))
    (tools / "uname").unlink()
    (tools / "uname").write_text("#!/bin/sh\necho vax\n")
    (tools / "uname").chmod(0o700)
    server = serve(path=str(tools))
    with pytest.raises(UsageError, match="no payload is built for 'vax'"):
        guests.create(str(server.address), server.options())
