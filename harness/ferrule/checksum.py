"""The checksum of what is stored: a changed byte must not be read as another number.

A sealed object has a last key `sum`: the CRC-32, in eight hex digits, of the compact JSON of all its other keys in
their order. It holds for a line of a journal and for a document laid out for people alike. It finds damage, and does
not keep out a forger. What was stored before there were checksums has none: it is read, and said to have none.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

KEY: Final = "sum"
_TAIL = re.compile(rb',?"sum":"([0-9a-f]{8})"\}\Z')


def compact(record: Mapping[str, Any]) -> bytes:
    """An object as one line of JSON, the same bytes for the same object."""
    return json.dumps(record, allow_nan=False, separators=(",", ":")).encode()


def seal(record: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its checksum as the last key; one that it had is replaced."""
    bare = _bare(record)
    return bare | {KEY: _sum(compact(bare))}


def seal_in_place(document: dict[str, Any], dumps: Callable[[Any], str] = json.dumps) -> None:
    """Give a document its checksum, as what `dumps` makes of it and is read back is summed."""
    document.pop(KEY, None)
    document[KEY] = seal(json.loads(dumps(document)))[KEY]


def check(record: Mapping[str, Any]) -> bool:
    """Whether an object that was read is what was stored; False: it has no checksum, so nobody knows.

    Raises:
        ValueError: it is not.
    """
    if KEY not in record:
        return False
    try:
        found = _sum(compact(_bare(record)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot be summed: {error}") from None
    if record[KEY] != found:
        raise ValueError(
            f"its checksum is {found} and not {str(record[KEY])[:20]!r}: it was changed after it was stored"
        )
    return True


def unharmed(line: bytes) -> bool:
    """Whether a line bears its checksum, told without reading the JSON: only lines that we wrote can be told so."""
    found = _TAIL.search(line, max(0, len(line) - 32))
    return found is not None and _sum(line[: found.start()] + b"}").encode() == found[1]


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != KEY}


def _sum(text: bytes) -> str:
    return f"{zlib.crc32(text):08x}"
