"""A quota that this kernel enforces: reported in the conditions, and beside the numbers of the stopped runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.groups import limited
from tests.support.patience import PATIENCE


def test_a_run_that_a_quota_stops_says_so(tmp_path: Path) -> None:
    with limited() as procs:
        done = subprocess.run(
            [sys.executable, "-m", "ferrule.cli", "run", "--guest=local", "--quick", "--processes=2", "--seed=1",
             "--workload=null_call", "--no-history", "--json", str(tmp_path / "run.json")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            preexec_fn=lambda: procs.write_text(str(os.getpid())) and None,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"quota 0\.2 CPUs \(4000 of 20000 us, group /.*ferrule-test-\d+\)", done.stdout)
    assert re.search(r"^  \([a-z]\) a CPU quota stopped its processes while they ran", done.stdout, re.M)
    (info,) = [one["extra_info"] for one in json.loads((tmp_path / "run.json").read_text())["benchmarks"]]
    assert info["surroundings"]["throttled"] > 0
