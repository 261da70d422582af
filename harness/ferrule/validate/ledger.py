"""What a validation has found so far, line by line: what is in it is not measured again, what is lost is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ferrule.errors import InfrastructureError
from ferrule.report import journal


class Ledger:
    """A JSONL file of finished findings by key. Later lines of a key win; a torn last line is measured again."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            InfrastructureError: a line is no finding, or was changed.
        """
        self.path = path
        self._held: dict[str, dict[str, Any]] = {}
        for where, record in journal.lines(path, sealed=True) if path.exists() else ():
            try:
                self._held[record["key"]] = json.loads(record["found"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise InfrastructureError(f"{where}: is no finding ({error}); remove the line") from None

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def __getitem__(self, key: str) -> dict[str, Any]:
        return self._held[key]

    def items(self) -> list[tuple[str, dict[str, Any]]]:
        """All findings, in the order in which they were first made."""
        return list(self._held.items())

    def add(self, key: str, found: dict[str, Any]) -> None:
        """Keep one, at once."""
        journal.append_line(self.path, {"key": key, "found": json.dumps(found)})  # JSON of its own: it may hold NaN
        self._held[key] = found
