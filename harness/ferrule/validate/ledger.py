"""The findings of a validation, one a line: stored ones are not measured again, an interruption loses one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ferrule.errors import InfrastructureError
from ferrule.report import journal


class Ledger:
    """A JSONL file of findings by key. The last line of a key counts; an incomplete last line is measured again."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it exists.

        Raises:
            InfrastructureError: a line is no finding, or was changed.
        """
        self.path = path
        self._found: dict[str, dict[str, Any]] = {}
        for where, record in journal.lines(path, sealed=True) if path.exists() else ():
            try:
                self._found[record["key"]] = json.loads(record["found"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise InfrastructureError(f"{where}: is no finding ({error}); remove the line") from None

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._found[key]

    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """All findings, in the order in which they were first made."""
        return list(self._found.items())

    def add(self, key: str, found: dict[str, Any]) -> None:
        """Store one finding, immediately."""
        journal.append_line(self.path, {"key": key, "found": json.dumps(found)})  # JSON in a string: it may hold NaN
        self._found[key] = found
