"""TOML files that users write: every error is a single line that names the file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ferrule.errors import UsageError
from ferrule.text import one_line

LARGEST: Final = 1 << 20  # bytes: such a file holds names and paths
LONGEST: Final = 200  # characters of a key


def read(file: Path) -> dict[str, Any]:
    """The content of a TOML file. A byte order mark is accepted, because some editors add one.

    Raises:
        UsageError: it cannot be read, or is not TOML.
    """
    try:
        content = file.read_bytes()
        if len(content) > LARGEST:
            raise UsageError(f"{file}: has {len(content)} bytes: no TOML file of ours is over {LARGEST}")
        found = tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None
    except RecursionError:
        raise UsageError(f"{file}: nested too deeply") from None
    except ValueError as error:  # no UTF-8, no TOML, a number of thousands of digits
        raise UsageError(f"{file}: no TOML: {one_line(str(error))[:200]}") from None
    for key in _keys(found):  # messages quote them
        if len(key) > LONGEST or not key.isprintable():
            why = "some characters cannot be shown" if len(key) <= LONGEST else f"over {LONGEST} characters"
            raise UsageError(f"{file}: {ascii(key)[:60]} is no name: {why}")
    return found


def _keys(data: object) -> Iterator[str]:
    """All keys of all tables, at any depth."""
    left = [data]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield from one
            left += one.values()
        elif isinstance(one, list):
            left += one
