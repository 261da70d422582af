"""The guest behind an SSH address, against a real server in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ferrule import guests
from ferrule.errors import UsageError
from ferrule.machine import host
from ferrule.machine.options import GuestOptions

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from tests.transports.ssh.conftest import Server

PAYLOAD = b'#!/bin/sh\necho "$1"\n'


def test_guest_runs_process_by_process(server: Server) -> None:
    with_guest = guests.create(str(server.address), server.options())
    try:
        assert (with_guest.os, with_guest.arch, with_guest.accel) == ("linux", os.uname().machine, "remote")
        assert with_guest.cpus == host.homes(os.sched_getaffinity(0))
        assert with_guest.describe()["ssh.host_key"] == server.host_key.get_fingerprint()
        with with_guest.execute(PAYLOAD, 3, 0) as execution:
            assert b"".join(iter(lambda: execution.read(PATIENCE), b"")) == b"process=0\nprocess=1\nprocess=2\n"
            assert execution.ending() == guests.Ending(True, "exit status 0")
        failing = b'#!/bin/sh\necho "$1"; echo oh >&2; [ $1 = process=0 ]\n'
        with with_guest.execute(failing, 3, 1) as execution:
            assert b"".join(iter(lambda: execution.read(PATIENCE), b"")) == b"process=0\nprocess=1\n"
            assert execution.ending() == guests.Ending(False, "exit status 1")
            assert execution.console() == "oh"
        assert not list(server.folder.glob("ferrule.*/payload"))
    finally:
        with_guest.close()
    assert not server.leftovers()


def test_guest_survives_a_cut_connection(server: Server) -> None:
    guest = guests.create(str(server.address), server.options())
    try:
        with guest.execute(b"#!/bin/sh\necho on; exec sleep 2\n", 1, 0) as execution:
            assert execution.read(PATIENCE) == b"on\n"
            server.cut()
            assert execution.read(PATIENCE) == b""
            assert not execution.ending().clean
            assert "connection was cut" in execution.ending().detail
        with guest.execute(PAYLOAD, 1, 1) as execution:
            assert execution.read(PATIENCE) == b"process=0\n"
    finally:
        guest.close()


def test_guest_says_what_it_needs(server: Server) -> None:
    with pytest.raises(UsageError, match="no --host-key FILE"):
        guests.create(str(server.address), GuestOptions())
    with pytest.raises(UsageError, match="no --identity FILE"):
        guests.create(str(server.address), GuestOptions(host_key=server.folder / "host.pub"))


def test_guest_on_a_host_that_tells_nothing_is_not_pinned(serve: Callable[..., Server], bare_path: str) -> None:
    (Path(bare_path) / "sed").write_text("#!/bin/sh\necho 0-99999999\n")
    (Path(bare_path) / "sed").chmod(0o700)
    server = serve(path=bare_path)
    guest = guests.create(str(server.address), server.options())
    guest.close()
    assert guest.cpus == ()


def test_guest_of_another_machine_type_is_refused(serve: Callable[..., Server], tmp_path: Path, bare_path: str) -> None:
    tools = Path(bare_path)
    (tools / "uname").unlink()
    (tools / "uname").write_text("#!/bin/sh\necho vax\n")
    (tools / "uname").chmod(0o700)
    server = serve(path=str(tools))
    with pytest.raises(UsageError, match="no payload is built for 'vax'"):
        guests.create(str(server.address), server.options())


def test_the_os_is_the_hosts_to_say(serve: Callable[..., Server], bare_path: str) -> None:
    tools = Path(bare_path)
    (tools / "uname").unlink()
    (tools / "uname").write_text('#!/bin/sh\n[ "$1" = -s ] && echo Redox || echo x86_64\n')
    (tools / "uname").chmod(0o700)
    server = serve(path=str(tools))
    guest = guests.create(str(server.address), server.options())
    guest.close()
    assert (guest.os, guest.arch) == ("redox", "x86_64")
