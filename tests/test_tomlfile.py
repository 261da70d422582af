"""TOML files that users write: every error is one line that names the file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ferrule import tomlfile
from ferrule.errors import UsageError

from tests.support import hostile


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[guest."lin\x87ux"]\nkernel = "k"\n', "is no name"),
        ('[guest."a\\nb"]\nkernel = "k"\n', "is no name"),
        (f"[guest.{'k' * 3000}]\n", "is no name: over 200 characters"),
        ('x = [{"a\\u202eb" = 1}]\n', "is no name"),
        ("[guest\n", "no TOML"),
    ],
)
def test_what_a_message_would_quote_is_fit_to_be_shown(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "guests.toml"
    file.write_text(text, encoding="utf-8")
    found = hostile.outcome(lambda: tomlfile.read(file))
    assert isinstance(found, UsageError)
    assert re.match(f"{re.escape(str(file))}: .*{says}", str(found))


def test_keys_are_looked_at_however_deep(tmp_path: Path) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(".".join(["a"] * 5000) + " = 1\n")
    assert tomlfile.read(file)["a"]
    file.write_text(".".join(["a"] * 5000) + '."b\\u0000" = 1\n')
    with pytest.raises(UsageError, match="is no name"):
        tomlfile.read(file)
