"""TOML files that people write: whatever is wrong with one is a single line that names it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

from ferrule.errors import UsageError
from ferrule.text import one_line

LARGEST: Final = 1 << 20  # bytes: such a file holds names and paths


def read(file: Path) -> dict[str, Any]:
    """What a TOML file says. A byte order mark is let pass, as editors put it there unasked.

    Raises:
        UsageError: it cannot be read, or is no TOML.
    """
    try:
        content = file.read_bytes()
        if len(content) > LARGEST:
            raise UsageError(f"{file}: has {len(content)} bytes: no TOML file of ours is over {LARGEST}")
        return tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}") from None
    except RecursionError:
        raise UsageError(f"{file}: nested too deeply") from None
    except ValueError as error:  # no UTF-8, no TOML, a number of thousands of digits
        raise UsageError(f"{file}: no TOML: {one_line(str(error))[:200]}") from None
