"""Debian's Dropbear: as a server on this host, and as the SSH server of the Linux guest."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from ferrule import guests
from ferrule.errors import HostKeyRejected, InfrastructureError, ToolMissing, UsageError
from ferrule.images import dropbear
from ferrule.machine.guest import Execution, Guest
from ferrule.machine.options import GuestOptions
from ferrule.payload.build import build_payload, patch_plan
from ferrule.payload.key import RunKey
from ferrule.payload.plan import Plan, PlannedRun
from ferrule.records.stream import Decoder, Record
from ferrule.transports.ssh import SshTransport
from ferrule.transports.ssh_address import Address

needs_dropbear = pytest.mark.skipif(shutil.which("dropbear", path="/usr/sbin") is None, reason="no dropbear installed")
DEADLINE = 90.0  # a boot on an emulated CPU of a busy machine


@needs_dropbear
def test_keys_are_what_dropbear_reads(tmp_path: Path) -> None:
    keys = dropbear.Keys.generate()
    (tmp_path / "hostkey").write_bytes(keys.server)
    output = subprocess.run(["dropbearkey", "-y", "-f", tmp_path / "hostkey"], capture_output=True, check=True).stdout
    assert keys.server_public.strip() in output


@needs_dropbear
def test_libraries_are_complete() -> None:
    """Compared with the list of the dynamic loader itself (ldd)."""
    program = Path("/usr/sbin/dropbear")
    found = dropbear.libraries(program, Path("/"))
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    wanted = {Path(word).name for line in listed.splitlines() for word in line.split() if word.startswith("/")}
    assert wanted <= {Path(path).name for path in found}
    assert all(image.startswith(b"\x7fELF") for image in found.values())


def test_what_is_missing_is_named_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"^dropbear, .*apt-get install .* dropbear-bin busybox-static$"):
        dropbear.check(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dropbear").write_text("no program")
    (tmp_path / "bin/busybox").write_text("no program")
    dropbear.check(tmp_path)
    with pytest.raises(InfrastructureError, match="bin/dropbear: not a program for the guest"):
        dropbear.files(dropbear.Keys.generate(), tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Address, Path, Path]]:
    """Dropbear on a port of this host. It has no option for another home folder: a private /etc/passwd names one."""
    keys, home = dropbear.Keys.generate(), tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    (home / ".ssh/authorized_keys").write_bytes(keys.client_public)
    for name, content in {"hostkey": keys.server, "host.pub": keys.server_public, "identity": keys.client}.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "passwd").write_text(f"root:x:0:0::{home}:/bin/sh\n")
    private = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', f"{tmp_path}/passwd"]
    if subprocess.run([*private, "true"], capture_output=True, check=False).returncode:
        pytest.skip("a private /etc/passwd for dropbear needs root and mount namespaces")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = ["dropbear", "-F", "-E", "-s", "-r", f"{tmp_path}/hostkey", "-P", "", "-p", f"127.0.0.1:{port}"]
    with subprocess.Popen([*private, *command], stderr=subprocess.PIPE, env={"PATH": "/usr/sbin:/usr/bin"}) as child:
        try:
            assert child.stderr is not None
            assert b"Not backgrounding" in child.stderr.readline()
            yield Address("root", "127.0.0.1", port), tmp_path / "host.pub", tmp_path / "identity"
        finally:
            child.kill()


@needs_dropbear
def test_real_server(server: tuple[Address, Path, Path], tmp_path: Path) -> None:
    address, host_key, identity = server
    data = b"#!/bin/sh\necho on; exec sleep 30\n" + b"#" * 300_000
    with SshTransport(address, host_key, identity) as transport:
        path = transport.put(data, "payload")
        assert Path(path).read_bytes() == data
        folder = Path(transport.folder)
        process = transport.start([path])
        assert process.read(DEADLINE) == b"on\n"
        process.close()
        ended = transport.start(["sh", "-c", "exit 7"])
        assert ended.read(DEADLINE) == b""
        assert ended.status() == 7
    assert not folder.exists()
    host_key.write_bytes(dropbear.Keys.generate().server_public)
    with pytest.raises(HostKeyRejected):
        SshTransport(address, host_key, identity)


@needs_dropbear
def test_a_busy_host_keeps_the_folder_of_who_killed_a_program(server: tuple[Address, Path, Path]) -> None:
    """The script around the program ends slowly; its watch process took our close for the connection's end."""
    with SshTransport(*server) as transport:
        process = transport.start(["sh", "-c", "echo on; exec sleep 30"])
        assert process.read(DEADLINE) == b"on\n"
        script = around(transport.folder)
        os.kill(script, signal.SIGSTOP)
        later = threading.Timer(1.0, os.kill, (script, signal.SIGCONT))
        later.start()
        process.close()
        later.join()
        assert transport.run(["echo", "there"]).out == b"there\n"
        assert Path(transport.folder).is_dir()


