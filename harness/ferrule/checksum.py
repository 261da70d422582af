"""The checksum of stored data: a changed byte must not be read as another number.

A sealed object has a last key `sum`: the CRC-32, in eight hex digits, of the compact JSON of all its other keys in
their order. The same rule covers a journal line and an indented document. The checksum finds damage; it does not stop
a forger. Data stored before checksums existed has none: it is read, and reported as stored without a checksum.
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
    """The object with its checksum as the last key; an existing checksum is replaced."""
    bare = _bare(record)
    return bare | {KEY: _sum(compact(bare))}


def seal_in_place(document: dict[str, Any], dumps: Callable[[Any], str] = json.dumps) -> None:
    """Add a document's checksum, computed over the document as `dumps` writes it and JSON reads it back."""
    document.pop(KEY, None)
    document[KEY] = seal(json.loads(dumps(document)))[KEY]


def check(record: Mapping[str, Any]) -> bool:
    """Whether an object's checksum was there and matches; False: it has none, so a change cannot be detected.

    Raises:
        ValueError: the checksum does not match.
    """
    if KEY not in record:
        return False
    try:
        found = _sum(compact(_bare(record)))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its checksum cannot be computed: {error}") from None
    if record[KEY] != found:
        raise ValueError(
            f"its checksum is {found} and not {str(record[KEY])[:20]!r}: it was changed after it was stored"
        )
    return True


def unharmed(line: bytes) -> bool:
    """Whether a line ends with its checksum, without parsing the JSON: only for lines in the form that we write."""
    found = _TAIL.search(line, max(0, len(line) - 32))
    return found is not None and _sum(line[: found.start()] + b"}").encode() == found[1]


def _bare(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != KEY}


def _sum(text: bytes) -> str:
    return f"{zlib.crc32(text):08x}"
