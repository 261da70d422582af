"""Text that others wrote, before it is shown: what would steer a terminal or hide what stands there is spelled out."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1; separators of lines; marks that turn the direction of writing; lone surrogates.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The same text, with `\x1b` for an escape and the like for all that is no character to look at."""
    return STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    """The same in one line."""
    return visible(" ".join(text.split()))
