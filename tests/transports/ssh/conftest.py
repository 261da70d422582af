"""A real SSH server in this process for the tests here."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any, TypeVar

import asyncssh
import pytest
from ferrule.machine.options import GuestOptions
from ferrule.transports.ssh import SshTransport
from ferrule.transports.ssh_address import Address

T = TypeVar("T")


class Server:
    """An SSH server with an event loop in a thread of its own; commands run as children of this process."""

    def __init__(
        self, folder: Path, *, sftp: Callable[..., object] | bool = True, path: str | None = None, wrapper: str = ""
    ) -> None:
        self.folder, self._sftp, self._path = folder, sftp, path or os.environ["PATH"]
        self.keys = folder
        self._wrapper = wrapper  # a script in which every command is $0
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.commands: list[str] = []
        self.deaf = False  # neither accepts nor refuses further sessions
        self.host_key = self._key("host")
        self.identity = self._key("user")
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self._acceptor = self._call(self._listen())
        self.address = Address("bench", "127.0.0.1", self._acceptor.get_port())

    def connect(self, **options: Any) -> SshTransport:
        return SshTransport(self.address, self.keys / "host.pub", self.keys / "user", **options)

    def options(self) -> GuestOptions:
        return GuestOptions(host_key=self.folder / "host.pub", identity=self.folder / "user")

    def leftovers(self) -> list[Path]:
        """Private folders that were not removed."""
        return list(self.folder.glob("ferrule.*"))

    def cut(self) -> None:
        """Abort every connection."""
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
            ["/bin/sh", "-c", *([self._wrapper] if self._wrapper else []), process.command],
            bufsize=0,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={"PATH": self._path, "TMPDIR": str(self.folder)},
        ) as child:
            feed = asyncio.create_task(self._feed(process.stdin, child.stdin))
            streams = ((child.stdout, process.stdout), (child.stderr, process.stderr))
            carriers = [asyncio.create_task(self._carry(pipe, sink)) for pipe, sink in streams]
            try:
                await asyncio.gather(*carriers)
                while child.poll() is None:
                    await asyncio.sleep(0.002)
                process.exit(child.returncode)
            finally:
                child.kill()
                for task in (feed, *carriers):  # before their pipes are closed: the next child reuses the numbers
                    task.cancel()
                await asyncio.gather(feed, *carriers, return_exceptions=True)

    async def _feed(self, source: Any, pipe: Any) -> None:
        with suppress(OSError, asyncssh.Error):
            while data := await source.read(65536):
                await self.loop.run_in_executor(None, _write_all, pipe.fileno(), data)
        pipe.close()  # also when the connection is lost, as real servers do

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


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


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


@pytest.fixture
def bare_path(tmp_path: Path) -> str:
    """A PATH with only the tools that the transport needs."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "cat", "chmod", "mkdir", "mv", "rm", "sleep", "uname"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    return str(tools)
