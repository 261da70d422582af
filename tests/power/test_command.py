"""`ferrule power`: its words."""

from __future__ import annotations

import pytest
from ferrule.cli import main


@pytest.mark.parametrize(
    ("words", "told"), [([], "--guest: say which"), (["--guest", "floor", "--top", "0"], "--top 0")]
)
def test_what_cannot_mean_anything_is_refused(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", *words]) == 2
    assert told in capsys.readouterr().err
