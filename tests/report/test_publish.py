"""Which stored runs are published, and which are never published."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from ferrule.cli import main
from ferrule.errors import UsageError
from ferrule.records.samples import GuestResult
from ferrule.report import history
from ferrule.report.publish import publish
from ferrule.report.selected import select

from tests.support import synthetic as make


def linux(day: int, folder: Path, cost: float, year: int = 2026, **conditions: str) -> None:
    measured: list[GuestResult] = [make.guest([make.run("null_call", [cost] * 7, make.CALL)], "linux", **conditions)]
    moment = datetime(year, 3, day, tzinfo=UTC)
    history.append(folder, measured, seed=1, budget="quick", declared=make.DECLARED, moment=moment)


def test_an_emulators_time_is_never_published(tmp_path: Path) -> None:
    linux(1, tmp_path, 512.0, accel="kvm")
    linux(2, tmp_path, 777.0, accel="tcg")
    text = "".join(path.read_text() for path in publish(tmp_path, tmp_path / "pages"))
    assert "512" in text
    assert "777" not in text
    assert "20260301" in text
    assert "20260302" not in text


def test_counts_and_times_of_a_guest_stand_on_pages_of_their_own(tmp_path: Path) -> None:
    linux(1, tmp_path, 512.0, accel="kvm")
    linux(2, tmp_path, 6400.0, accel="icount", unit="instructions")
    linux(3, tmp_path, 333.0, accel="metal")
    pages = {path.name.removeprefix(history.machine_name()): path.read_text() for path in publish(tmp_path, tmp_path)}
    assert sorted(pages) == ["-kvm.md", "-metal.md", ".md", "README.md"]
    assert "512" in pages["-kvm.md"]
    assert "12800 instr" in pages[".md"]
    assert "333" in pages["-metal.md"]
    assert not {text for name, text in pages.items() if name != ".md" and " instr " in text}
    assert all(f"]({history.machine_name()}{name})" in pages["README.md"] for name in pages if name != "README.md")


@pytest.mark.parametrize("name", ["the rack's second machine", "a[1]*?"])
def test_a_machines_folder_and_file_may_have_any_name(tmp_path: Path, name: str) -> None:
    linux(1, tmp_path / "first", 512.0, accel="icount", unit="instructions")
    (stored,) = (tmp_path / "first").glob("2026/*/linux.jsonl")
    stored.rename(stored.with_name(f"{name}.jsonl"))
    stored.parent.rename(stored.parent.with_name(name))
    assert "1024 instr" in "".join(path.read_text() for path in publish(tmp_path / "first", tmp_path / "pages"))


def test_a_history_of_nothing_else_says_so(tmp_path: Path) -> None:
    linux(2, tmp_path, 777.0, accel="tcg")
    with pytest.raises(UsageError, match="emulated time"):
        publish(tmp_path, tmp_path / "pages")
    linux(3, tmp_path, 5.0, accel="icount", unit="instructions")
    assert " instr" in "".join(path.read_text() for path in publish(tmp_path, tmp_path / "pages"))


def test_what_is_dated_in_the_future_is_never_the_latest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for year, day in ((2026, 1), (2026, 2), (2931, 5)):
        linux(day, tmp_path, 100.0 * day, year, accel="icount", unit="instructions")
    assert main(["publish", f"--results={tmp_path}", f"--out={tmp_path}/pages"]) == 0
    notice = capsys.readouterr().err
    assert notice.startswith("ferrule: left out, as dated in the future: run 29310305-000000-")
    assert len(notice.splitlines()) == 1
    pages = {path.name: path.read_text() for path in (tmp_path / "pages").glob("*.md")}
    index = pages.pop("README.md")
    assert "2931" in index
    assert "run 20260302" in "".join(pages.values())
    assert "run 2931" not in "".join(pages.values())
    (latest,) = history.load_run(tmp_path, select("last", tmp_path).name)
    assert latest.ts.startswith("2026-03-02")
    assert [one[:8] for one in history.latest(tmp_path)] == ["20260301", "20260302"]
    assert main(["compare", "last~1", "last", f"--results={tmp_path}"]) == 0
    seen = capsys.readouterr()
    assert "dated in the future" in seen.err
    assert "20260302" in seen.out
    assert "2931" not in seen.out
