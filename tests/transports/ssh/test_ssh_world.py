"""Different SSH hosts: login shells, banners, folders mounted noexec, clients that are killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ferrule.errors import TransportError
from ferrule.transports import ssh_scripts

from tests.support.patience import PATIENCE, eventually

if TYPE_CHECKING:
    from tests.transports.ssh.conftest import Server

PAYLOAD = b'#!/bin/sh\necho "$1"\n'
HARD = 'it\'s; $HOME `x` \n*!\\ "%d"'
LONG = b"#!/bin/sh\nsleep 300 >/dev/null 2>&1 & echo $!; wait\n"


def test_scripts_pass_any_login_shell() -> None:
    constants = {name: text for name, text in vars(ssh_scripts).items() if name.isupper() and isinstance(text, str)}
    assert len(constants) >= 6
    assert not [name for name, text in constants.items() if re.search(r"['\\\n]|!(?! )", text)]


@pytest.mark.parametrize("shell", ["sh", "bash", "tcsh", "csh", "fish", "zsh"])
def test_a_line_means_the_same_in_every_shell(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell}")
    for words in (["printf", "%s", "a b"], ["printf", "%s", HARD], ["sh", "-c", 'echo "$0" "$@"', "", "x"]):
        output = subprocess.run([shell, "-c", ssh_scripts.line(words)], capture_output=True, check=True).stdout
        assert output == subprocess.run(words, capture_output=True, check=True).stdout


def test_what_others_print_is_no_output(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(sftp=False, wrapper='echo "hello: $0"; sh -c "$0"; echo bye')
    with server.connect() as transport:
        done = transport.run(["sh", "-c", "echo out; exit 3"])
        assert (done.status, done.out) == (3, b"out\n")
        process = transport.start([transport.put(PAYLOAD, "payload"), "process=1"])
        assert process.read(PATIENCE).startswith(b"process=1\n")
        process.close()
    assert not server.leftovers()


def test_a_folder_that_will_not_do_is_named(server: Server, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with (
        server.connect(base=str(gone)) as transport,
        pytest.raises(TransportError, match=f"{gone}: no folder can be made there; name another by --remote-folder"),
    ):
        transport.put(PAYLOAD, "payload")
    other = tmp_path / "other"
    other.mkdir()
    with server.connect(base=str(other)) as transport:
        assert Path(transport.put(PAYLOAD, "payload")).parent.parent == other
    assert not list(other.iterdir())


def test_a_folder_that_runs_nothing_is_passed_by(server: Server) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "noexec", "none", server.folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting needs root")
    try:
        keys = Path(server.folder.parent)
        server.identity.write_private_key(str(keys / "user"))
        server.host_key.write_public_key(str(keys / "host.pub"))
        server.keys = keys
        with server.connect() as transport:
            path = transport.put(PAYLOAD, "payload")
            assert not path.startswith(str(server.folder))
            process = transport.start([path, "process=1"])
            assert process.read(PATIENCE) == b"process=1\n"
            process.close()
        with (
            server.connect(base=str(server.folder)) as transport,
            pytest.raises(TransportError, match=r"files there cannot be run \(noexec\)"),
        ):
            transport.put(PAYLOAD, "payload")
        assert not list(server.folder.iterdir())
    finally:
        subprocess.run(["umount", server.folder], check=True)


def test_the_watch_removes_the_folder_before_it_is_ended(tmp_path: Path) -> None:
    for number in range(40):
        folder = tmp_path / f"ferrule.{number}"
        folder.mkdir()
        pidfile = folder / "1.pid"
        words = ["sh", "-c", ssh_scripts.START, str(pidfile), "mark:begin", "sleep", "300"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as script:
            assert script.stdin is not None
            assert eventually(partial(_written, pidfile))
            script.stdin.close()
            script.wait(PATIENCE)
        assert not folder.exists()


CLIENT = """
import sys
from pathlib import Path
from ferrule.transports.ssh import SshTransport
from ferrule.transports.ssh_address import Address
folder = Path(sys.argv[1])
transport = SshTransport(Address.parse(sys.argv[2]), folder / "host.pub", folder / "user")
process = transport.start([transport.put(bytes.fromhex(sys.argv[3]), "payload")])
print(process.read(60).decode(), end="", flush=True)
process.read(600)
"""


def test_nothing_outlives_a_client_that_is_killed(server: Server) -> None:
    command = [sys.executable, "-c", CLIENT, str(server.folder), str(server.address), LONG.hex()]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        child = int(client.stdout.readline())
        assert server.leftovers()
        client.kill()
    try:
        assert eventually(lambda: not server.leftovers())
        assert eventually(lambda: not _runs(child))
    finally:
        if _runs(child):
            os.kill(child, signal.SIGKILL)


def _written(file: Path) -> bool:
    return file.exists() and file.read_text() != ""


def _runs(pid: int) -> bool:
    try:
        return re.search(r"^State:\s+[ZX]", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE) is None
    except OSError:
        return False
