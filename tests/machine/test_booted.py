"""How a boot ended, where QEMU and not the guest ended it: real processes in place of QEMU."""

from __future__ import annotations

import errno
import os
import signal
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from ferrule.errors import InfrastructureError
from ferrule.machine.booted import Booted, boot, debug_code, failure
from ferrule.machine.guest import Ending
from ferrule.machine.qemu import CONSOLE, RESULTS, Machine, Qemu

from tests.support.executions import read_all

PORTS = {CONSOLE: "file", RESULTS: "file"}
SHOWS = f"""#!{sys.executable}
import os, pathlib, sys
path = pathlib.Path(sys.argv[sys.argv.index("-initrd") + 1])
print(os.readlink(path), path.read_text(), file=sys.stderr)
"""
DIES = f"#!{sys.executable}\nimport os\nos.kill(os.getpid(), {{}})\n"


def classified_by_the_guest(status: int, _console: str, _errors: str) -> Ending:
    return Ending(True, f"the guest's own: {status}")


@pytest.mark.parametrize(
    ("number", "somebody"), [(signal.SIGKILL, True), (signal.SIGSEGV, False), (signal.SIGABRT, False)]
)
def test_a_signal_to_qemu_comes_before_the_guests_messages(tmp_path: Path, number: int, somebody: bool) -> None:
    program = tmp_path / "qemu"
    program.write_text(DIES.format(number))
    program.chmod(0o755)
    running = Qemu(Machine(str(program), "tcg", None, ports=PORTS))
    undo = ExitStack()
    undo.callback(running.close)
    with Booted(running, undo, classified_by_the_guest) as boot:
        assert read_all(boot) == b""
        ending = boot.ending()
    assert not ending.clean
    assert ending.killed == somebody
    assert ending.detail == f"QEMU was ended by signal {number} ({signal.Signals(number).name})"


@pytest.mark.parametrize(("status", "code"), [(0, None), (1, 0), (33, 16), (2, None), (-9, None)])
def test_the_debug_ports_code(status: int, code: int | None) -> None:
    assert debug_code(status) == code


@pytest.mark.parametrize(
    ("status", "errors", "why"),
    [(0, "noise\n", None), (1, "one\ntwo\n", "QEMU: two"), (2, "", "QEMU: exit status 2")],
)
def test_what_made_qemu_give_up(status: int, errors: str, why: str | None) -> None:
    assert failure(status, errors) == why


def test_a_boots_image_waits_for_no_disk_and_has_no_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel's disk driver gave up after 30 seconds of an idle guest's clock, which were 0.2 s of a busy host's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "a,b"))
    program = tmp_path / "qemu"
    program.write_text(SHOWS)
    program.chmod(0o755)
    made = Machine(str(program), "tcg", None, ports=PORTS)
    with boot(Booted, lambda image: replace(made, initrd=image), b"the image", classified_by_the_guest) as running:
        assert read_all(running) == b""
        assert running.ending().clean
        where, _, content = running.console().strip().partition(" ")
    assert where.startswith("/memfd:")
    assert content.endswith("the image")


def test_an_image_that_memory_cannot_hold_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_name: str) -> int:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(os, "memfd_create", full)
    made = Machine("qemu", "tcg", None, ports=PORTS)
    with pytest.raises(InfrastructureError, match="no memory for a boot's image of 4 bytes: Cannot allocate memory"):
        boot(Booted, lambda image: replace(made, initrd=image), bytes(4), classified_by_the_guest)
