"""`ferrule power`: its flags."""

from __future__ import annotations

import pytest
from ferrule.cli import main


@pytest.mark.parametrize(
    ("words", "message"), [([], "--guest: name one or more"), (["--guest", "floor", "--top", "0"], "--top 0")]
)
def test_invalid_flags_are_refused(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", *words]) == 2
    assert message in capsys.readouterr().err
