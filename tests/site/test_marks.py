"""How a result is written in the site's tables."""

from __future__ import annotations

import pytest
from ferrule.site.marks import grouped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("12345 instr [12300, 12400.50]", "12\u202f345 instr [12\u202f300, 12\u202f400.50]"),
        ("0.00531 to 485", "0.00531 to 485"),
        ("999", "999"),
        ("1234567.1234567", "1\u202f234\u202f567.1234567"),
    ],
)
def test_whole_numbers_are_grouped_and_digits_behind_a_point_are_not(text: str, shown: str) -> None:
    assert grouped(text) == shown
