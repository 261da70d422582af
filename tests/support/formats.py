"""Every stored format that Ferrule reads: good files of it, its reader, and what a reader may tell of a damaged one.

A format is a line of FORMATS: the sweep (tests/test_formats.py) and the fuzzers (tests/test_fuzz.py) take all of them.
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
    name: str = "file"  # of the file, folders before it included
    facts: Callable[[Any], Iterator[object]] | None = None  # what is told of a file, for one whose damage must show
    hostile: Callable[[list[bytes], random.Random], bytes] | None = None  # a file that lies under right checksums


def spoiled(one: Format, good: list[bytes], draw: random.Random) -> tuple[bytes, bool]:
    """A damaged file, and whether it is an honest one: changed by accident, not by a forger."""
    if one.hostile is not None and draw.randrange(2):
        return one.hostile(good, draw), False
    return bytes_changed(draw.choice(good), draw), True


def told(found: object) -> str:
    """A fact as text: the same for the same."""
    return json.dumps(encode(found), sort_keys=True, default=str)


def lines_lie(good: list[bytes], draw: random.Random) -> bytes:
    """One line of a journal says something else; most of the time it bears the checksum of what it says."""
    lines = draw.choice(good).splitlines()
    at = draw.randrange(len(lines))
    lines[at] = document_lies([lines[at]], draw)
    return b"\n".join(lines) + b"\n"


def document_lies(good: list[bytes], draw: random.Random) -> bytes:
    """A document says something else, and most of the time bears the checksum of that."""
    said = json.loads(draw.choice(good))
    sealed = said.pop("sum", None) is not None
    text = documents_changed(_document(compact(said)), draw)
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
    """Reads contents as files of a format, one after the other in one place."""
    with TemporaryDirectory(prefix="read-by-ferrule-") as folder:
        path = Path(folder) / one.name
        path.parent.mkdir(parents=True, exist_ok=True)

        def read(content: bytes) -> object:
            path.write_bytes(content)
            return one.read(path)

        yield read
