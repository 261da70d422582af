"""What is quoted of cargo's messages."""

from __future__ import annotations

import pytest
from ferrule.kernels.cargo import reason

BLOCKED = "    Blocking waiting for file lock on package cache\n"
CHANGED = """error: checksum for `cfg-if v1.0.0` changed between lock files

this could be indicative of a few possible errors:

    * the lock file is corrupt

unable to verify that `cfg-if v1.0.0` is the same as when the lockfile was generated
"""
SHORT = (
    "error: checksum for `cfg-if v1.0.0` changed between lock files:"
    " unable to verify that `cfg-if v1.0.0` is the same as when the lockfile was generated"
)


@pytest.mark.parametrize("before", ["", BLOCKED, "warning: unused\n Downloading crates ...\n" + BLOCKED])
def test_an_error_is_quoted_whatever_progress_comes_before(before: str) -> None:
    assert reason(before + CHANGED) == SHORT


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "failed without a message"),
        ("error: one line\n", "error: one line"),
        ("    Updating index\nno error by name\n", "no error by name"),
    ],
)
def test_messages_of_other_forms(text: str, quoted: str) -> None:
    assert reason(text) == quoted
