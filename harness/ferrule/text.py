"""Untrusted text made safe to show: characters that would control a terminal or hide text are escaped."""

from __future__ import annotations

import re

# C0 except tab and newline, DEL, C1; Unicode line separators; bidirectional controls; lone surrogates.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""The same text, with `\x1b` for an escape and the like for every other such character."""
    return STEERING.sub(lambda found: ascii(found[0])[1:-1], text)


def number_of(number: int, noun: str) -> str:
    """`1 boot`, `3 boots`, `2 batches`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith(('s', 'ch')) else 's'}"


def one_line(text: str) -> str:
    """The same, as one line."""
    return visible(" ".join(text.split()))
