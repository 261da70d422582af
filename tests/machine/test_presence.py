"""Two measurements on one machine know of each other and leave nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from ferrule.machine.presence import Presence

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return f"\0ferrule-test-{request.node.name}"


def test_one_alone_sees_no_other(name: str) -> None:
    with Presence(name) as first:
        assert not first.others()
    with Presence(name) as again:
        assert not again.others()


def test_both_know_also_when_the_other_is_gone(name: str) -> None:
    with Presence(name) as first:
        assert not first.others()
        with Presence(name) as second:
            assert second.others()
        assert first.others()


def test_who_comes_after_the_first_has_gone_is_seen_by_the_second(name: str) -> None:
    first, second = Presence(name), Presence(name)
    first.close()
    assert second.others()
    with Presence(name) as third:
        assert third.others()
    second.close()
    first.close()


def test_a_killed_measurement_leaves_nothing(name: str) -> None:
    program = f"from ferrule.machine.presence import Presence; held = Presence({name!r}); print('there'); input()"
    child = subprocess.Popen([sys.executable, "-u", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"there\n"
    with Presence(name) as second:
        assert second.others()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    with Presence(name) as alone:
        assert not alone.others()


def test_many_at_once_are_no_fault(name: str) -> None:
    with Presence(name) as first:
        callers = [Presence(name) for _ in range(100)]
        assert all(one.others() for one in callers)
        assert first.others()
        for one in callers:
            one.close()
