"""The guest behind an SSH address, against a real server in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ferrule import guests
from ferrule.errors import UsageError
from ferrule.machine import host, probe
from ferrule.machine.options import GuestOptions
from ferrule.machine.processors import Processors

from tests.support.hosts import CGROUP2, host_of, look
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from tests.transports.ssh.conftest import Server

PAYLOAD = b'#!/bin/sh\necho "$1"\n'


def test_guest_runs_process_by_process(server: Server) -> None:
    with_guest = guests.create(str(server.address), server.options())
    try:
        assert (with_guest.os, with_guest.arch, with_guest.accel) == ("linux", os.uname().machine, "remote")
        here = host.of_payload(host.here(with_guest.cpus))
        assert with_guest.cpus == Processors(host.look()).homes()
        assert with_guest.describe()["ssh.host_key"] == server.host_key.get_fingerprint()
        there = {name: text for name, text in with_guest.describe().items() if name.startswith(("host.", "cpu."))}
        moving = ("host.load", "host.hypervisor")  # host.hypervisor may come from lscpu, which only here() runs
        assert {name: text for name, text in there.items() if name not in moving} == {
            name: text for name, text in here.items() if name not in moving
        }
        assert there["cpu.model"]
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


def test_guest_on_a_host_that_reports_no_cpus_is_not_pinned(serve: Callable[..., Server], bare_path: str) -> None:
    server = serve(path=bare_path, wrapper='case $0 in *cpuinfo*) echo 0-99999999;; *) sh -c "$0";; esac')
    guest = guests.create(str(server.address), server.options())
    guest.close()
    assert guest.cpus == ()


def test_fabricated_files_of_a_host_are_read_over_ssh(server: Server, tmp_path: Path) -> None:
    tree = tmp_path / "tree [1]"
    tree.mkdir()
    kinds = {"sys/devices/cpu_core/cpus": "0-3", "sys/devices/cpu_atom/cpus": "4-5"}
    groups = {
        "proc/self/cgroup": "0::/a b\n",
        "proc/self/mountinfo": CGROUP2,
        "sys/fs/cgroup/a b/cpu.max": "5000 10000",
    }
    host_of(tree, [[0, 1], [2, 3], [4], [5]], files=kinds | groups)

    def under(names: Sequence[str], *, exact: bool) -> probe.Texts:
        top = str(tree) if exact else str(tmp_path / "tree [[]1]")
        found = transport.files([f"{top}{name}" for name in names], exact=exact)
        return {path.removeprefix(str(tree)): text for path, text in found.items()}

    with server.connect() as transport:
        texts = host.look(under)
    assert texts == look(tree)
    homes = Processors(texts).homes()
    facts = host.facts(texts, homes)
    assert (homes, facts["host.placement"]) == ((3, 1), "cross core")
    assert facts["host.kinds"] == "performance core; performance core"
    assert facts["host.quota"] == "0.5 CPUs (5000 of 10000 us, group /a b)"


def test_a_cpu_that_the_host_does_not_have_is_refused(server: Server) -> None:
    with pytest.raises(UsageError, match="--cpu 9999: the host has no such CPU; it has 0"):
        guests.create(str(server.address), replace(server.options(), cpus=(9999,)))
    guest = guests.create(str(server.address), replace(server.options(), cpus=(0,)))
    guest.close()
    assert guest.cpus == (0,)


def test_guest_of_another_machine_type_is_refused(serve: Callable[..., Server], tmp_path: Path, bare_path: str) -> None:
    tools = Path(bare_path)
    (tools / "uname").unlink()
    (tools / "uname").write_text("#!/bin/sh\necho vax\n")
    (tools / "uname").chmod(0o700)
    server = serve(path=str(tools))
    with pytest.raises(UsageError, match="no payload is built for 'vax'"):
        guests.create(str(server.address), server.options())


def test_the_os_is_what_the_host_reports(serve: Callable[..., Server], bare_path: str) -> None:
    tools = Path(bare_path)
    (tools / "uname").unlink()
    (tools / "uname").write_text('#!/bin/sh\n[ "$1" = -s ] && echo Redox || echo x86_64\n')
    (tools / "uname").chmod(0o700)
    server = serve(path=str(tools))
    guest = guests.create(str(server.address), server.options())
    guest.close()
    assert (guest.os, guest.arch) == ("redox", "x86_64")
