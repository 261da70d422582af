"""The site of damaged stored files: pages are made, or one line names the damage; nothing is written elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from ferrule.errors import UsageError
from ferrule.site.build import build
from hypothesis import HealthCheck, given, settings

from tests.report.test_hostile import LINE, MACHINE
from tests.site.test_site import idle_of, kernel, store
from tests.support import hostile
from tests.support.html import read

SOME = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example]
)
IDLE = {"guests": [idle_of("redox", 9000.0), idle_of("floor", 20.0)], "host": None}


@SOME
@given(hostile.texts(LINE))
def test_any_line_makes_pages_or_is_refused(text: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        home = root / "2026" / MACHINE
        (home / "verify").mkdir(parents=True)
        (home / "local.jsonl").write_text(f"{json.dumps(LINE)}\n{text}\n")
        (home / "verify" / "local.jsonl").write_text(f"{text}\n")
        written = hostile.outcome(lambda: build(root, root / "out", root / "out"))
        if isinstance(written, list):
            for path in written:
                assert path.is_relative_to(root / "out")
                read(path)


@SOME
@given(hostile.texts(IDLE))
def test_any_idle_table_is_shown_or_refused(text: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        store(root, kernel("linux", 300))
        (root / "power").mkdir()
        (root / "power" / "x.json").write_text(text)
        hostile.outcome(lambda: build(root, root / "out", root / "out"))


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1.7e308"])
def test_an_infinite_number_is_refused_by_the_name_of_its_file(number: str, tmp_path: Path) -> None:
    """Also where two numbers that are finite have a sum that is not."""
    store(tmp_path, kernel("linux", 300))
    (tmp_path / "power").mkdir()
    text = json.dumps(IDLE).replace('"value": 9000.0', f'"value": {number}')
    text = text.replace('"interrupted": 5.0', '"interrupted": 1.7e308')
    assert number in text
    (tmp_path / "power" / "x.json").write_text(text)
    with pytest.raises(UsageError, match=r"x\.json: is no idle table"):
        build(tmp_path, tmp_path / "out", tmp_path / "out")
