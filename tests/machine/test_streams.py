"""Reading a child, also where the kernel refuses a pidfd, as a container's rules may."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator

import pytest
from ferrule.machine.streams import Streams
from ferrule.machine.transcript import Transcript

LEAVES_A_CHILD = "import subprocess, sys; subprocess.Popen(['sleep', '600']); print('said', flush=True); sys.exit(7)"


@pytest.fixture(params=[errno.EPERM, errno.ENOSYS, None], ids=["EPERM", "ENOSYS", "as it is"])
def streams(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    def refused(pid: int, flags: int = 0) -> int:
        raise OSError(request.param, os.strerror(request.param))

    if request.param is not None:
        monkeypatch.setattr(os, "pidfd_open", refused)
    made = Streams()
    yield made
    made.close()


def read_all(streams: Streams) -> bytes:
    until, found = time.monotonic() + 60, b""
    while chunk := streams.read(until):
        found += chunk
    return found


def test_a_child_that_leaves_one_behind_has_ended(streams: Streams) -> None:
    streams.start([sys.executable, "-c", LEAVES_A_CHILD], Transcript(), os.environ)
    assert read_all(streams) == b"said\n"
    assert streams.wait() == 7


def test_one_after_the_other(streams: Streams) -> None:
    for word in (b"one\n", b"two\n"):
        streams.start(["echo", word.decode().strip()], Transcript(), os.environ)
        assert read_all(streams) == word
        assert streams.wait() == 0


def test_silence_is_a_timeout(streams: Streams) -> None:
    streams.start(["sleep", "600"], Transcript(), os.environ)
    with pytest.raises(TimeoutError):
        streams.read(time.monotonic() + 0.3)
