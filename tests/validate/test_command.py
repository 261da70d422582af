"""`ferrule validate`: mistakes are refused before anything is measured."""

from __future__ import annotations

import pytest
from ferrule.cli import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--runs", "0"], "--runs 0: must be at least 1"),
        (["--only", "nonsense"], "--only nonsense: choose from "),
        (["--only", ""], "names nothing"),
    ],
)
def test_mistakes_are_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--short", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
