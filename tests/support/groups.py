"""A control group with a CPU quota on this machine, if a test may create one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from ferrule.machine import host, probe

from tests.support.patience import eventually

QUOTA, PERIOD = 4000, 20000  # microseconds: a program that computes is stopped fifty times a second


@contextmanager
def limited() -> Iterator[Path]:
    """The file cgroup.procs of a new group below this process's own group.

    The group's CPU weight is the maximum: even on a busy machine it is the quota that stops a program.
    """
    folder = _own() / f"ferrule-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    try:
        try:
            if (folder / "cpu.cfs_quota_us").exists():
                (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
                (folder / "cpu.cfs_quota_us").write_text(str(QUOTA))
                (folder / "cpu.shares").write_text(str(262144))
            else:
                (folder / "cpu.max").write_text(f"{QUOTA} {PERIOD}")
                (folder / "cpu.weight").write_text(str(10000))
        except OSError as error:
            pytest.skip(f"the group takes no quota: {error}")
        yield folder / "cgroup.procs"
    finally:
        assert eventually(partial(_gone, folder))


def _own() -> Path:
    """The folder of this process's group for CPU time."""
    files = [path for path in host.look(probe.here) if path.endswith(("/cpu.cfs_quota_us", "/cpu.stat"))]
    version_1 = [path for path in files if path.endswith("/cpu.cfs_quota_us")]
    if not files:
        pytest.skip("no control groups here")
    return Path((version_1 or files)[0]).parent


def _gone(folder: Path) -> bool:
    with suppress(OSError):
        folder.rmdir()
    return not folder.exists()
