"""Which stored runs are published, and which never are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ferrule.errors import UsageError
from ferrule.records.samples import GuestResult
from ferrule.report import history
from ferrule.report.publish import publish

from tests.support import synthetic as make


def linux(day: int, folder: Path, cost: float, **conditions: str) -> None:
    measured: list[GuestResult] = [make.guest([make.run("null_call", [cost] * 7, make.CALL)], "linux", **conditions)]
    moment = datetime(2026, 3, day, tzinfo=UTC)
    history.append(folder, measured, seed=1, budget="quick", declared=make.DECLARED, moment=moment)


def test_an_emulators_time_is_never_published(tmp_path: Path) -> None:
    linux(1, tmp_path, 512.0, accel="kvm")
    linux(2, tmp_path, 777.0, accel="tcg")
    text = "".join(path.read_text() for path in publish(tmp_path, tmp_path / "pages"))
    assert "512" in text
    assert "777" not in text
    assert "20260301" in text
    assert "20260302" not in text


def test_a_history_of_nothing_else_says_so(tmp_path: Path) -> None:
    linux(2, tmp_path, 777.0, accel="tcg")
    with pytest.raises(UsageError, match="emulated time"):
        publish(tmp_path, tmp_path / "pages")
    linux(3, tmp_path, 5.0, accel="icount", unit="instructions")
    assert " instr" in "".join(path.read_text() for path in publish(tmp_path, tmp_path / "pages"))
