"""Text for people: counts with their nouns, and texts of others made harmless."""

from __future__ import annotations

import pytest
from ferrule.text import STEERING, number_of, one_line, visible
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "run", "0 runs"),
        (1, "run", "1 run"),
        (2, "process", "2 processes"),
        (1, "batch", "1 batch"),
        (3, "batch", "3 batches"),
    ],
)
def test_a_number_with_its_noun(number: int, noun: str, text: str) -> None:
    assert number_of(number, noun) == text


@given(st.text())
def test_no_text_steers_a_terminal(text: str) -> None:
    assert STEERING.search(visible(text)) is None
    assert len(one_line(text).splitlines()) <= 1
