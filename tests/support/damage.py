"""Damaged files, by accident or on purpose: bytes changed, lost, doubled; values of a document replaced.

Fast enough for many cases: a change costs microseconds. All choices come from one random.Random: a seed repeats them.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, (1 << 63) - 1, 1 << 63)
DEEP = 100_000
SHORT = (  # as JSON writes them
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "-1", "0", "-0.0", "0.5", "1.5", "2", "1e3"),
    *("9" * 400, "-" + "9" * 400, "9" * 5000, "9223372036854775808", "18446744073709551616", "true", "null"),
    *('""', '"\\ud800"', '"\\u001b]0;title\\u0007"', '"\\u202e"', '"../../../X"', '"/X"', '"1"', '"nan"', '"\\n"'),
    *("[]", "{}", "[1.5]", '["1"]', "[null]", "[[1]]", "[true]", "[-1]", "[0]", "[9223372036854775808]"),
    *('{"shape":[],"data":5}', '{"shape":[1],"data":[1]}', '{"shape":[-1],"data":[1]}', '{"shape":[2,2],"data":[1]}'),
    *('{"shape":[0,2],"data":[]}', '{"shape":[1.0],"data":[1]}', '{"shape":1,"data":[1]}', '{"data":[1]}'),
    *('{"a":1,"a":2}', '{"\\u001b[2J":1}', json.dumps("x" * 5000)),
)
LONG = (json.dumps("x" * (1 << 21)), "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP)
NAMES = ("", "x", "\x1b[31m", "\ud800", "k" * 3000)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|[][{}:,]')


def bytes_changed(content: bytes, draw: random.Random) -> bytes:
    """One to three changes of bytes."""
    made = bytearray(content)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if not made:
            return bytes(draw.randbytes(draw.randrange(40)))
        at = draw.randrange(len(made))
        end = min(len(made), at + draw.choice((1, 2, 4, 8, 60, 600)))
        match draw.randrange(9):
            case 0 | 1:
                made[at] ^= 1 << draw.randrange(8)
            case 2:
                made[at] = draw.choice(b'\0\xff0919-+.eE"{}[],:\n\r\x1b/%~# ')
            case 3:
                del made[at:end]
            case 4:
                made[at:at] = made[at:end]
            case 5:
                made[at:at] = draw.randbytes(draw.randrange(1, 9))
            case 6:
                del made[at:]
            case 7:
                size, number = draw.choice((2, 4, 8)), draw.choice(NUMBERS)
                made[at : at + size] = (number & (1 << 8 * size) - 1).to_bytes(size, draw.choice(("little", "big")))
            case 8:
                there = draw.randrange(len(made))
                made[there : there + end - at] = made[at:end]
    return bytes(made)


@dataclass(frozen=True)
class Document:
    """JSON text, with the positions of its values and members."""

    text: str

    @cached_property
    def _tokens(self) -> list[tuple[int, int, str]]:
        return [(one.start(), one.end(), one[0]) for one in _TOKEN.finditer(self.text)]

    @cached_property
    def places(self) -> list[tuple[int, int, int]]:
        """For each value inside the document: its start, its end, and the start of its key (-1: no key)."""
        return [*self._walk()]

    def _walk(self) -> Iterator[tuple[int, int, int]]:
        tokens, opened, key = self._tokens, list[tuple[int, int]](), -1
        for number, (start, end, token) in enumerate(tokens):
            follows = tokens[number + 1][2] if number + 1 < len(tokens) else ""
            if token in {":", ","}:
                continue
            if follows == ":":
                key = start
            elif token in "[{":
                opened.append((start, key))
                key = -1
            elif token in "]}":
                if not opened:  # an earlier change broke the document
                    return
                head, key = opened.pop()
                if opened:
                    yield head, end, key
                key = -1
            else:
                if opened:
                    yield start, end, key
                key = -1

    def changed(self, draw: random.Random) -> str:
        """The document with one change of a value, a key or a member."""
        if not self.places:
            return draw.choice(SHORT)
        start, end, key = draw.choice(self.places)
        text, head = self.text, start if key < 0 else key
        match draw.randrange(6):
            case 0:  # removed, with one comma
                rest = text[end:].lstrip()
                return text[:head] + (rest[1:] if rest.startswith(",") else rest)
            case 1:  # doubled
                return text[:end] + "," + text[head:]
            case 2 if key >= 0:
                return text[:key] + json.dumps(draw.choice(NAMES)) + ":" + text[start:]
            case 3:  # replaced by another of the document's values
                other = draw.choice(self.places)
                return text[:start] + text[other[0] : other[1]] + text[end:]
            case _:
                value = draw.choice(LONG if draw.randrange(200) == 0 else SHORT)
                return text[:start] + value + text[end:]


def documents_changed(document: Document, draw: random.Random) -> str:
    """One to three changes of a document."""
    text = document.changed(draw)
    for _ in range(draw.choice((0, 0, 1, 2))):
        if len(text) > 1 << 16:
            break
        text = Document(text).changed(draw)
    return text
