"""Child processes that never outlive us: each has its own session; the kernel kills it when our thread ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_OF_OTHERS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU)
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec. It calls only functions looked up before: no imports, no locks."""
    prctl, kill, getppid = _libc.prctl, signal.SIGKILL, os.getppid

    def prepare() -> None:
        prctl(_PR_SET_PDEATHSIG, int(kill), 0, 0, 0)
        if getppid() != parent:  # the parent died before the line above
            os._exit(127)

    return prepare


def start(
    argv: Sequence[str],
    *,
    stdout: int,
    stderr: int,
    stdin: int = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session; without `stdin` it has no standard input.

    The kernel kills it (SIGKILL) when the *thread* that called this ends: call it from a thread that lives as long as
    the child.

    Raises:
        OSError: it cannot be executed.
    """
    return subprocess.Popen(
        list(argv),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        pass_fds=pass_fds,
        env=env,
        cwd=cwd,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - prctl has no other place to be called
    )


def kill(child: subprocess.Popen[bytes], patience: float = 5.0) -> int | None:
    """Kill the child's process group and reap the child: its return code, None if it lives after `patience` seconds."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        return child.wait(patience)
    return None


def killed(status: int) -> bool:
    """Whether somebody else ended the child, by its return code: a program's own faults do not cause these signals."""
    return -status in _OF_OTHERS


def ending_text(status: int) -> str:
    """A return code as text for people: `exit status 3`, `signal 11 (SIGSEGV)`."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"signal {-status}"
