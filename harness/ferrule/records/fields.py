"""The fields of one record: texts that a guest sent, converted to numbers only after a check of their bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ferrule.payload.key import Params

LIMIT: Final = 1 << 63  # ticks and counts fit a signed 64-bit integer

_DIGITS = re.compile(r"-?[0-9]{1,20}")
Fields = Mapping[str, str]


class Bad(ValueError):
    """A field is missing or invalid."""


def integer(fields: Fields, key: str, low: int = 0, high: int = LIMIT, default: int | None = None) -> int:
    """A field as an integer of low..high-1; `default` when it is absent."""
    text = fields.get(key)
    if text is None and default is not None:
        return default
    return number(text, key, low, high)


def number(text: str | None, key: str, low: int, high: int) -> int:
    """A text as an integer of low..high-1; `key` names it in the error."""
    if text is None or not _DIGITS.fullmatch(text) or not low <= int(text) < high:
        raise Bad(f"{key}={clean(text or '')!r} is not a number from {low} to {high - 1}")
    return int(text)


def integers(fields: Fields, key: str, low: int = 0) -> list[int]:
    """A comma-separated field."""
    return [number(text, key, low, LIMIT) for text in fields.get(key, "").split(",")]


def clean(text: str, limit: int = 200) -> str:
    """A guest's text made safe to print: one line, no control characters, bounded."""
    return "".join(one if one.isprintable() else "?" for one in text[:limit])


def parameters(fields: Fields) -> Params:
    """The `p.<key>` fields, in their order."""
    return tuple((key[2:], integer(fields, key, -LIMIT)) for key in fields if key.startswith("p."))
