"""Typing to a real shell on a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import time
from collections.abc import Iterator

import pytest
from ferrule.errors import TransportError
from ferrule.transports.typed import Shell


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, script: str) -> None:
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvp("sh", ["sh", "-c", script])
        self.pid = pid
        self.shell = Shell(self.read, self.write)

    def read(self, seconds: float) -> bytes:
        if not select.select([self.fd], [], [], seconds)[0]:
            raise TimeoutError
        try:
            return os.read(self.fd, 4096)
        except OSError:
            return b""

    def write(self, text: bytes) -> None:
        os.write(self.fd, text)


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    made = Terminal(request.param)
    yield made
    os.killpg(made.pid, signal.SIGKILL)  # closing the terminal does not end a process that ignores SIGHUP
    os.close(made.fd)
    os.waitpid(made.pid, 0)


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


@pytest.mark.parametrize("terminal", ["exec sh"], indirect=True)
def test_a_command_has_its_status_and_its_output(terminal: Terminal) -> None:
    status, output = terminal.shell.run("printf 'one\\ntwo\\n'; false", soon())
    assert status == 1
    assert {"one", "two"} <= set(output.split())
    assert terminal.shell.run("true", soon())[0] == 0


@pytest.mark.parametrize("terminal", ["printf 'login: '; read a; printf 'Password: '; read b; exec sh"], indirect=True)
def test_a_login_leads_to_a_shell(terminal: Terminal) -> None:
    terminal.shell.log_in("root", "password", soon())
    assert terminal.shell.run("echo $((6 * 7))", soon())[1].split()[-1] == "42"


@pytest.mark.parametrize(
    ("terminal", "what"),
    [
        ("sleep 60", "a login prompt did not come in time"),
        ("printf 'login: '; read a; sleep 60", "a password prompt did not come in time"),
        ("printf 'login: '; read a; echo Password:; read b; sleep 60", "a shell did not come in time"),
        ("printf 'login: '; read a; echo Login failed", "ended before a password prompt came"),
    ],
    indirect=["terminal"],
)
def test_what_does_not_come_is_named(terminal: Terminal, what: str) -> None:
    with pytest.raises(TransportError, match=what):
        terminal.shell.log_in("root", "password", soon(0.5))


@pytest.mark.parametrize("terminal", ["exec sh"], indirect=True)
def test_the_echo_of_a_command_is_not_its_end(terminal: Terminal) -> None:
    with pytest.raises(TransportError, match="the end of `sleep 5` did not come in time"):
        terminal.shell.run("sleep 5", soon(0.5))


def test_what_came_before_the_end_is_read_where_nothing_can_be_typed_any_more() -> None:
    """A login that fails ends the machine; on a busy host this happens before the password is typed."""
    left = [b"login: ", b"Password: ", b"Login failed\n", b""]
    heard: list[bytes] = []

    def read(_seconds: float) -> bytes:
        heard.append(left.pop(0))
        return heard[-1]

    def write(text: bytes) -> None:
        if b"wrong" in text:
            raise TransportError("nothing can be typed any more")

    with pytest.raises(TransportError, match="ended before a shell came"):
        Shell(read, write).log_in("root", "wrong", soon())
    assert b"Login failed\n" in heard