def around(folder: str) -> int:
    """Pid of the script that waits for the program: its arguments, and those of a child of it, name the folder."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.encode() in (entry / "cmdline").read_bytes():
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    (found,) = {up for one, up in parents.items() if one not in parents.values() and up in parents}
    return found


@needs_dropbear
def test_a_server_that_closes_late_is_waited_for(server: tuple[Address, Path, Path]) -> None:
    """Dropbear with an SFTP server lost a channel that was opened before it had closed the previous one."""
    with SshTransport(*server) as transport:
        for number in range(20):
            path = transport.put(b"#!/bin/sh\n", f"payload{number}")
            assert transport.run(["cat", path]).out == b"#!/bin/sh\n"


@pytest.fixture
def linux() -> Iterator[Guest]:
    try:
        guest = guests.create("linux", GuestOptions(transport="ssh", accel="tcg", boot_seconds=DEADLINE, smp=1))
    except InfrastructureError as error:
        pytest.skip(str(error))
    yield guest
    guest.close()


def read_all(execution: Execution, seconds: float = DEADLINE) -> bytes:
    ends, data = time.monotonic() + seconds, b""
    while chunk := execution.read(max(0.0, ends - time.monotonic())):
        data += chunk
    return data


def test_workloads_run_in_a_guest_over_ssh(linux: Guest) -> None:
    keys = [RunKey(name) for name in ("null_call", "pipe_latency", "process_create")]
    plan = Plan(run="7e57", batches=1, warm=0, verify_only=True, runs=tuple(PlannedRun(key) for key in keys))
    payload = patch_plan(build_payload("linux", "x86_64").image, plan.render())
    decoder = Decoder()
    with linux.execute(payload, 1, 0) as execution:
        events = decoder.feed(read_all(execution)) + decoder.close()
        assert execution.ending() == guests.Ending(True, "exit status 0")
        assert "Pubkey auth succeeded" in execution.console()
    records = [event for event in events if isinstance(event, Record)]
    assert records == events
    begun = {record.fields["workload"] for record in records if record.kind == "begin"}
    assert begun >= {key.workload for key in keys}
    assert {record.fields["status"] for record in records if record.kind == "end"} == {"ok"}
    assert records[-1].kind == "done"


def test_a_guest_that_panics_says_so_over_its_console(linux: Guest) -> None:
    payload = b"#!/bin/sh\necho on\nread -t 0.3 nothing </dev/zero\necho c >/proc/sysrq-trigger\n"
    with linux.execute(payload, 1, 0) as execution:
        assert read_all(execution, 20) == b"on\n"
        ending = execution.ending()
        assert not ending.clean
        assert ending.detail.startswith("Kernel panic - not syncing: sysrq triggered crash")


def test_instructions_are_not_counted_with_a_network() -> None:
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("no QEMU")
    counted = "--accel icount: with --transport ssh a network card's interrupts would be counted"
    with pytest.raises(UsageError, match=counted):
        guests.create("linux", GuestOptions(transport="ssh", accel="icount"))
