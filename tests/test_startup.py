"""What a measurement loads: a short run must not wait for libraries that it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ferrule import paths

from tests.support.patience import PATIENCE

SLOW = {"scipy.stats", "scipy.optimize", "paramiko", "cryptography"}
PROGRAM = """
import sys, pytest
status = pytest.main(sys.argv[1:])
print("loaded", *(name for name in sys.modules), file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the local guest needs Linux")
def test_a_run_on_this_host_loads_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    """It includes all statistics: six processes give every flag and interval that a table shows."""
    run = ["--guest=local", "--workload=null_call", "--quick", "--processes=6", f"--results={tmp_path}/results"]
    others = [f"-pno:{name}" for name in ("hypothesispytest", "xdist", "cacheprovider")]  # a user has none of them
    command = [sys.executable, "-c", PROGRAM, "-c", str(paths.suites() / "pytest.ini"), *others]
    done = subprocess.run(
        [*command, str(paths.suites()), *run],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = set(done.stderr.rpartition("loaded ")[2].split())
    assert {"numpy", "ferrule.stats.flags"} <= loaded
    assert SLOW & loaded == set()
