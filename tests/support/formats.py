"""Every stored format that Ferrule reads: valid files, its reader, and the facts in a file.

A format is an entry of FORMATS; the sweep (tests/test_formats.py) and the fuzzers (tests/test_fuzz.py) use all entries.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ferrule.checksum import compact, seal
from ferrule.report.codec import encode

from tests.support.damage import Document, bytes_changed, documents_changed

Reader = Callable[[Path], object]


@dataclass(frozen=True)
class Format:
    """One kind of file."""

    good: Callable[[], list[bytes]]  # whole files
    read: Reader
    name: str = "file"  # of the file, with the folders above it
    facts: Callable[[Any], Iterator[object]] | None = None  # of a file whose damage must show
    hostile: Callable[[list[bytes], random.Random], bytes] | None = None  # wrong content, correct checksums


def spoiled(one: Format, good: list[bytes], draw: random.Random) -> tuple[bytes, bool]:
    """A damaged file, and whether it was changed by accident (else: forged, perhaps with correct checksums)."""
    if one.hostile is not None and draw.randrange(2):
        return one.hostile(good, draw), False
    return bytes_changed(draw.choice(good), draw), True


def as_text(found: object) -> str:
    """A fact as text; equal facts give equal text."""
    return json.dumps(encode(found), sort_keys=True, default=str)


def lines_lie(good: list[bytes], draw: random.Random) -> bytes:
    """A journal with one line changed; in most cases the line's checksum matches the changed content."""
    lines = draw.choice(good).splitlines()
    at = draw.randrange(len(lines))
    lines[at] = document_lies([lines[at]], draw)
    return b"\n".join(lines) + b"\n"


def document_lies(good: list[bytes], draw: random.Random) -> bytes:
    """A document with changed content; in most cases its checksum matches the changed content."""
    fields = json.loads(draw.choice(good))
    sealed = fields.pop("sum", None) is not None
    text = documents_changed(_document(compact(fields)), draw)
    if sealed and draw.randrange(4):
        try:
            return compact(seal(json.loads(text)))
        except (ValueError, RecursionError, AttributeError, TypeError):
            pass
    return text.encode("utf-8", "surrogatepass")


@cache
def _document(text: bytes) -> Document:
    return Document(text.decode())


@contextmanager
def reader(one: Format) -> Iterator[Callable[[bytes], object]]:
    """A function that reads contents with the format's reader: each is written to the same temporary file."""
    with TemporaryDirectory(prefix="read-by-ferrule-") as folder:
        path = Path(folder) / one.name
        path.parent.mkdir(parents=True, exist_ok=True)

        def read(content: bytes) -> object:
            path.write_bytes(content)
            return one.read(path)

        yield read
