"""The output of a program on this machine, or None."""

from __future__ import annotations

import sys

import pytest
from ferrule import programs


def test_an_answer_is_a_text_without_its_end() -> None:
    assert programs.output([sys.executable, "-c", r"print('one\ntwo')"]) == "one\ntwo"
    assert (
        programs.output([sys.executable, "-c", r"import sys; sys.stdout.buffer.write(b'\xff')"])
        == "\N{REPLACEMENT CHARACTER}"
    )
    assert programs.output([sys.executable, "-c", "import os; print(*os.environ)"], {"LC_ALL": "C"}) == "LC_ALL"


def test_a_program_that_reads_input_gets_none() -> None:
    assert programs.output([sys.executable, "-c", "print(repr(input()))"]) is None


@pytest.mark.parametrize("command", [["no-such-program"], ["/"], [sys.executable, "-c", "print(1); exit(1)"]])
def test_no_answer_is_none(command: list[str]) -> None:
    assert programs.output(command) is None


def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SECONDS", 0.2)
    assert programs.output([sys.executable, "-c", "import time; time.sleep(60)"]) is None
