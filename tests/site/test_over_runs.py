"""What an operation cost in earlier runs, on its page."""

from __future__ import annotations

from pathlib import Path

from ferrule.records.samples import Meaning
from ferrule.site.build import build

from tests.site.test_site import kernel, store
from tests.support import synthetic as make


def test_time_asleep_is_told_of_no_run_under_icount(tmp_path: Path) -> None:
    for day in (1, 2):
        slept = make.run("timer_wakeup", [9e8] * 6, Meaning("call", waits=True))
        store(tmp_path, kernel("linux", 300, slept), kernel("redox", 200, slept), day=day)
    build(tmp_path, tmp_path / "site", tmp_path)
    assert "Over runs" in (tmp_path / "site/workloads/null_call.html").read_text()
    page = (tmp_path / "site/workloads/timer_wakeup.html").read_text()
    assert "sleeps" in page
    assert "Over runs" not in page
