"""A deadline that stops while a process waits for a CPU: real processes, starved by a busy one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ferrule.machine import patience as module
from ferrule.machine.patience import MOST, Patience, threads

from tests.support.patience import PATIENCE

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not Path("/proc/self/schedstat").exists(), reason="this kernel counts no waiting"
)
SPIN = "while True: pass"
SECONDS = 2.0  # long, as the kernel adds a thread's wait only when the thread gets a CPU again


@contextmanager
def process(program: str, nice: int = 0) -> Iterator[int]:
    """Run a Python program, pinned to one of our CPUs; gives its pid."""
    child = subprocess.Popen([sys.executable, "-c", program])
    try:
        os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
        os.setpriority(os.PRIO_PROCESS, child.pid, nice)
        yield child.pid
    finally:
        child.kill()
        child.wait()


def until_waited(pid: int, seconds: float) -> None:
    ends = time.monotonic() + PATIENCE
    while max((one.waited for one in threads(pid).values()), default=0.0) < seconds:
        assert time.monotonic() < ends
        time.sleep(0.05)


def until_ran(pid: int) -> None:
    """Wait until a process has had a CPU for a tenth of a second: its Python has started."""
    ends = time.monotonic() + PATIENCE
    while int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) < 100_000_000:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_waiting_for_a_cpu_is_not_taking_long() -> None:
    with process(SPIN), process(SPIN, 19) as starved, process("import time; time.sleep(9999)") as idle:
        until_waited(starved, 0.1)  # both have started
        patience, of_the_idle = Patience(SECONDS, starved), Patience(SECONDS, idle)
        by_the_clock = Patience(SECONDS, None)
        while not by_the_clock.over(None):
            time.sleep(0.01)
        assert not patience.over(starved), "its wait for a CPU does not count"
        ends = time.monotonic() + PATIENCE
        while not of_the_idle.over(idle):
            assert time.monotonic() < ends
            time.sleep(0.01)


def test_a_process_that_has_no_cpu_at_all_is_waited_for() -> None:
    """The kernel has counted nothing of a wait that goes on."""
    with ExitStack() as stack:
        starved = stack.enter_context(process(SPIN))
        until_ran(starved)
        for _ in range(4):
            stack.enter_context(process(SPIN))
        os.sched_setscheduler(starved, os.SCHED_IDLE, os.sched_param(0))  # weight 3, the others 1024 each
        for _ in range(5):
            patience, by_the_clock = Patience(SECONDS / 2, starved), Patience(SECONDS / 2, None)
            while not by_the_clock.over(None):
                time.sleep(0.01)
            assert not patience.over(starved), "a wait that goes on counts as its own time"


def test_a_process_that_spins_is_given_up_once_it_has_had_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 1e9)  # which would give it up in any case
    with process(SPIN) as spins:
        patience, ends = Patience(SECONDS / 10, spins), time.monotonic() + PATIENCE
        while not patience.over(spins):
            assert time.monotonic() < ends
            time.sleep(0.05)


def test_a_process_that_is_always_ready_is_given_up_at_last() -> None:
    with process(SPIN), process(SPIN, 19) as starved:
        patience, ends = Patience(SECONDS / 10, starved), time.monotonic() + MOST * SECONDS / 10
        while time.monotonic() <= ends:
            time.sleep(0.05)
        assert patience.over(starved)


def test_a_process_that_has_ended_waits_for_nothing() -> None:
    with process(SPIN) as gone:
        pass
    assert threads(gone) == {}
    assert threads(None) == {}
    patience = Patience(0.0, gone)
    time.sleep(0.01)
    assert patience.over(gone)
